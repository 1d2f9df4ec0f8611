export type { Endpoint, EndpointCheck, EndpointHealth, EndpointLocality, EndpointMetadata } from './endpoint.ts';
export { Host, keyOf, type HostFlag, type HostHealth, type HostPicked } from './host.ts';
export { arrangeHosts, changeHosts, emptyHostSet, refreshHosts, type HostSet, type HostSetChange, type PriorityHosts } from './host-set.ts';
export { anyHost, type Picker, type PickContext, type PreferredHost, type PickResult, type UnavailableReason } from './pick.ts';
export { createLoadBalancer, type LoadBalancer, type LoadBalancerOptions, type PrioritySettings } from './load-balancer.ts';
export { decodeLoadReport, readBinaryLoadReport, readLoadReport, type LoadReport } from './load-report/load-report.ts';
export { ReportedWeights, type ReportedWeightsSettings } from './load-report/reported-weights.ts';
export type { ZoneRoute, ZoneRouting } from './zone-routing.ts';
export { shareByPriority, type PriorityLoadOptions } from './priority-load.ts';
export type { PolicySpec, TurnPolicySpec } from './policies.ts';
export type { SubsetListener } from './load-balancer.ts';
export { SubsetCriteria } from './subset/subset-criteria.ts';
export type { SubsetFacts, SubsetFallback, SubsetSelector, SubsetSettings } from './subset/subset-settings.ts';
export type { SlowStart } from './slow-start.ts';
export { combineHashes, formatHash, type Hash64, remainder as hashRemainder } from './hash/hash64.ts';
export { xxHash64 } from './hash/xx-hash64.ts';
export type { HashPolicySpec } from './hash/hash-policies.ts';
export { OutlierDetector, type OutlierEvent } from './outlier/outlier-detector.ts';
export type { TryResult } from './outlier/host-record.ts';
export {
  defaultOutlierSettings,
  type FailurePercentageSettings,
  type OutlierCause,
  type OutlierSettings,
  type SuccessRateSettings,
} from './outlier/outlier-settings.ts';
export type { HealthCheckSettings } from './health-check/health-check-settings.ts';
export { HealthCheckState, type CheckResult, type CheckVerdict } from './health-check/health-check-state.ts';
export { retryLimit, type RetryBudget } from './circuit-breaker.ts';
