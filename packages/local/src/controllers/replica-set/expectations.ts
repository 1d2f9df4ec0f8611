/**
 * Writes that the cache has not shown yet. A controller that counts what it sees must not count while it knows better:
 * it would create a second pod for the one that is on its way.
 */
import type { Clock } from '@sluice/kernel';

/** After this long the cache is believed again, in ms: the watch must have been broken. Kubernetes waits 5 minutes; a local watch is nearer. */
const forgetAfterMs = 30_000;

interface Expected {
  readonly created: Set<string>;
  readonly removed: Set<string>;
  readonly sinceMs: number;
}

export class Expectations {
  readonly #clock: Clock;
  readonly #byOwner = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long the owner must still wait, in ms, for what it wrote to show. 0: nothing is outstanding. */
  waitMs(owner: string): number {
    const expected = this.#byOwner.get(owner);
    if (!expected) return 0;
    if (expected.created.size === 0 && expected.removed.size === 0) return 0;
    const leftMs = expected.sinceMs + forgetAfterMs - this.#clock.now();
    if (leftMs <= 0) this.#byOwner.delete(owner);
    return Math.max(0, leftMs);
  }

  /** About to create and remove objects with these keys. */
  expect(owner: string, created: readonly string[], removed: readonly string[]): void {
    this.#byOwner.set(owner, { created: new Set(created), removed: new Set(removed), sinceMs: this.#clock.now() });
  }

  /** Seen in the cache, or known to have failed. */
  creationSeen(owner: string, key: string): void {
    this.#byOwner.get(owner)?.created.delete(key);
  }

  /** Gone from the cache or marked for deletion there, or known to have failed. */
  removalSeen(owner: string, key: string): void {
    this.#byOwner.get(owner)?.removed.delete(key);
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }
}
