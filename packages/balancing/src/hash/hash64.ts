/**
 * 64-bit hashes as two unsigned 32-bit halves: JavaScript's numbers hold 53 bits, and BigInt costs an allocation for
 * each step of arithmetic.
 */

export interface Hash64 {
  /** Bits 63 to 32, as an unsigned number. */
  readonly high: number;
  /** Bits 31 to 0, as an unsigned number. */
  readonly low: number;
}

/** What `hash % divisor` would be. Exact for divisors up to 2^26. */
export function remainder({ high, low }: Hash64, divisor: number): number {
  return ((high % divisor) * (4_294_967_296 % divisor) + low) % divisor;
}

/** A new hash joined to what was before, as Envoy joins the hash policies of a route: (before rotated left by 1) xor next. */
export function combineHashes(before: Hash64, next: Hash64): Hash64 {
  return {
    high: (((before.high << 1) | (before.low >>> 31)) ^ next.high) >>> 0,
    low: (((before.low << 1) | (before.high >>> 31)) ^ next.low) >>> 0,
  };
}

/** Sixteen digits. */
export function formatHash({ high, low }: Hash64): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
