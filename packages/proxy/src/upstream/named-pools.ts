/**
 * Connections to a host by what they were opened with, where that follows from requests: the name that is asked for in TLS, the
 * PROXY header of a client. None serves two names.
 */
import type { Host } from '@sluice/balancing';
import type { OutcomeCode } from '../outcome.ts';
import type { HostPool, PoolClient } from './host-pool.ts';

export interface NamedPoolsOptions {
  nameOf(client: PoolClient): string;
  /** Makes the pool of a name; `onEmpty` is called when it is drained and has nothing left. */
  create(name: string, onEmpty: () => void): HostPool;
  /** Whether there may be one more beside `size` others. `makeRoom` closes the oldest that serves nobody, if there is one. */
  admits(size: number, makeRoom: (needsConnections: boolean) => boolean): boolean;
  /** Why there is none. */
  readonly refusal: readonly [code: OutcomeCode, reason: string];
}

export class NamedPools implements HostPool {
  readonly host: Host;
  readonly #options: NamedPoolsOptions;
  readonly #onEmpty: (pool: HostPool) => void;
  readonly #pools = new Map<string, HostPool>();
  #isDraining = false;

  constructor(host: Host, options: NamedPoolsOptions, onEmpty: (pool: HostPool) => void) {
    this.host = host;
    this.#options = options;
    this.#onEmpty = onEmpty;
  }

  get connections(): number {
    return this.#sum(({ connections }) => connections);
  }

  get connectFailures(): number {
    return this.#sum(({ connectFailures }) => connectFailures);
  }

  get isUnused(): boolean {
    return [...this.#pools.values()].every(({ isUnused }) => isUnused);
  }

  request(client: PoolClient, fresh?: boolean): void {
    const name = this.#options.nameOf(client);
    const pool = this.#pools.get(name) ?? this.#add(name);
    if (!pool) return client.onNoConnection(...this.#options.refusal);
    pool.request(client, fresh);
  }

  cancel(client: PoolClient): void {
    for (const pool of this.#pools.values()) pool.cancel(client);
  }

  drain(): void {
    this.#isDraining = true;
    for (const pool of this.#pools.values()) pool.drain();
    this.#emptyIfDone();
  }

  #add(name: string): HostPool | undefined {
    if (!this.#options.admits(this.#pools.size, (needsConnections) => this.#makeRoom(needsConnections))) return undefined;
    const pool: HostPool = this.#options.create(name, () => {
      if (this.#pools.get(name) === pool) this.#pools.delete(name);
      this.#emptyIfDone();
    });
    this.#pools.set(name, pool);
    return pool;
  }

  #makeRoom(needsConnections: boolean): boolean {
    for (const [name, pool] of this.#pools) {
      if (!pool.isUnused || (needsConnections && pool.connections === 0)) continue;
      this.#pools.delete(name);
      pool.drain();
      return true;
    }
    return false;
  }

  #sum(count: (pool: HostPool) => number): number {
    let sum = 0;
    for (const pool of this.#pools.values()) sum += count(pool);
    return sum;
  }

  #emptyIfDone(): void {
    if (this.#isDraining && this.connections === 0) this.#onEmpty(this);
  }
}
