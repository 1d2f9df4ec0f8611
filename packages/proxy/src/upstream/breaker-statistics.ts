/** What the circuit breaker of one priority shows under `circuit_breakers.<priority>`, read when somebody looks. */
import type { LabelValues, Meter } from '@sluice/kernel';
import type { CircuitBreaker } from './circuit-breaker.ts';

export type RoutePriority = 'default' | 'high';

export class BreakerStatistics {
  readonly #meter: Meter;
  readonly #labels: LabelValues;
  readonly #prefix: string;
  #breaker: CircuitBreaker;
  #showsRemaining = false;

  constructor(meter: Meter, labels: LabelValues, priority: RoutePriority, breaker: CircuitBreaker) {
    this.#meter = meter;
    this.#labels = labels;
    this.#prefix = `envoy_cluster_circuit_breakers_${priority}_`;
    this.#breaker = breaker;
    // 1 while the limit is reached: the circuit is open, in Envoy's picture.
    this.#gauge('cx_open', 'whether no more connections may be made', ({ allowsConnection }) => Number(!allowsConnection));
    this.#gauge('cx_pool_open', 'whether no more connection pools may be made', ({ allowsPool }) => Number(!allowsPool));
    this.#gauge('rq_pending_open', 'whether no more requests may wait', ({ allowsPending }) => Number(!allowsPending));
    this.#gauge('rq_open', 'whether no more requests may begin', ({ allowsRequest }) => Number(!allowsRequest));
    this.#gauge('rq_retry_open', 'whether no more retries may begin', ({ allowsRetry }) => Number(!allowsRetry));
    this.watch(breaker);
  }

  /** The cluster has been made anew: from now on this one is shown. */
  watch(breaker: CircuitBreaker): void {
    this.#breaker = breaker;
    if (breaker.limits.tracksRemaining && !this.#showsRemaining) this.#showRemaining();
  }

  #showRemaining(): void {
    this.#showsRemaining = true;
    this.#gauge('remaining_cx', 'connections that may still be made', ({ limits, connections }) => left(limits.connectionsMax, connections));
    this.#gauge('remaining_cx_pools', 'connection pools that may still be made', ({ poolsMax, pools }) => left(poolsMax, pools));
    this.#gauge('remaining_pending', 'requests that may still wait', ({ limits, pending }) => left(limits.pendingRequestsMax, pending));
    this.#gauge('remaining_rq', 'requests that may still begin', ({ limits, requests, pending }) => left(limits.requestsMax, requests + pending));
    this.#gauge('remaining_retries', 'retries that may still begin', ({ retriesMax, retries }) => left(retriesMax, retries));
  }

  #gauge(name: string, help: string, read: (breaker: CircuitBreaker) => number): void {
    this.#meter.observedGauge(`${this.#prefix}${name}`, help, () => read(this.#breaker), this.#labels);
  }
}

/** Limits may be passed, by the one connection that each host always gets. Envoy's "without limit" is the largest number it can write. */
function left(limit: number, used: number): number {
  return Math.max(0, Math.min(limit, 2 ** 32 - 1) - used);
}
