/**
 * Concurrency over time: how many requests were there on average, weighted by how long. A request of 900 ms
 * in a second counts 0.9, no matter when somebody looks.
 * Knative's rule: https://github.com/knative/networking/blob/main/pkg/http/stats/request.go
 */

/** What happened since the report before. */
export interface RequestReport {
  /** Time-weighted; 0 when no time has passed. Requests that wait in the queue count too. */
  readonly averageConcurrency: number;
  /** The part of it that an activator has sent, and therefore reports itself. */
  readonly averageProxiedConcurrency: number;
  /** Requests that came in. */
  readonly requestCount: number;
  readonly proxiedRequestCount: number;
}

/**
 * Growth since the last word at which load is told of ahead of time. Chosen: half as much again is beyond what calm load
 * does, and a tenfold step is told of at two thirds of it at the latest.
 */
const RISE_RATIO = 1.5;

export class RequestStats {
  /** In flight, as far as nobody else counts it: at this many it is worth saying so ahead of time. */
  #riseAt: number;
  readonly #riseMin: number;
  /** As of the last report. */
  #lastCount = 0;
  #lastProxiedCount = 0;
  #concurrency = 0;
  #proxiedConcurrency = 0;
  #requestCount = 0;
  #proxiedRequestCount = 0;
  /** ∫ concurrency dt since the last report, in request-milliseconds. */
  #area = 0;
  #proxiedArea = 0;
  #elapsedMs = 0;
  #lastChange: number;

  /** @param riseMin so much in flight is not worth a word ahead of time. Default: no amount is. */
  constructor(now: number, riseMin = Number.POSITIVE_INFINITY) {
    this.#lastChange = now;
    this.#riseMin = riseMin;
    this.#riseAt = riseMin;
  }

  /** Requests in flight now, waiting ones included. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** Requests that have come in since the last report. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /**
   * @param proxied whether an activator has sent it; such a request counts in both kinds of number
   * @returns whether load has risen so far since the last word that the next should not wait for its time
   */
  requestIn(now: number, proxied: boolean): boolean {
    this.#accumulate(now);
    this.#concurrency += 1;
    this.#requestCount += 1;
    if (proxied) {
      this.#proxiedConcurrency += 1;
      this.#proxiedRequestCount += 1;
    }
    const own = this.#concurrency - this.#proxiedConcurrency;
    if (own < this.#riseAt) return false;
    this.#expectFrom(own);
    return true;
  }

  /** @param proxied as said when it came in */
  requestOut(now: number, proxied: boolean): void {
    this.#accumulate(now);
    this.#concurrency -= 1;
    if (proxied) this.#proxiedConcurrency -= 1;
  }

  /** Averages and sums since the last report. Starts the next one; requests in flight stay in flight. */
  report(now: number): RequestReport {
    this.#accumulate(now);
    const report: RequestReport = {
      averageConcurrency: this.#elapsedMs > 0 ? this.#area / this.#elapsedMs : 0,
      averageProxiedConcurrency: this.#elapsedMs > 0 ? this.#proxiedArea / this.#elapsedMs : 0,
      requestCount: this.#requestCount,
      proxiedRequestCount: this.#proxiedRequestCount,
    };
    this.#lastCount = this.#requestCount;
    this.#lastProxiedCount = this.#proxiedRequestCount;
    this.#area = 0;
    this.#proxiedArea = 0;
    this.#elapsedMs = 0;
    this.#requestCount = 0;
    this.#proxiedRequestCount = 0;
    this.#expectFrom(report.averageConcurrency - report.averageProxiedConcurrency);
    return report;
  }

  /**
   * What can be said ahead of the regular report, which stays as it is: how many are here now. Requests since the last report
   * are not all of a second, so they count for no less than those of the report before.
   */
  ahead(): RequestReport {
    this.#expectFrom(this.#concurrency - this.#proxiedConcurrency);
    return {
      averageConcurrency: this.#concurrency,
      averageProxiedConcurrency: this.#proxiedConcurrency,
      requestCount: Math.max(this.#lastCount, this.#requestCount),
      proxiedRequestCount: Math.max(this.#lastProxiedCount, this.#proxiedRequestCount),
    };
  }

  #expectFrom(told: number): void {
    this.#riseAt = Math.max(this.#riseMin, told * RISE_RATIO);
  }

  /** An event dated before the last one adds nothing. */
  #accumulate(now: number): void {
    const elapsedMs = now - this.#lastChange;
    if (elapsedMs <= 0) return;
    this.#area += this.#concurrency * elapsedMs;
    this.#proxiedArea += this.#proxiedConcurrency * elapsedMs;
    this.#elapsedMs += elapsedMs;
    this.#lastChange = now;
  }
}
