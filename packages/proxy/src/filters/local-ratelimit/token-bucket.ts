/** A token bucket that is filled in steps: so many tokens at each end of an interval, up to a maximum. No timer: it asks the clock. */
export interface TokenBucketSize {
  readonly tokensMax: number;
  readonly tokensPerFill: number;
  /** In ms; at least 50, as Envoy. */
  readonly fillIntervalMs: number;
}

export class TokenBucket {
  readonly size: TokenBucketSize;
  #tokens: number;
  #filledAt: number;

  /** Full at first. */
  constructor(size: TokenBucketSize, now: number) {
    this.size = size;
    this.#tokens = size.tokensMax;
    this.#filledAt = now;
  }

  /** Takes so many tokens; false when there are not as many. */
  take(now: number, count = 1): boolean {
    this.#fill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  tokens(now: number): number {
    this.#fill(now);
    return this.#tokens;
  }

  /** Until the next fill, in ms. */
  nextFillMs(now: number): number {
    this.#fill(now);
    return this.#filledAt + this.size.fillIntervalMs - now;
  }

  /** A full bucket is as good as a new one. */
  isFull(now: number): boolean {
    return this.tokens(now) === this.size.tokensMax;
  }

  #fill(now: number): void {
    const { tokensMax, tokensPerFill, fillIntervalMs } = this.size;
    const fills = Math.floor((now - this.#filledAt) / fillIntervalMs);
    if (fills <= 0) return;
    this.#filledAt += fills * fillIntervalMs;
    this.#tokens = Math.min(tokensMax, this.#tokens + fills * tokensPerFill);
  }
}
