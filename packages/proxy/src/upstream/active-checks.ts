/** The active checks of a cluster: one `HostCheck` for each host that may be asked. */
import type { CheckResult, Host } from '@sluice/balancing';
import type { AskerOptions } from './checks/host-asker.ts';
import type { HealthCheckStatistics } from './health-statistics.ts';
import { HostCheck, type HostCheckOwner } from './host-check.ts';
import type { UpstreamContext } from './upstream-context.ts';

export interface ActiveChecksOptions extends AskerOptions {
  readonly checkStatistics: HealthCheckStatistics;
  /** Hosts count neither for nor against their cluster until they were asked for the first time. */
  readonly ignoresNewHosts: boolean;
  readonly hasTraffic: () => boolean;
  /** The health of a host is another than before. */
  readonly onChange: (hosts: readonly Host[]) => void;
  /** A check has found the host well. */
  readonly onHealthy: (host: Host) => void;
}

/** Those that checks raise. */
const ownFlags = ['failed_active_hc', 'degraded_active_hc', 'pending_active_hc', 'active_hc_timeout', 'excluded_via_immediate_hc_fail'] as const;

export class ActiveChecks implements HostCheckOwner {
  readonly #options: ActiveChecksOptions;
  readonly #context: UpstreamContext;
  readonly #checks = new Map<Host, HostCheck>();
  #isWarm = false;

  constructor(options: ActiveChecksOptions, context: UpstreamContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Whether each of the first hosts has been asked once: before, nobody knows whom to send requests to. */
  get isWarm(): boolean {
    return this.#isWarm;
  }

  get hasTraffic(): boolean {
    return this.#options.hasTraffic();
  }

  setHosts(hosts: readonly Host[]): void {
    const present = new Set(hosts);
    for (const [host, check] of this.#checks) {
      if (present.has(host) && !host.endpoint.check.isDisabled) continue;
      check.close();
      this.#checks.delete(host);
      // A host that is not asked any more counts as well.
      for (const flag of ownFlags) host.mark(flag, false);
    }
    for (const host of hosts) {
      if (host.endpoint.check.isDisabled || this.#checks.has(host)) continue;
      this.#checks.set(host, new HostCheck(host, !this.#options.ignoresNewHosts, this.#options, this.#context, this));
    }
    this.#look();
  }

  /** Whether checks have found the host well, so that it may outlive its removal by its source. */
  findsWell(host: Host): boolean {
    return this.#checks.get(host)?.isHealthy === true;
  }

  /** A response has said that its host wants no requests. */
  excludeNow(host: Host): void {
    if (!this.#checks.get(host)?.excludeNow()) return;
    const { checkStatistics, clusterName, onChange } = this.#options;
    checkStatistics.passiveFailures.add();
    this.#context.logger.info('host excludes itself', { cluster: clusterName, host: host.key });
    this.#look();
    onChange([host]);
  }

  onCheckBegun(): void {
    this.#options.checkStatistics.attempts.add();
  }

  onChecked(host: Host, result: CheckResult, changed: boolean, reason: string): void {
    const { checkStatistics: statistics, onChange, onHealthy, check, clusterName } = this.#options;
    if (result.kind === 'passed') statistics.successes.add();
    else statistics.failures.add();
    if (result.kind === 'unreachable') statistics.networkFailures.add();
    const alwaysLogs = result.kind === 'passed' ? check.alwaysLogsSuccesses : check.alwaysLogsFailures;
    if (changed || alwaysLogs) {
      this.#context.logger.info('health checked', { cluster: clusterName, host: host.key, health: host.health, ...(reason !== '' && { reason }) });
    }
    const wasWarm = this.#isWarm;
    this.#look();
    if (changed || this.#isWarm !== wasWarm) onChange([host]);
    if (result.kind === 'passed' && this.#checks.get(host)?.isHealthy) onHealthy(host);
  }

  close(): void {
    for (const check of this.#checks.values()) check.close();
    this.#checks.clear();
  }

  #look(): void {
    const checks = [...this.#checks.values()];
    this.#isWarm ||= checks.every(({ isPending }) => !isPending);
    const { healthy, degraded } = this.#options.checkStatistics;
    healthy.set(checks.filter(({ isHealthy }) => isHealthy).length);
    degraded.set(checks.filter(({ isDegraded }) => isDegraded).length);
  }
}
