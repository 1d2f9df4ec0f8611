/** Which clusters a route table leads to, and what is wrong when one is not there. */
import type { Problem } from '@sluice/kernel';
import type { RouteConfiguration, VirtualHost } from '@sluice/resources';

/**
 * The references that lead nowhere. Worded as Envoy words them, since control planes read these sentences
 * (`route: unknown cluster 'a'`, `route: unknown weighted cluster 'a'`).
 */
export function unknownClusters(routes: RouteConfiguration, hasCluster: (name: string) => boolean): readonly Problem[] {
  return routes.virtualHosts.flatMap((host, index) =>
    unknownClustersOfHost(host, hasCluster).map((found) => ({ ...found, path: `virtual_hosts[${index}].${found.path}` })),
  );
}

/** Those of one host: paths begin inside it. */
export function unknownClustersOfHost(host: VirtualHost, hasCluster: (name: string) => boolean): readonly Problem[] {
  const problems: Problem[] = [];
  const check = (name: string, kind: string, path: string): void => {
    if (!hasCluster(name)) problems.push({ path, message: `route: unknown ${kind} '${name}'`, severity: 'error' });
  };
  host.routes.forEach(({ action }, routeIndex) => {
    if (action.kind !== 'route') return;
    const path = `routes[${routeIndex}].route`;
    const { target } = action;
    if (target.kind === 'cluster') check(target.name, 'cluster', `${path}.cluster`);
    if (target.kind !== 'weighted_clusters') return;
    target.weighted.clusters.forEach(({ name, clusterHeader }, index) => {
      if (clusterHeader === undefined) check(name, 'weighted cluster', `${path}.weighted_clusters.clusters[${index}].name`);
    });
  });
  return problems;
}
