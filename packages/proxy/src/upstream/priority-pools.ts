/**
 * What the requests of one priority use of a cluster: a pool of connections per host, and the circuit breaker they
 * count against. Priorities share neither, so that what is urgent finds no queue of what is not.
 */
import type { Host } from '@sluice/balancing';
import { CircuitBreaker, type CircuitLimits } from './circuit-breaker.ts';
import type { HostPool } from './host-pool.ts';

/** Makes the pool of a host; `onEmpty` is called when it is drained and has nothing left. */
export type CreateHostPool = (host: Host, breaker: CircuitBreaker, onEmpty: (pool: HostPool) => void) => HostPool;

export class PriorityPools {
  readonly breaker: CircuitBreaker;
  readonly #create: CreateHostPool;
  readonly #onNew: (pool: HostPool) => void;
  readonly #pools = new Map<string, HostPool>();

  /** @param onNew called for each pool before it is asked for anything */
  constructor(limits: CircuitLimits, create: CreateHostPool, onNew: (pool: HostPool) => void) {
    this.breaker = new CircuitBreaker(limits);
    this.#create = create;
    this.#onNew = onNew;
  }

  /** The pool of a host. Undefined when there may be no more pools, and none that is unused can make room. */
  of(host: Host): HostPool | undefined {
    return this.#pools.get(host.key) ?? this.#add(host);
  }

  known(host: Host): HostPool | undefined {
    return this.#pools.get(host.key);
  }

  /** Nothing new for this host: what its connections have under way finishes. */
  drain(host: Host): void {
    this.#pools.get(host.key)?.drain();
  }

  /** The same, and whoever asks for this host from now on gets a new pool. */
  retire(host: Host): void {
    const pool = this.#pools.get(host.key);
    if (!pool) return;
    this.#forget(pool);
    pool.drain();
  }

  drainAll(): void {
    for (const pool of this.#pools.values()) pool.drain();
  }

  #add(host: Host): HostPool | undefined {
    if (!this.breaker.allowsPool && !this.#makeRoom()) return undefined;
    const pool = this.#create(host, this.breaker, (empty) => this.#forget(empty));
    this.#pools.set(host.key, pool);
    this.breaker.pools += 1;
    this.#onNew(pool);
    return pool;
  }

  /** The oldest that serves nobody goes, as in Envoy. */
  #makeRoom(): boolean {
    for (const pool of this.#pools.values()) {
      if (!pool.isUnused) continue;
      this.retire(pool.host);
      return true;
    }
    return false;
  }

  /** A host that went and came back has a new pool by now: the old one's end must not take that away. */
  #forget(pool: HostPool): void {
    if (this.#pools.get(pool.host.key) !== pool) return;
    this.#pools.delete(pool.host.key);
    this.breaker.pools -= 1;
  }
}
