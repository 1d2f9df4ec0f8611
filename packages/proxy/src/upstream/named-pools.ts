/** Connections to a host by the name that is asked for in TLS, where that follows from requests: none serves two names. */
import type { Host } from '@sluice/balancing';
import type { HostPool, PoolClient } from './host-pool.ts';

/** Makes the pool of a name; `onEmpty` is called when it is drained and has nothing left. */
export type CreateNamedPool = (name: string, onEmpty: () => void) => HostPool;

/** Names are clients' to choose. Chosen: more than a host serves, as a rule. */
const namesMax = 100;

export class NamedPools implements HostPool {
  readonly host: Host;
  readonly #header: string;
  readonly #create: CreateNamedPool;
  readonly #onEmpty: (pool: HostPool) => void;
  readonly #pools = new Map<string, HostPool>();
  #isDraining = false;

  /** @param header says the name; empty: the authority does */
  constructor(host: Host, header: string, create: CreateNamedPool, onEmpty: (pool: HostPool) => void) {
    this.host = host;
    this.#header = header;
    this.#create = create;
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
    const name = client.serverNameFrom?.(this.#header) ?? '';
    const pool = this.#pools.get(name) ?? this.#add(name);
    if (!pool) return client.onNoConnection('upstream-overflow', 'too many names of servers');
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
    if (this.#pools.size >= namesMax && !this.#makeRoom()) return undefined;
    const pool: HostPool = this.#create(name, () => {
      if (this.#pools.get(name) === pool) this.#pools.delete(name);
      this.#emptyIfDone();
    });
    this.#pools.set(name, pool);
    return pool;
  }

  #makeRoom(): boolean {
    for (const [name, pool] of this.#pools) {
      if (!pool.isUnused) continue;
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
