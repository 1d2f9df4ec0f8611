/** Small draws from a seeded generator, and generators of their own for parts that must not disturb each other. */
import { createSeededRandom, randomInt, type Random } from '@sluice/kernel';

/** One of `choices`, each as likely as the others. */
export function pick<const T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[randomInt(random, choices.length)] as T;
}

/** A whole number from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + randomInt(random, high - low + 1);
}

/** True with probability `ratio`. */
export function chance(random: Random, ratio: number): boolean {
  return random.next() < ratio;
}

/**
 * A generator for one part of a run. Parts draw in an order that depends on what happens; with a generator
 * each, one more draw here does not change what all the others get.
 */
export function randomFor(seed: number, part: string): Random {
  // FNV-1a, so that similar names give unrelated sequences.
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < part.length; index += 1) {
    hash = Math.imul(hash ^ part.charCodeAt(index), 0x01000193);
  }
  return createSeededRandom(hash >>> 0);
}
