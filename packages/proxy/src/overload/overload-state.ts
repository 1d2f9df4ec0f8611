/**
 * What the proxy refuses because it has too much to do: plain numbers that the data path looks at and the overload manager
 * sets. Each action is how far it goes: 0 is not at all, 1 is always, between them by chance.
 */
import type { Random } from '@sluice/kernel';

export class OverloadState {
  /** Requests are answered 503 with flag OM. */
  refusedRequests = 0;
  /** New connections are reset. */
  refusedConnections = 0;
  /** Open connections of clients, over all listeners that count. */
  connections = 0;
  /** How many there may be. */
  connectionsMax = Number.POSITIVE_INFINITY;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get isFull(): boolean {
    return this.connections >= this.connectionsMax;
  }

  /** Whether chance says so for this one. */
  draws(share: number): boolean {
    return share >= 1 || (share > 0 && this.#random.next() < share);
  }
}
