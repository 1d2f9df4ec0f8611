/**
 * Something held until a stream *ends*: a concurrency slot, a place in a queue, a pooled connection.
 * Releasing twice is the same as releasing once.
 */
export interface Lease {
  release(): void;
}

/** A lease that calls `onRelease` on the first release only. */
export function createLease(onRelease: () => void): Lease {
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      onRelease();
    },
  };
}
