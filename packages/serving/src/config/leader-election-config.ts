/** `config-leader-election`: how components agree who of several does a piece of work. */
import { formatDuration, type Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

export interface LeaderElectionConfig {
  /** How long a lease holds that is not renewed, in ms. */
  readonly leaseDurationMs: number;
  /** How long its holder tries to renew it before giving up, in ms. */
  readonly renewDeadlineMs: number;
  /** Between attempts, in ms. */
  readonly retryPeriodMs: number;
  /** Into how many parts the work is divided, 1 to 10. */
  readonly buckets: number;
}

/** Knative's defaults, in force without a ConfigMap. */
export const defaultLeaderElection: LeaderElectionConfig = {
  leaseDurationMs: 60_000,
  renewDeadlineMs: 40_000,
  retryPeriodMs: 10_000,
  buckets: 1,
};

/** What a holder waits between attempts beyond `retry-period`, at most, as a share of it: so that replicas do not try at once. */
const jitterRatio = 0.2;

/** Times with which two could lead at once, or nobody could renew in time, are refused; Knative finds out when it starts. */
export function readLeaderElectionConfig(data: ConfigData): Checked<LeaderElectionConfig> {
  const reader = new ConfigReader(data);
  const standard = defaultLeaderElection;
  const config: LeaderElectionConfig = {
    leaseDurationMs: reader.duration(['lease-duration', 'leaseDuration'], standard.leaseDurationMs),
    renewDeadlineMs: reader.duration(['renew-deadline', 'renewDeadline'], standard.renewDeadlineMs),
    retryPeriodMs: reader.duration(['retry-period', 'retryPeriod'], standard.retryPeriodMs),
    buckets: reader.integer('buckets', standard.buckets, { least: 1, most: 10 }),
  };
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = config;
  if (renewDeadlineMs >= leaseDurationMs) {
    reader.complain('renew-deadline', `invalid value: ${formatDuration(renewDeadlineMs)}, want less than lease-duration, which is ${formatDuration(leaseDurationMs)}`);
  }
  if (retryPeriodMs * (1 + jitterRatio) >= renewDeadlineMs) {
    reader.complain('retry-period', `invalid value: ${formatDuration(retryPeriodMs)}, want less than five sixths of renew-deadline, which is ${formatDuration(renewDeadlineMs)}`);
  }
  return reader.result(config);
}
