/** `envoy.config.cluster.v3.OutlierDetection`: hosts that fail are left out for a while. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

/** Percentages are whole numbers, 0 to 100. Every default is Envoy's. */
export interface OutlierDetection {
  /** So many 5xx in a row eject a host. Default 5. */
  readonly consecutive5xx: number;
  /** So many of 502, 503, 504 in a row. Default 5. */
  readonly consecutiveGatewayFailure: number;
  /** So many failures of this side in a row, where they are counted apart. Default 5. */
  readonly consecutiveLocalOriginFailure: number;
  /** How often rates are judged. Default 10 000. */
  readonly intervalMs: number;
  /** How long the first ejection lasts; each in a row lasts as much longer. Default 30 000. */
  readonly baseEjectionTimeMs: number;
  /** Default 300 000, or the base time where that is more. */
  readonly maxEjectionTimeMs: number;
  /** Default 0. */
  readonly maxEjectionTimeJitterMs: number;
  /** How much of a cluster may be out at once. Default 10. */
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  /** Failures of this side are counted apart from what hosts answer. */
  readonly splitExternalLocalOriginErrors: boolean;
  /** How often out of 100 a host is really ejected for a cause. */
  readonly enforcing: {
    /** Default 100. */
    readonly consecutive5xx: number;
    /** Default 0. */
    readonly consecutiveGatewayFailure: number;
    /** Default 100. */
    readonly consecutiveLocalOriginFailure: number;
    /** Default 100. */
    readonly successRate: number;
    /** Default 100. */
    readonly localOriginSuccessRate: number;
    /** Default 0. */
    readonly failurePercentage: number;
    /** Default 0. */
    readonly failurePercentageLocalOrigin: number;
  };
  /** Default 5 hosts with 100 requests each; 1900 stands for 1.9 standard deviations. */
  readonly successRate: { readonly minimumHosts: number; readonly requestVolume: number; readonly stdevFactor: number };
  /** Default 85 percent, among 5 hosts with 50 requests each. */
  readonly failurePercentage: { readonly threshold: number; readonly minimumHosts: number; readonly requestVolume: number };
  /** Default true. */
  readonly successfulActiveHealthCheckUnejectHost: boolean;
}

const defaultMaxEjectionTimeMs = 300_000;

export function readOutlierDetection(json: unknown, scope: Scope): OutlierDetection | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const percent = (name: string, fallback: number): number => reader.uint32(name, fallback, { max: 100 });
  const positiveMs = (name: string, fallback: number): number => {
    const value = reader.durationMs(name, fallback);
    if (value <= 0) scope.at(name).error('must be more than 0');
    return value;
  };
  const baseEjectionTimeMs = positiveMs('base_ejection_time', 30_000);
  const detection: OutlierDetection = {
    consecutive5xx: reader.uint32('consecutive_5xx', 5),
    consecutiveGatewayFailure: reader.uint32('consecutive_gateway_failure', 5),
    consecutiveLocalOriginFailure: reader.uint32('consecutive_local_origin_failure', 5),
    intervalMs: positiveMs('interval', 10_000),
    baseEjectionTimeMs,
    maxEjectionTimeMs: positiveMs('max_ejection_time', Math.max(defaultMaxEjectionTimeMs, baseEjectionTimeMs)),
    maxEjectionTimeJitterMs: reader.durationMs('max_ejection_time_jitter', 0),
    maxEjectionPercent: percent('max_ejection_percent', 10),
    alwaysEjectOneHost: reader.boolean('always_eject_one_host', false),
    splitExternalLocalOriginErrors: reader.boolean('split_external_local_origin_errors', false),
    enforcing: {
      consecutive5xx: percent('enforcing_consecutive_5xx', 100),
      consecutiveGatewayFailure: percent('enforcing_consecutive_gateway_failure', 0),
      consecutiveLocalOriginFailure: percent('enforcing_consecutive_local_origin_failure', 100),
      successRate: percent('enforcing_success_rate', 100),
      localOriginSuccessRate: percent('enforcing_local_origin_success_rate', 100),
      failurePercentage: percent('enforcing_failure_percentage', 0),
      failurePercentageLocalOrigin: percent('enforcing_failure_percentage_local_origin', 0),
    },
    successRate: {
      minimumHosts: reader.uint32('success_rate_minimum_hosts', 5),
      requestVolume: reader.uint32('success_rate_request_volume', 100),
      stdevFactor: reader.uint32('success_rate_stdev_factor', 1900),
    },
    failurePercentage: {
      threshold: percent('failure_percentage_threshold', 85),
      minimumHosts: reader.uint32('failure_percentage_minimum_hosts', 5),
      requestVolume: reader.uint32('failure_percentage_request_volume', 50),
    },
    successfulActiveHealthCheckUnejectHost: reader.boolean('successful_active_health_check_uneject_host', true),
  };
  if (detection.maxEjectionTimeMs < baseEjectionTimeMs) scope.at('max_ejection_time').error('must not be less than base_ejection_time');
  reader.refuse(['monitors', 'detect_degraded_hosts']);
  reader.done();
  return detection;
}
