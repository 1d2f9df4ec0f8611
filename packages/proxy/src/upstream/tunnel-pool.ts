/**
 * The connection of one tunnel whose CONNECT ends here: of its own, as the cluster's transport has it, whatever protocol the
 * host speaks otherwise. It counts as all of the cluster's do, and nobody uses it before or after.
 */
import type { Host } from '@sluice/balancing';
import type { UpstreamStatistics } from '../statistics.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { PoolClient } from './host-pool.ts';
import type { UpstreamContext } from './upstream-context.ts';

export interface TunnelPoolParts {
  readonly host: Host;
  readonly connectTimeoutMs: number;
  readonly context: UpstreamContext;
  readonly statistics: UpstreamStatistics;
  readonly breaker: CircuitBreaker;
}

export class TunnelPool {
  readonly #pool: ConnectionPool;
  readonly #statistics: UpstreamStatistics;
  readonly #breaker: CircuitBreaker;

  constructor({ host, connectTimeoutMs, context, statistics, breaker }: TunnelPoolParts) {
    // What else a cluster says about connections is about those that are used again, and about those that requests will need.
    const limits = { connectTimeoutMs, requestsPerConnectionMax: 0, idleTimeoutMs: 0 };
    this.#pool = new ConnectionPool(host, limits, context, statistics, breaker, () => {});
    this.#statistics = statistics;
    this.#breaker = breaker;
  }

  /** Once. */
  request(client: PoolClient): void {
    // A pool gives a host its first connection whatever the limit says, and each tunnel is the first here.
    if (!this.#breaker.allowsConnection) {
      this.#statistics.connectionOverflows.add();
      return client.onNoConnection('upstream-overflow', 'too many connections');
    }
    this.#pool.request(client, true);
    // So that a connection that nobody waits for any more closes when it opens.
    this.#pool.drain();
  }

  cancel(client: PoolClient): void {
    this.#pool.cancel(client);
  }
}
