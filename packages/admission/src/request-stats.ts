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

export class RequestStats {
  #concurrency = 0;
  #proxiedConcurrency = 0;
  #requestCount = 0;
  #proxiedRequestCount = 0;
  /** ∫ concurrency dt since the last report, in request-milliseconds. */
  #area = 0;
  #proxiedArea = 0;
  #elapsedMs = 0;
  #lastChange: number;

  constructor(now: number) {
    this.#lastChange = now;
  }

  /** Requests in flight now, waiting ones included. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** @param proxied whether an activator has sent it; such a request counts in both kinds of number */
  requestIn(now: number, proxied: boolean): void {
    this.#accumulate(now);
    this.#concurrency += 1;
    this.#requestCount += 1;
    if (proxied) {
      this.#proxiedConcurrency += 1;
      this.#proxiedRequestCount += 1;
    }
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
    this.#area = 0;
    this.#proxiedArea = 0;
    this.#elapsedMs = 0;
    this.#requestCount = 0;
    this.#proxiedRequestCount = 0;
    return report;
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
