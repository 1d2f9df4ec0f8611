/** Which clusters there are: compares the new configuration with what is at work, keeps what is unchanged. */
import type { ProxyConfig } from '../proxy-config.ts';
import { ClusterRuntime } from './cluster-runtime.ts';
import type { UpstreamContext } from './upstream-context.ts';

/** The clusters for `config`, and those that are left over and should be drained after the swap. */
export function changeClusters(
  previous: ReadonlyMap<string, ClusterRuntime>,
  config: ProxyConfig,
  context: UpstreamContext,
): { readonly clusters: ReadonlyMap<string, ClusterRuntime>; readonly removed: readonly ClusterRuntime[] } {
  const clusters = new Map<string, ClusterRuntime>();
  for (const cluster of config.clusters.values()) {
    const known = previous.get(cluster.name);
    if (known && known.config.version === cluster.version) {
      known.update(cluster);
      clusters.set(cluster.name, known);
    } else {
      clusters.set(cluster.name, new ClusterRuntime(cluster, context));
    }
  }
  const removed = [...previous.values()].filter((cluster) => clusters.get(cluster.name) !== cluster);
  return { clusters, removed };
}
