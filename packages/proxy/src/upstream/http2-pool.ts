/**
 * The HTTP/2 connections to one host: one, until it carries as many exchanges as the host allows, then another.
 * Requests that find no room wait in order while a connection is made or others end.
 */
import type { Host } from '@sluice/balancing';
import { defaultHeadLimits, type HeadLimits } from '@sluice/http';
import type { Counter, MeshError } from '@sluice/kernel';
import type { Http2Options } from '../http2-options.ts';
import type { Http2Statistics } from '../http2-statistics.ts';
import type { UpstreamStatistics } from '../statistics.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { HostPool, PoolClient, PoolLimits } from './host-pool.ts';
import { Http2Upstream, type Http2UpstreamOwner } from './http2-upstream.ts';
import type { UpstreamContext } from './upstream-context.ts';

export class Http2Pool implements HostPool, Http2UpstreamOwner {
  readonly host: Host;
  readonly bytesReceived: Counter;
  readonly bytesSent: Counter;
  connectFailures = 0;
  connections = 0;
  readonly #limits: PoolLimits;
  readonly #responseLimits: HeadLimits;
  readonly #options: Http2Options;
  readonly #context: UpstreamContext;
  readonly #statistics: UpstreamStatistics;
  readonly #breaker: CircuitBreaker;
  readonly #onEmpty: (pool: HostPool) => void;
  readonly #open = new Set<Http2Upstream>();
  readonly #connecting = new Set<Http2Upstream>();
  readonly #pending: PoolClient[] = [];
  #isDraining = false;

  constructor(host: Host, limits: PoolLimits, options: Http2Options, context: UpstreamContext, statistics: UpstreamStatistics, breaker: CircuitBreaker, onEmpty: (pool: HostPool) => void) {
    this.host = host;
    this.#limits = limits;
    this.#options = options;
    this.#context = context;
    this.#statistics = statistics;
    this.bytesReceived = statistics.bytesReceived;
    this.bytesSent = statistics.bytesSent;
    this.#breaker = breaker;
    this.#onEmpty = onEmpty;
    const { responseHeadBytesMax, responseFieldsMax } = limits;
    // 60 KiB and 100 fields unless the cluster says otherwise, as Envoy's limits towards HTTP/2 upstreams.
    this.#responseLimits = { headBytesMax: responseHeadBytesMax ?? defaultHeadLimits.headBytesMax, fieldsMax: responseFieldsMax ?? defaultHeadLimits.fieldsMax };
  }

  get requestsPerConnectionMax(): number {
    return this.#limits.requestsPerConnectionMax;
  }

  get responseLimits(): HeadLimits {
    return this.#responseLimits;
  }

  get http2Statistics(): Http2Statistics {
    return this.#statistics.http2;
  }

  get idleTimeoutMs(): number {
    return this.#limits.idleTimeoutMs;
  }

  get isUnused(): boolean {
    for (const { streams } of this.#open) if (streams > 0) return false;
    return this.#pending.length === 0 && this.#connecting.size === 0;
  }

  request(client: PoolClient, fresh = false): void {
    const connection = fresh ? undefined : this.#withRoom();
    if (connection) return client.onConnection(connection.openStream());
    if (!this.#breaker.allowsPending) return client.onNoConnection('upstream-overflow', 'too many requests wait');
    this.#pending.push(client);
    this.#countPending(1);
    this.#statistics.requestsPendingTotal.add();
    this.#connectIfNeeded();
  }

  cancel(client: PoolClient): void {
    const index = this.#pending.indexOf(client);
    if (index === -1) return;
    this.#pending.splice(index, 1);
    this.#countPending(-1);
    this.#statistics.requestsCancelled.add();
  }

  drain(): void {
    this.#isDraining = true;
    for (const connection of this.#open) connection.leave();
    this.#emptyIfDone();
  }

  onConnected(connection: Http2Upstream): void {
    this.#connecting.delete(connection);
    this.#open.add(connection);
    this.#statistics.connectTime.observe(this.#context.turn.now() - connection.startedAt);
    this.#serve(connection);
    if (this.#isDraining) connection.leave();
  }

  /** All that wait had hoped for it, since one connection would have carried them all. */
  onConnectFailed(connection: Http2Upstream, error: MeshError | undefined): void {
    this.#connecting.delete(connection);
    this.connectFailures += 1;
    this.#forget(connection);
    const code = error?.code === 'connect-timeout' ? 'upstream-connect-timeout' : 'upstream-connect-failure';
    const waiting = this.#pending.splice(0);
    this.#countPending(-waiting.length);
    this.#statistics.pendingEjected.add(waiting.length);
    for (const client of waiting) client.onNoConnection(code, error?.message ?? 'connection failed');
    this.#emptyIfDone();
  }

  onChanged(connection: Http2Upstream): void {
    this.#serve(connection);
    this.#connectIfNeeded();
  }

  onIdleTimeout(): void {
    this.#statistics.idleTimeouts.add();
  }

  onClosed(connection: Http2Upstream): void {
    this.#open.delete(connection);
    this.#statistics.connectionLength.observe(this.#context.turn.now() - connection.startedAt);
    this.#statistics.countDestroyed(connection.wasClosedByHost, connection.wasAborted);
    this.#forget(connection);
    this.#connectIfNeeded();
    this.#emptyIfDone();
  }

  #withRoom(): Http2Upstream | undefined {
    for (const connection of this.#open) if (connection.hasRoom && !this.#isTooOld(connection)) return connection;
    return undefined;
  }

  /** What it carries finishes, and it carries nothing new. */
  #isTooOld(connection: Http2Upstream): boolean {
    const { connectionDurationMaxMs = 0 } = this.#limits;
    if (connectionDurationMaxMs === 0 || this.#context.turn.now() - connection.startedAt < connectionDurationMaxMs) return false;
    this.#statistics.durationsReached.add();
    connection.leave();
    return true;
  }

  #serve(connection: Http2Upstream): void {
    while (connection.hasRoom) {
      const client = this.#pending.shift();
      if (!client) return;
      this.#countPending(-1);
      client.onConnection(connection.openStream());
    }
  }

  /** One at a time: how many more are needed is known when it is there and the host has said how much it carries. */
  #connectIfNeeded(): void {
    if (this.#pending.length === 0 || this.#connecting.size > 0) return;
    // A host always gets one connection, as in Envoy: a limit must not cut it off altogether.
    if (this.connections > 0 && !this.#breaker.allowsConnectionBeside(this.connections)) {
      this.#statistics.connectionOverflows.add();
      return;
    }
    this.#countConnection(1);
    this.#statistics.connectionsTotal.add();
    this.#statistics.http2Connections.add();
    const connection = new Http2Upstream(this, this.#context, this.host.address, this.#limits.connectTimeoutMs, this.#options);
    this.#connecting.add(connection);
    this.#context.sweep.add(connection);
  }

  #forget(connection: Http2Upstream): void {
    this.#countConnection(-1);
    this.#context.sweep.remove(connection);
  }

  #countPending(change: number): void {
    this.#breaker.pending += change;
    this.#statistics.requestsPending += change;
  }

  #countConnection(change: number): void {
    this.connections += change;
    this.#breaker.connections += change;
    this.#statistics.connectionsActive += change;
  }

  #emptyIfDone(): void {
    if (this.#isDraining && this.connections === 0 && this.#pending.length === 0) this.#onEmpty(this);
  }
}
