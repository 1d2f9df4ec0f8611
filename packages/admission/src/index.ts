export { Breaker, type BreakerOptions, type Reservation } from './breaker.ts';
export { RequestStats, type RequestReport } from './request-stats.ts';
export { ConcurrencyReporter, type ConcurrencyReport } from './concurrency-reporter.ts';
export {
  Throttler,
  THROTTLER_QUEUE_DEPTH,
  type Assignment,
  type AssignmentWaiter,
  type ThrottlerOptions,
} from './throttler.ts';
export { assignPods, SOLE_ACTIVATOR, type ActivatorShare } from './assign-pods.ts';
export { DEFAULT_PROBING_RHYTHM, PodProbing, PROBE_TIMEOUT_MS, type PodProbingRhythm } from './pod-probing.ts';
export { PodReach, type Reach, type ReachAnswer } from './pod-reach.ts';
