/** Waiting longer after each failure, and never two clients in step. */
import type { Random } from '@sluice/kernel';

export interface BackoffOptions {
  /** The first delay, in ms. */
  readonly initialMs: number;
  /** No delay is longer, in ms. */
  readonly maxMs: number;
  /** The share by which a delay may be longer than planned, so that clients spread. Default 0: exact. */
  readonly jitterRatio?: number;
}

/** The delay before attempt `failures + 1`, in ms: doubled with each failure, from `initialMs` at the first. */
export function backoffMs(failures: number, options: BackoffOptions, random?: Random): number {
  // 2^30 times any initial delay is over every maximum; a larger exponent would only lose precision.
  const plannedMs = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  const jitter = random && options.jitterRatio ? random.next() * options.jitterRatio : 0;
  return plannedMs * (1 + jitter);
}
