/** Who asks one host how it is: what all kinds of asking have in common. */
import type { CheckResult, Host } from '@sluice/balancing';
import type { Address } from '@sluice/kernel';
import type { HealthCheck } from '@sluice/resources';
import type { ClusterTransports } from '../../tls/cluster-transports.ts';
import type { UpstreamStatistics } from '../../statistics.ts';

/** `reason`: what is in the way; empty where nothing is. */
export type OnCheckResult = (result: CheckResult, reason: string) => void;

export interface HostAsker {
  /** Asks once. `onResult` is called once, in a turn, never from within this call. */
  ask(onResult: OnCheckResult): void;
  /** Nothing more is wanted: connections close, nobody is called. */
  close(): void;
}

export interface AskerOptions {
  readonly clusterName: string;
  readonly check: HealthCheck;
  /** How connections to hosts are secured. Absent: they are not. */
  readonly transports?: ClusterTransports | undefined;
  /** Where connections of checks are counted, apart from those of requests. */
  readonly statistics: UpstreamStatistics;
}

/** Where checks of a host go. */
export function checkAddressOf({ address, endpoint }: Host): Address {
  const { check } = endpoint;
  const target = check.address ?? address;
  return check.port === 0 ? target : { ...target, port: check.port };
}
