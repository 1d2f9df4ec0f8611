/** What the detector keeps of one host. */

/** How a try at a host went. `answered` carries the status; for the others Envoy takes this side to be at fault. */
export type TryResult =
  | { readonly kind: 'answered'; readonly status: number }
  /** No connection, or one that broke before the answer was whole. */
  | { readonly kind: 'failed' }
  /** No answer in time. */
  | { readonly kind: 'timed-out' };

/** Requests of one kind in this interval. */
export class RateWindow {
  total = 0;
  successes = 0;

  count(isSuccess: boolean): void {
    this.total += 1;
    if (isSuccess) this.successes += 1;
  }

  /** Percent of successes; undefined without requests. */
  get successRate(): number | undefined {
    return this.total === 0 ? undefined : (100 * this.successes) / this.total;
  }

  clear(): void {
    this.total = 0;
    this.successes = 0;
  }
}

export class HostRecord {
  /** In a row, without a success between. */
  consecutive5xx = 0;
  consecutiveGatewayFailures = 0;
  consecutiveLocalFailures = 0;
  readonly answers = new RateWindow();
  readonly localTries = new RateWindow();
  /** Undefined while it is not ejected. */
  ejectedAt: number | undefined = undefined;
  /** By how much an ejection is longer than the base time; falls by one with each sweep that finds it well. */
  multiplier = 0;
  jitterMs = 0;

  /** Forgets what was counted in a row, so that a host that comes back is not out again at its first failure. */
  clearConsecutive(): void {
    this.consecutive5xx = 0;
    this.consecutiveGatewayFailures = 0;
    this.consecutiveLocalFailures = 0;
  }
}
