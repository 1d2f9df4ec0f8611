/**
 * What is observed of a cluster's hosts, beyond what their source says: what requests meet, and what active checks
 * find. Clusters without either have none of this.
 */
import type { Host, OutlierSettings, TryResult } from '@sluice/balancing';
import { createMeter } from '@sluice/kernel';
import type { ResponseHead } from '@sluice/http';
import type { OutlierDetection } from '@sluice/resources';
import type { ClusterConfig } from '../proxy-config.ts';
import { UpstreamStatistics } from '../statistics.ts';
import { ActiveChecks } from './active-checks.ts';
import { immediateFailure } from './checks/http-asker.ts';
import { observedStatus } from './observed-status.ts';
import { OutlierWatch } from './outlier-watch.ts';
import type { UpstreamContext } from './upstream-context.ts';

export class ClusterHealth {
  readonly #outliers: OutlierWatch | undefined;
  readonly #checks: ActiveChecks | undefined;
  /** Says in place of statuses which responses are failures. */
  readonly #isFailure: ClusterConfig['isFailure'];

  private constructor(outliers: OutlierWatch | undefined, checks: ActiveChecks | undefined, isFailure: ClusterConfig['isFailure']) {
    this.#isFailure = isFailure;
    this.#outliers = outliers;
    this.#checks = checks;
  }

  /** @param onChange called when the health of hosts is another than before, and when they are first known */
  static open(
    { name, resource, transports, isFailure }: ClusterConfig,
    context: UpstreamContext,
    statistics: UpstreamStatistics,
    onChange: (hosts: readonly Host[]) => void,
  ): ClusterHealth | undefined {
    const { outlierDetection, healthCheck, commonLb } = resource;
    const outliers =
      outlierDetection &&
      new OutlierWatch({ clusterName: name, settings: settingsOf(outlierDetection), statistics: statistics.outliers(), onChange }, context);
    const checks =
      healthCheck &&
      new ActiveChecks(
        {
          clusterName: name,
          check: healthCheck,
          transports,
          statistics: new UpstreamStatistics(createMeter(), name),
          checkStatistics: statistics.healthChecks(),
          ignoresNewHosts: commonLb.ignoresNewHostsUntilFirstCheck,
          hasTraffic: () => statistics.connectionsTotal.value > 0,
          onChange,
          onHealthy: (host) => outliers?.observeHealthy(host),
        },
        context,
      );
    return outliers || checks ? new ClusterHealth(outliers, checks, isFailure) : undefined;
  }

  /** Whether enough is known to send requests. */
  get isWarm(): boolean {
    return this.#checks?.isWarm ?? true;
  }

  setHosts(hosts: readonly Host[]): void {
    this.#outliers?.setHosts(hosts);
    this.#checks?.setHosts(hosts);
  }

  /** Whether checks have found the host well. */
  findsWell(host: Host): boolean {
    return this.#checks?.findsWell(host) === true;
  }

  /** What a response says: its status, and whether its host wants no more requests. */
  observeHead(host: Host, head: ResponseHead): void {
    this.#outliers?.observe(host, { kind: 'answered', status: this.#isFailure ? (this.#isFailure(head) ? 500 : 200) : observedStatus(head) });
    if (this.#checks && head.has(immediateFailure)) this.#checks.excludeNow(host);
  }

  observeConnected(host: Host): void {
    this.#outliers?.observeConnected(host);
  }

  observe(host: Host, result: TryResult): void {
    this.#outliers?.observe(host, result);
  }

  close(): void {
    this.#outliers?.close();
    this.#checks?.close();
  }
}

function settingsOf(detection: OutlierDetection): OutlierSettings {
  const { enforcing, successRate, failurePercentage } = detection;
  return {
    intervalMs: detection.intervalMs,
    baseEjectionTimeMs: detection.baseEjectionTimeMs,
    ejectionTimeMaxMs: detection.maxEjectionTimeMs,
    ejectionTimeJitterMs: detection.maxEjectionTimeJitterMs,
    ejectionPercentMax: detection.maxEjectionPercent,
    ejectsOneAlways: detection.alwaysEjectOneHost,
    splitsLocalErrors: detection.splitExternalLocalOriginErrors,
    consecutive5xx: detection.consecutive5xx,
    consecutiveGatewayFailure: detection.consecutiveGatewayFailure,
    consecutiveLocalFailure: detection.consecutiveLocalOriginFailure,
    successRate: { hostsMin: successRate.minimumHosts, requestsMin: successRate.requestVolume, deviationsPerMille: successRate.stdevFactor },
    failurePercentage: {
      hostsMin: failurePercentage.minimumHosts,
      requestsMin: failurePercentage.requestVolume,
      thresholdPercent: failurePercentage.threshold,
    },
    enforcing: {
      consecutive_5xx: enforcing.consecutive5xx,
      consecutive_gateway_failure: enforcing.consecutiveGatewayFailure,
      consecutive_local_origin_failure: enforcing.consecutiveLocalOriginFailure,
      success_rate: enforcing.successRate,
      local_origin_success_rate: enforcing.localOriginSuccessRate,
      failure_percentage: enforcing.failurePercentage,
      local_origin_failure_percentage: enforcing.failurePercentageLocalOrigin,
    },
    healthCheckUnejects: detection.successfulActiveHealthCheckUnejectHost,
  };
}
