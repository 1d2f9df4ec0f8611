/**
 * Connections to a host that chooses the protocol in TLS. The first connection shows what it chooses; from then on this
 * is a pool of that protocol, until a host chooses otherwise.
 */
import type { Host } from '@sluice/balancing';
import type { Connection, ConnectionHandler, MeshError } from '@sluice/kernel';
import type { UpstreamStatistics } from '../statistics.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { HostPool, PoolClient } from './host-pool.ts';
import type { UpstreamContext } from './upstream-context.ts';

export type Protocol = 'h2' | 'http/1.1';

export interface NegotiatedPoolOptions {
  readonly context: UpstreamContext;
  readonly statistics: UpstreamStatistics;
  readonly breaker: CircuitBreaker;
  readonly connectTimeoutMs: number;
  /** Connects, whatever the host chooses. */
  readonly connect: (handler: ConnectionHandler) => Connection;
  /** Makes the pool of a protocol, whose first connection is `open`. `onOther`: one of its connections speaks another. */
  readonly create: (protocol: Protocol, open: Connection, onEmpty: () => void, onOther: () => void) => HostPool;
}

interface Waiting {
  readonly client: PoolClient;
  readonly fresh: boolean;
}

export class NegotiatedPool implements HostPool, ConnectionHandler {
  readonly host: Host;
  readonly #options: NegotiatedPoolOptions;
  readonly #onEmpty: (pool: HostPool) => void;
  readonly #waiting: Waiting[] = [];
  /** Of before the host chose otherwise, with connections that are not over. */
  readonly #former = new Set<HostPool>();
  #probe: Connection | undefined;
  #pool: HostPool | undefined;
  #failures = 0;
  #isDraining = false;

  constructor(host: Host, options: NegotiatedPoolOptions, onEmpty: (pool: HostPool) => void) {
    this.host = host;
    this.#options = options;
    this.#onEmpty = onEmpty;
  }

  get connections(): number {
    return this.#pools().reduce((sum, { connections }) => sum + connections, this.#probe ? 1 : 0);
  }

  get connectFailures(): number {
    return this.#pools().reduce((sum, { connectFailures }) => sum + connectFailures, this.#failures);
  }

  get isUnused(): boolean {
    return !this.#probe && this.#pools().every(({ isUnused }) => isUnused);
  }

  request(client: PoolClient, fresh = false): void {
    if (this.#pool) return this.#pool.request(client, fresh);
    const { breaker, statistics } = this.#options;
    if (!breaker.allowsPending) return client.onNoConnection('upstream-overflow', 'too many requests wait');
    this.#waiting.push({ client, fresh });
    breaker.pending += 1;
    statistics.requestsPending += 1;
    this.#probe ??= this.#options.connect(this);
  }

  cancel(client: PoolClient): void {
    const index = this.#waiting.findIndex((waiting) => waiting.client === client);
    if (index === -1) {
      for (const pool of this.#pools()) pool.cancel(client);
      return;
    }
    this.#waiting.splice(index, 1);
    this.#countPending(-1);
    this.#options.statistics.requestsCancelled.add();
  }

  drain(): void {
    this.#isDraining = true;
    if (this.#waiting.length === 0) this.#probe?.destroy();
    for (const pool of this.#pools()) pool.drain();
    this.#emptyIfDone();
  }

  // — the first connection —

  onOpen(): void {
    const probe = this.#probe as Connection;
    this.#inTurn(() => {
      this.#probe = undefined;
      const pool = this.#createPool(probe.tls?.alpnProtocol === 'h2' ? 'h2' : 'http/1.1', probe);
      this.#pool = pool;
      for (const { client, fresh } of this.#takeWaiting()) pool.request(client, fresh);
      if (this.#isDraining) pool.drain();
    });
  }

  onData(): void {}

  onDrain(): void {}

  onEnd(): void {
    this.#probe?.destroy();
  }

  onClose(error?: MeshError): void {
    if (!this.#probe) return;
    this.#probe = undefined;
    this.#failures += 1;
    this.#inTurn(() => {
      const code = error?.code === 'connect-timeout' ? 'upstream-connect-timeout' : 'upstream-connect-failure';
      for (const { client } of this.#takeWaiting()) client.onNoConnection(code, error?.message ?? 'connection failed');
      this.#emptyIfDone();
    });
  }

  #createPool(protocol: Protocol, open: Connection): HostPool {
    const pool: HostPool = this.#options.create(
      protocol,
      open,
      () => {
        this.#former.delete(pool);
        if (this.#pool === pool) this.#pool = undefined;
        this.#emptyIfDone();
      },
      () => {
        if (this.#pool !== pool) return;
        // Whoever comes next finds out anew; what this one has under way finishes.
        this.#pool = undefined;
        this.#former.add(pool);
        this.#options.context.turn.after(() => pool.drain());
      },
    );
    return pool;
  }

  #takeWaiting(): readonly Waiting[] {
    const waiting = this.#waiting.splice(0);
    this.#countPending(-waiting.length);
    return waiting;
  }

  #countPending(change: number): void {
    const { breaker, statistics } = this.#options;
    breaker.pending += change;
    statistics.requestsPending += change;
  }

  #pools(): readonly HostPool[] {
    return this.#pool ? [this.#pool, ...this.#former] : [...this.#former];
  }

  #emptyIfDone(): void {
    if (this.#isDraining && !this.#probe && this.#waiting.length === 0 && this.#pools().every(({ connections }) => connections === 0)) this.#onEmpty(this);
  }

  #inTurn(work: () => void): void {
    const { turn, logger } = this.#options.context;
    turn.enter();
    try {
      work();
    } catch (error) {
      logger.error('upstream connection crashed', { error });
    } finally {
      turn.leave();
    }
  }
}
