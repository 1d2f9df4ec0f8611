/**
 * The arithmetic of Envoy's circuit breakers: how much of a cluster may be in use at once. What is in use is counted by
 * whoever uses it; nothing here keeps state.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking
 */

/** Bounds retries by what else is under way, so that they cannot become most of the load. */
export interface RetryBudget {
  /** Of the requests that are under way or wait. Default 0.2, as Envoy. */
  readonly ratio: number;
  /** However little is under way, so many may be retries. Default 3, as Envoy. */
  readonly retriesMin: number;
}

/** How many retries may be under way at once. A budget stands in place of the fixed limit. */
export function retryLimit(retriesMax: number, budget: RetryBudget | undefined, requestsUnderWay: number): number {
  if (!budget) return retriesMax;
  // A little more than the product: 0.2 × 15 is 3 and must not become 2.
  return Math.max(Math.floor(budget.ratio * requestsUnderWay + 1e-9), budget.retriesMin);
}
