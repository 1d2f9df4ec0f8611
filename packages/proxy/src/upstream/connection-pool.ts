/**
 * The connections to one host of one cluster. Idle ones are used last in, first out, so that as few as possible
 * stay warm and the others may grow old; requests that find none wait in order while connections are made.
 */
import type { Host } from '@sluice/balancing';
import type { HeadLimits } from '@sluice/http';
import type { Counter, MeshError } from '@sluice/kernel';
import type { UpstreamStatistics } from '../statistics.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { HostPool, PoolClient, PoolLimits } from './host-pool.ts';
import { Http1Upstream, type UpstreamOwner } from './http1-upstream.ts';
import { IdleLimit } from './idle-limit.ts';
import type { UpstreamContext } from './upstream-context.ts';

/** Heads of responses: 80 KiB and 100 fields, as Envoy's limits towards upstreams of HTTP/1.1. */
const defaultHeadBytesMax = 80 * 1024;
const defaultFieldsMax = 100;

/** Somebody who waits, and what for: see `request`. */
interface Waiting {
  readonly client: PoolClient;
  readonly fresh: boolean;
}

/** Envoy's limit for each request. */
const preconnectsMax = 3;

export class ConnectionPool implements HostPool, UpstreamOwner {
  readonly host: Host;
  readonly bytesReceived: Counter;
  readonly bytesSent: Counter;
  connectFailures = 0;
  /** Open or being opened. */
  connections = 0;
  limits: PoolLimits;
  readonly #context: UpstreamContext;
  readonly #responseLimits: HeadLimits;
  readonly #statistics: UpstreamStatistics;
  readonly #breaker: CircuitBreaker;
  readonly #onEmpty: (pool: ConnectionPool) => void;
  readonly #idle: Http1Upstream[] = [];
  readonly #connecting = new Set<Http1Upstream>();
  readonly #pending: Waiting[] = [];
  readonly #idleLimit = new IdleLimit();
  readonly #preconnectRatio: number;
  #isDraining = false;

  constructor(host: Host, limits: PoolLimits, context: UpstreamContext, statistics: UpstreamStatistics, breaker: CircuitBreaker, onEmpty: (pool: ConnectionPool) => void) {
    this.host = host;
    this.limits = limits;
    this.#preconnectRatio = limits.preconnectRatio ?? 1;
    this.#context = context;
    this.#statistics = statistics;
    this.bytesReceived = statistics.bytesReceived;
    this.bytesSent = statistics.bytesSent;
    this.#breaker = breaker;
    this.#onEmpty = onEmpty;
    this.#responseLimits = { headBytesMax: limits.responseHeadBytesMax ?? defaultHeadBytesMax, fieldsMax: limits.responseFieldsMax ?? defaultFieldsMax };
  }

  get responseLimits(): HeadLimits {
    return this.#responseLimits;
  }

  get requestsPerConnectionMax(): number {
    return this.limits.requestsPerConnectionMax;
  }

  get isUnused(): boolean {
    return this.#pending.length === 0 && this.connections === this.#idle.length;
  }

