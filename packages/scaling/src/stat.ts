/** What one pod says about the revision it serves, as Knative's autoscaler understands it. */

/** `average…` are time-weighted over the pod's report period (1 s); the counts are requests per second. */
export interface Stat {
  readonly podName: string;
  readonly averageConcurrentRequests: number;
  /** The part that came through an activator, which reports it too. */
  readonly averageProxiedConcurrentRequests: number;
  readonly requestCount: number;
  readonly proxiedRequestCount: number;
  /**
   * Said ahead of its time, because load has begun or risen: the concurrency is that of one moment, and the next report says what
   * it came to. Default false.
   */
  readonly isAhead?: boolean;
}

/** What a revision is scaled on: requests in flight, or requests per second. */
export type ScalingMetric = 'concurrency' | 'rps';

/** The concurrency a stat adds: what an activator has counted already is not counted again. */
export function concurrencyOf(stat: Stat): number {
  return stat.averageConcurrentRequests - stat.averageProxiedConcurrentRequests;
}

/** The requests per second a stat adds, without those an activator has counted already. */
export function requestsPerSecondOf(stat: Stat): number {
  return stat.requestCount - stat.proxiedRequestCount;
}
