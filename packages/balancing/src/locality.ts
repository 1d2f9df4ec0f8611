/**
 * Hosts by where they run: for balancing that first chooses a locality by its weight, and then a host within.
 */
import type { Host } from './host.ts';
import type { HostPool } from './priority-load.ts';

/** The hosts of a pool that run in one place. */
export interface LocalityHosts {
  /** Of its priority; 0 gets nothing. */
  readonly weight: number;
  /** Those that may be picked. */
  readonly hosts: readonly Host[];
  /** How many run there, whatever their health, without those of which nothing is known yet. */
  readonly hostsTotal: number;
}

/** The localities of a pool that have a weight, in the order of their first hosts. */
export function localitiesOf(pool: HostPool): readonly LocalityHosts[] {
  const found = new Map<string, { weight: number; hosts: Host[]; hostsTotal: number }>();
  const usable = new Set(pool.hosts);
  for (const host of pool.priority.all) {
    const { locality, localityWeight } = host.endpoint;
    const key = JSON.stringify([locality.region, locality.zone, locality.subZone]);
    let entry = found.get(key);
    if (!entry) found.set(key, (entry = { weight: localityWeight, hosts: [], hostsTotal: 0 }));
    if (!host.isExcluded) entry.hostsTotal += 1;
    if (usable.has(host)) entry.hosts.push(host);
  }
  return [...found.values()].filter(({ weight }) => weight > 0);
}

/** What a locality is worth now: its weight × min(1, over-provisioning × the share of its hosts that may be picked). */
export function effectiveWeight({ weight, hosts, hostsTotal }: LocalityHosts, overprovisioningPercent: number): number {
  if (hostsTotal === 0) return 0;
  return weight * Math.min(1, ((overprovisioningPercent / 100) * hosts.length) / hostsTotal);
}