  /** Gives a connection, at once when one is idle. `fresh`: one that has served nobody, for a second try. */
  request(client: PoolClient, fresh = false): void {
    const idle = fresh ? undefined : this.#takeIdle();
    if (idle) {
      client.onConnection(idle);
      if (this.#preconnectRatio > 1) this.#preconnect();
      return;
    }
    if (!this.#breaker.allowsPending) return client.onNoConnection('upstream-overflow', 'too many requests wait');
    this.#pending.push({ client, fresh });
    this.#countPending(1);
    this.#statistics.requestsPendingTotal.add();
    this.#connectIfNeeded();
    if (this.#preconnectRatio > 1) this.#preconnect();
  }

  /** The client does not want one any more. */
  cancel(client: PoolClient): void {
    const index = this.#pending.findIndex((waiting) => waiting.client === client);
    if (index === -1) return;
    this.#pending.splice(index, 1);
    this.#countPending(-1);
    this.#statistics.requestsCancelled.add();
  }

  /** Nothing new comes; idle connections close now, others when their exchange is over. */
  drain(): void {
    this.#isDraining = true;
    for (const connection of this.#idle.splice(0)) this.#closeIdle(connection);
    this.#emptyIfDone();
  }

  onConnected(connection: Http1Upstream): void {
    this.#connecting.delete(connection);
    this.#statistics.connectTime.observe(this.#context.turn.now() - connection.startedAt);
    this.#give(connection, this.#takePending(0));
  }

  onConnectFailed(connection: Http1Upstream, error: MeshError | undefined): void {
    this.#connecting.delete(connection);
    this.connectFailures += 1;
    this.#forget(connection);
    const code = error?.code === 'connect-timeout' ? 'upstream-connect-timeout' : 'upstream-connect-failure';
    const client = this.#takePending(0);
    if (client) this.#statistics.pendingEjected.add();
    client?.onNoConnection(code, error?.message ?? 'connection failed');
    // Those still waiting had hoped for this connection or for another; each failure answers one of them, so it ends.
    this.#connectIfNeeded();
    this.#emptyIfDone();
  }

  onIdle(connection: Http1Upstream): void {
    this.#give(connection, this.#takePending(this.#pending.findIndex(({ fresh }) => !fresh)));
  }

  onLost(connection: Http1Upstream, why: 'closed' | 'idle-timeout' | 'unasked-bytes'): void {
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) {
      this.#idle.splice(index, 1);
      this.#context.idleRoom?.leave(connection);
    }
    if (why === 'idle-timeout') this.#countRetired(connection);
    if (why === 'unasked-bytes') this.#statistics.unaskedBytes.add();
  }

  onKeepAlive(value: string): void {
    this.#idleLimit.announce(value);
  }

  onClosedAtRest(restedMs: number): void {
    this.#statistics.idleCloses.add();
    this.#idleLimit.observe(restedMs, this.#context.turn.now());
  }

  onClosed(connection: Http1Upstream): void {
    const { requestsPerConnectionMax } = this.limits;
    if (requestsPerConnectionMax > 0 && connection.requestsServed >= requestsPerConnectionMax) this.#statistics.connectionsReusedMax.add();
    this.#statistics.connectionLength.observe(this.#context.turn.now() - connection.startedAt);
    this.#statistics.countDestroyed(connection.wasClosedByHost, connection.wasAborted);
    this.#forget(connection);
    this.#connectIfNeeded();
    this.#emptyIfDone();
  }

  #connectIfNeeded(): void {
    if (this.#pending.length <= this.#connecting.size) return;
    // A host always gets one connection, as in Envoy: a limit must not cut it off altogether.
    if (this.connections > 0 && !this.#breaker.allowsConnectionBeside(this.connections)) {
      this.#statistics.connectionOverflows.add();
      // Who waits although one is idle wants one that has served nobody: the idle one makes room for it.
      const oldest = this.#idle.shift();
      if (oldest) this.#closeIdle(oldest);
      return;
    }
    this.#connect();
  }

  /** Opens what the next requests may need (`preconnect_policy`), as long as there is room; some at a time, as in Envoy. */
  #preconnect(): void {
    for (let opened = 0; opened < preconnectsMax; opened += 1) {
      const inUse = this.connections - this.#idle.length - this.#connecting.size + this.#pending.length;
      if (this.#isDraining || this.connections >= Math.ceil(inUse * this.#preconnectRatio) || !this.#breaker.allowsConnectionBeside(this.connections)) return;
      this.#connect();
    }
  }

  #connect(): void {
    this.#countConnection(1);
    this.#statistics.connectionsTotal.add();
    this.#statistics.http1Connections.add();
    const connection = new Http1Upstream(this, this.#context, this.host.address, this.limits.connectTimeoutMs);
    this.#connecting.add(connection);
    this.#context.sweep.add(connection);
  }

  #give(connection: Http1Upstream, client: PoolClient | undefined): void {
    if (client) return client.onConnection(connection);
    if (this.#isDraining) return connection.close();
    const { idleRoom } = this.#context;
    if (idleRoom && !idleRoom.enter(connection, this, this.#idle.length)) return connection.close();
    connection.rest(this.#restDeadline(connection));
    this.#idle.push(connection);
    this.#connectIfNeeded();
  }

  /** The last that has become idle, if the host can be trusted not to be closing it just now. Those before it have rested longer. */
  #takeIdle(): Http1Upstream | undefined {
    const idle = this.#idle.pop();
    const { idleRoom } = this.#context;
    if (idleRoom && idle) idleRoom.leave(idle);
    if (!idle || idle.deadline > this.#context.turn.now()) return idle;
    this.#countRetired(idle);
    idle.close();
    for (const older of this.#idle.splice(0)) {
      this.#countRetired(older);
      this.#closeIdle(older);
    }
    return undefined;
  }

  /** One that is idle here makes room for others. */
  evict(connection: Http1Upstream): void {
    const index = this.#idle.indexOf(connection);
    if (index === -1) return;
    this.#idle.splice(index, 1);
    connection.close();
  }

  /** One that is not in the list any more. */
  #closeIdle(connection: Http1Upstream): void {
    this.#context.idleRoom?.leave(connection);
    connection.close();
  }

  /** When it is to be closed: for having rested as long as it may, before the host does it, or for its age. */
  #restDeadline({ startedAt }: Http1Upstream): number {
    const now = this.#context.turn.now();
    const { idleTimeoutMs, connectionDurationMaxMs = 0 } = this.limits;
    const ownMs = idleTimeoutMs > 0 ? idleTimeoutMs : Number.POSITIVE_INFINITY;
    const ageDeadline = connectionDurationMaxMs > 0 ? startedAt + connectionDurationMaxMs : Number.POSITIVE_INFINITY;
    return Math.min(ageDeadline, now + Math.min(ownMs, this.#idleLimit.restMs(now)));
  }

  #countRetired({ startedAt }: Http1Upstream): void {
    const now = this.#context.turn.now();
    const { idleTimeoutMs, connectionDurationMaxMs = 0 } = this.limits;
    if (connectionDurationMaxMs > 0 && now - startedAt >= connectionDurationMaxMs) this.#statistics.durationsReached.add();
    else if (this.#idleLimit.restMs(now) < (idleTimeoutMs || Number.POSITIVE_INFINITY)) this.#statistics.idleRetirements.add();
    else this.#statistics.idleTimeouts.add();
  }

  #takePending(index: number): PoolClient | undefined {
    const [waiting] = index < 0 ? [] : this.#pending.splice(index, 1);
    if (waiting) this.#countPending(-1);
    return waiting?.client;
  }

  #forget(connection: Http1Upstream): void {
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
