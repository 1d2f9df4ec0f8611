/** How clusters come, change and go, under Envoy's names. */
import type { Counter, Meter } from '@sluice/kernel';

export class ClusterManagerStatistics {
  readonly #added: Counter;
  readonly #modified: Counter;
  readonly #removed: Counter;

  constructor(meter: Meter, active: () => number) {
    const counter = (name: string, help: string) => meter.counter(`envoy_cluster_manager_${name}`, help);
    this.#added = counter('cluster_added', 'clusters that were not there before');
    this.#modified = counter('cluster_modified', 'clusters that have changed');
    this.#removed = counter('cluster_removed', 'clusters that have gone');
    meter.observedGauge('envoy_cluster_manager_active_clusters', 'clusters in force', active);
  }

  /** A cluster that stays what it is, is the same object before and after. */
  countChange(before: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): void {
    for (const [name, cluster] of now) {
      if (!before.has(name)) this.#added.add();
      else if (before.get(name) !== cluster) this.#modified.add();
    }
    for (const name of before.keys()) if (!now.has(name)) this.#removed.add();
  }
}
