/** To which clusters tables and virtual hosts lead, counted, so that the question costs a look. */
import type { VirtualHost } from '@sluice/resources';

export class ClusterUses {
  readonly #byOwner = new Map<string, readonly string[]>();
  readonly #counts = new Map<string, number>();

  /** What of an owner leads to clusters now; no hosts for an owner that is gone. */
  set(owner: string, hosts: readonly VirtualHost[]): void {
    const before = this.#byOwner.get(owner) ?? [];
    const now = clustersOf(hosts);
    if (now.length === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, now);
    for (const cluster of now) this.#counts.set(cluster, (this.#counts.get(cluster) ?? 0) + 1);
    for (const cluster of before) {
      const count = (this.#counts.get(cluster) ?? 0) - 1;
      if (count > 0) this.#counts.set(cluster, count);
      else this.#counts.delete(cluster);
    }
  }

  has(cluster: string): boolean {
    return this.#counts.has(cluster);
  }
}

function clustersOf(hosts: readonly VirtualHost[]): readonly string[] {
  const names = new Set<string>();
  for (const { routes } of hosts) {
    for (const { action } of routes) {
      if (action.kind !== 'route') continue;
      const { target } = action;
      if (target.kind === 'cluster') names.add(target.name);
      if (target.kind !== 'weighted_clusters') continue;
      for (const { name, clusterHeader } of target.weighted.clusters) if (clusterHeader === undefined) names.add(name);
    }
  }
  return [...names];
}
