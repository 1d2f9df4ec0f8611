/**
 * Sums per second over the last so many seconds, and their average. The arithmetic is Knative's, so that a
 * revision scales here as it does there:
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/aggregation/bucketing.go
 */

/** Length of a bucket: values that arrive within the same second add up. Knative's `BucketSize`. */
const BUCKET_MS = 1000;

/** Averages are rounded to this many digits after the point, so that noise of addition never costs a pod. */
const PRECISION_DIGITS = 6;

/** Smallest share of the newest second in the weighted average, and what is left beyond the window. */
const SMOOTHING_MIN = 0.2;
const WEIGHT_LEFT = 0.0001;

/** `linear`: every second counts the same. `weighted-exponential`: the newest counts most. */
export type Aggregation = 'linear' | 'weighted-exponential';

export class TimeWindow {
  readonly aggregation: Aggregation;
  #windowMs: number;
  /** A ring; the bucket of second n is at n modulo its length. */
  #buckets: Float64Array;
  /** Numbers of the seconds of the first and the last write; undefined before the first. */
  #firstWrite: number | undefined;
  #lastWrite: number | undefined;
  /** Of all buckets, so that an average costs the same for an hour as for a second. */
  #sum = 0;

  /** @param windowMs length in ms; a part of a second counts as a whole one */
  constructor(windowMs: number, aggregation: Aggregation = 'linear') {
    this.aggregation = aggregation;
    this.#windowMs = windowMs;
    this.#buckets = new Float64Array(Math.ceil(windowMs / BUCKET_MS));
  }

  get windowMs(): number {
    return this.#windowMs;
  }

  /** Whether nothing has been recorded within the last window. */
  isEmpty(now: number): boolean {
    return this.#lastWrite === undefined || secondOf(now) - this.#lastWrite >= this.#buckets.length;
  }

  /** Adds `value` to the second of `now`. Late values count if their second is still in the window. */
  record(now: number, value: number): void {
    const second = secondOf(now);
    const count = this.#buckets.length;
    if (this.#lastWrite !== undefined && second <= this.#lastWrite - count) return;
    if (this.#lastWrite === undefined || second - this.#lastWrite >= count) {
      this.#buckets.fill(0);
      this.#sum = 0;
      this.#firstWrite = second;
      this.#lastWrite = second;
    } else if (second > this.#lastWrite) this.#advance(second);
    if (this.#firstWrite === undefined || second < this.#firstWrite) this.#firstWrite = second;
    this.#buckets[second % count] = this.#at(second) + value;
    this.#sum += value;
  }

  /** Makes the second of `now` hold `value` and nothing else. */
  replace(now: number, value: number): void {
    const isWritten = this.#lastWrite === secondOf(now);
    this.record(now, isWritten ? value - this.#at(secondOf(now)) : value);
  }

  /**
   * The average over the window. A revision younger than the window is averaged over its own age. Gaps count
   * as zero, except the one at the end: what has not been reported yet is left out. 0 when empty.
   */
  average(now: number): number {
    const { aggregation } = this;
    switch (aggregation) {
      case 'linear':
        return this.#linearAverage(now);
      case 'weighted-exponential':
        return this.#weightedAverage(now);
      default:
        return aggregation satisfies never;
    }
  }

  /**
   * Changes the length and keeps the newest seconds that fit. Knative moves the mark of the first write to the
   * oldest second of the old window here, so that a young revision looks quieter after a resize; we do not.
   */
  resize(windowMs: number): void {
    if (windowMs === this.#windowMs) return;
    const old = this.#buckets;
    const next = new Float64Array(Math.ceil(windowMs / BUCKET_MS));
    const last = this.#lastWrite;
    if (last !== undefined) {
      const kept = Math.min(old.length, next.length);
      for (let second = last; second > last - kept; second -= 1) {
        next[modulo(second, next.length)] = old[modulo(second, old.length)] as number;
      }
    }
    this.#windowMs = windowMs;
    this.#buckets = next;
    this.#sum = sumOf(next);
  }

  /** Moves on to `second`: what was there one window ago is taken out. */
  #advance(second: number): void {
    const count = this.#buckets.length;
    const last = this.#lastWrite as number;
    for (let cleared = last + 1; cleared <= second; cleared += 1) {
      const index = cleared % count;
      this.#sum -= this.#buckets[index] as number;
      this.#buckets[index] = 0;
    }
    this.#lastWrite = second;
    // Once per round the sum is made anew, so that what additions round off does not pile up.
    if (Math.floor(last / count) !== Math.floor(second / count)) this.#sum = sumOf(this.#buckets);
  }

  #linearAverage(now: number): number {
    if (this.isEmpty(now)) return 0;
    const first = this.#firstWrite as number;
    const last = this.#lastWrite as number;
    const gap = Math.max(0, secondOf(now) - last);
    let sum = this.#sum;
    for (let out = last + 1; out <= last + gap; out += 1) sum -= this.#at(out);
    return round(sum / Math.min(last - first + 1, this.#buckets.length - gap));
  }

  #weightedAverage(now: number): number {
    if (this.isEmpty(now)) return 0;
    const last = this.#lastWrite as number;
    const count = this.#buckets.length;
    const coefficient = Math.max(SMOOTHING_MIN, 1 - WEIGHT_LEFT ** (1 / count));
    const gap = Math.max(0, secondOf(now) - last);
    let weight = coefficient * (1 - coefficient) ** gap;
    let sum = 0;
    for (let second = last; second > last - (count - gap); second -= 1) {
      sum += this.#at(second) * weight;
      weight *= 1 - coefficient;
    }
    return round(sum);
  }

  #at(second: number): number {
    return this.#buckets[modulo(second, this.#buckets.length)] as number;
  }
}

function sumOf(buckets: Float64Array): number {
  let sum = 0;
  for (const value of buckets) sum += value;
  return sum;
}

/** Whether two moments fall into one bucket. */
export function isSameSecond(a: number, b: number): boolean {
  return secondOf(a) === secondOf(b);
}

function secondOf(now: number): number {
  return Math.floor(now / BUCKET_MS);
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

function round(value: number): number {
  const factor = 10 ** PRECISION_DIGITS;
  // Never the negative zero, which differences of rounded sums may come to.
  return Math.round(value * factor) / factor + 0;
}
