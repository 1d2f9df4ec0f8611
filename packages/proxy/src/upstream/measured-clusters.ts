/** The clusters whose load goes to one server: from when on it is noted, and what there is of it. */
import type { ClusterLoad, LoadQuery } from './cluster-load.ts';
import type { ClusterRuntime } from './cluster-runtime.ts';

type Clusters = ReadonlyMap<string, ClusterRuntime>;

/** What has been noted of clusters that are wanted goes on. */
export function measureLoad(clusters: Clusters, { server, names }: LoadQuery): void {
  const wanted = names && new Set(names);
  for (const cluster of clusters.values()) {
    if (cluster.loadServer !== server) continue;
    if (wanted === undefined || wanted.has(cluster.name)) cluster.measureLoad();
    else cluster.endLoad();
  }
}

export function takeLoad(clusters: Clusters, query: LoadQuery): readonly ClusterLoad[] {
  const { server, names } = query;
  const loads: ClusterLoad[] = [];
  const take = (cluster: ClusterRuntime | undefined) => {
    if (cluster?.loadServer !== server) return;
    const load = cluster.takeLoad();
    if (load) loads.push(load);
  };
  if (names) for (const name of names) take(clusters.get(name));
  else for (const cluster of clusters.values()) take(cluster);
  return loads;
}
