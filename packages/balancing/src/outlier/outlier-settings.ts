/** What makes a host an outlier, and what becomes of it. Percentages are whole; times are ms. */
export interface OutlierSettings {
  /** How often rates are looked at and ejected hosts come back. */
  readonly intervalMs: number;
  /** How long the first ejection lasts; the n-th in a row lasts n times as long. */
  readonly baseEjectionTimeMs: number;
  /** However often a host was ejected, no longer than this. */
  readonly ejectionTimeMaxMs: number;
  /** A random time below this is added to each ejection. */
  readonly ejectionTimeJitterMs: number;
  /** No more than this part of the hosts is ejected at once. */
  readonly ejectionPercentMax: number;
  /** One host may be ejected even where it is more than that part. */
  readonly ejectsOneAlways: boolean;
  /** Failures of our own side (no connection, no answer in time) are counted apart from the host's answers. */
  readonly splitsLocalErrors: boolean;
  /** So many 5xx answers in a row. */
  readonly consecutive5xx: number;
  /** So many of 502, 503, 504 in a row. */
  readonly consecutiveGatewayFailure: number;
  /** So many local failures in a row, where they are counted apart. */
  readonly consecutiveLocalFailure: number;
  readonly successRate: SuccessRateSettings;
  readonly failurePercentage: FailurePercentageSettings;
  /** How often out of 100 a host that was found to be an outlier is ejected for it; 0 is never. */
  readonly enforcing: Readonly<Record<OutlierCause, number>>;
  /** A host whose active check succeeds is taken back at once. */
  readonly healthCheckUnejects: boolean;
}

/** A host is an outlier whose rate is more than so many standard deviations below the mean. */
export interface SuccessRateSettings {
  /** Rates say something only with so many hosts. */
  readonly hostsMin: number;
  /** And of a host that has had so many requests in the interval. */
  readonly requestsMin: number;
  /** 1900 stands for 1.9 standard deviations. */
  readonly deviationsPerMille: number;
}

/** A host is an outlier that has failed this part of its requests. */
export interface FailurePercentageSettings {
  readonly hostsMin: number;
  readonly requestsMin: number;
  readonly thresholdPercent: number;
}

/** Why. The words are Envoy's, as its counters have them. */
export type OutlierCause =
  | 'consecutive_5xx'
  | 'consecutive_gateway_failure'
  | 'consecutive_local_origin_failure'
  | 'success_rate'
  | 'local_origin_success_rate'
  | 'failure_percentage'
  | 'local_origin_failure_percentage';

/** Envoy's defaults. */
export const defaultOutlierSettings: OutlierSettings = {
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  ejectionTimeMaxMs: 300_000,
  ejectionTimeJitterMs: 0,
  ejectionPercentMax: 10,
  ejectsOneAlways: false,
  splitsLocalErrors: false,
  consecutive5xx: 5,
  consecutiveGatewayFailure: 5,
  consecutiveLocalFailure: 5,
  successRate: { hostsMin: 5, requestsMin: 100, deviationsPerMille: 1900 },
  failurePercentage: { hostsMin: 5, requestsMin: 50, thresholdPercent: 85 },
  enforcing: {
    consecutive_5xx: 100,
    consecutive_gateway_failure: 0,
    consecutive_local_origin_failure: 100,
    success_rate: 100,
    local_origin_success_rate: 100,
    failure_percentage: 0,
    local_origin_failure_percentage: 0,
  },
  healthCheckUnejects: true,
};
