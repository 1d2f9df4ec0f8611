/** Numbers of further tries at a cluster: made by the first stream that may need them, since most clusters never do. */
import type { Counter, LabelValues, Meter } from '@sluice/kernel';

export class RetryStatistics {
  readonly retries: Counter;
  readonly successes: Counter;
  readonly limitExceeded: Counter;
  readonly overflows: Counter;
  readonly exponentialBackOffs: Counter;
  readonly rateLimitedBackOffs: Counter;
  /** Bodies too long to be kept for another try or a mirror. */
  readonly abandoned: Counter;
  readonly #retriedByStatus: Counter[] = [];
  readonly #meter: Meter;
  readonly #labels: LabelValues;

  constructor(meter: Meter, labels: LabelValues) {
    this.#meter = meter;
    this.#labels = labels;
    const counter = (name: string, help: string) => meter.counter(`envoy_cluster_${name}`, help, labels);
    this.retries = counter('upstream_rq_retry', 'further tries');
    this.successes = counter('upstream_rq_retry_success', 'further tries that were answered');
    this.limitExceeded = counter('upstream_rq_retry_limit_exceeded', 'requests that had no try left');
    this.overflows = counter('upstream_rq_retry_overflow', 'tries not made because of the circuit breaker or the budget');
    this.exponentialBackOffs = counter('upstream_rq_retry_backoff_exponential', 'tries after a time of our own choice');
    this.rateLimitedBackOffs = counter('upstream_rq_retry_backoff_ratelimited', 'tries after a time that the response asked for');
    this.abandoned = counter('retry_or_shadow_abandoned', 'request bodies too long to be kept for another try or a mirror');
  }

  /** A response that was not passed on: `retry.upstream_rq_503`. */
  countRetried(status: number): void {
    (this.#retriedByStatus[status] ??= this.#retried(status)).add();
  }

  #retried(status: number): Counter {
    return this.#meter.counter('envoy_cluster_retry_upstream_rq', 'responses that led to another try', { ...this.#labels, envoy_response_code: String(status) });
  }
}
