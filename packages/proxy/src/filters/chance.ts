/** Fractions of requests. */
import type { Random } from '@sluice/kernel';

/** True for about `ratio` (0 to 1) of all calls; asks for no random number where there is nothing to decide. */
export function happens(ratio: number, random: Random): boolean {
  return ratio >= 1 || (ratio > 0 && random.next() < ratio);
}
