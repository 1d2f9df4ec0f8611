/** A source of random numbers, given at construction to whatever jitters or picks by chance. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** A whole number in [0, `bound`). `bound` must be positive. */
export function randomInt(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/**
 * A small, fast, seeded generator (mulberry32): the same seed gives the same sequence on every machine.
 * Good enough for load balancing and jitter; never for secrets.
 */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}
