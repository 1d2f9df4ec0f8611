/**
 * How many connections of HTTP/1.1 may lie idle, over all clusters and towards one host: Go's `MaxIdleConns` and `MaxIdleConnsPerHost`. A host that
 * has enough gets no more; over all, the one that has lain longest makes room.
 */
import type { Counter } from '@sluice/kernel';

export interface IdleLimits {
  /** 0 sets no limit. */
  readonly totalMax: number;
  readonly perHostMax: number;
}

/** Whoever keeps an idle connection, and can be asked to give it up. */
export interface IdleKeeper<Connection> {
  evict(connection: Connection): void;
}

export class IdleRoom<Connection> {
  readonly #limits: IdleLimits;
  readonly #closed: Counter;
  /** In the order in which they became idle. */
  readonly #idle = new Map<Connection, IdleKeeper<Connection>>();

  constructor(limits: IdleLimits, closed: Counter) {
    this.#limits = limits;
    this.#closed = closed;
  }

  get size(): number {
    return this.#idle.size;
  }

  /** False: it is to be closed. @param beside that the same host has already */
  enter(connection: Connection, keeper: IdleKeeper<Connection>, beside: number): boolean {
    const { perHostMax, totalMax } = this.#limits;
    if (perHostMax > 0 && beside >= perHostMax) {
      this.#closed.add();
      return false;
    }
    this.#idle.set(connection, keeper);
    if (totalMax > 0 && this.#idle.size > totalMax) this.#evictOldest();
    return true;
  }

  /** It is used, or gone. */
  leave(connection: Connection): void {
    this.#idle.delete(connection);
  }

  #evictOldest(): void {
    for (const [connection, keeper] of this.#idle) {
      this.#idle.delete(connection);
      this.#closed.add();
      keeper.evict(connection);
      return;
    }
  }
}
