/**
 * Clusters that have been taken away while routes in force still lead to them. A config service sends new routes
 * before it takes clusters away; one that has just started does not know what a proxy holds, and can't. So they
 * stay, with their endpoints, until no route leads to them any more.
 */
import type { RouteConfiguration } from '@sluice/resources';
import { unknownClusters } from './cluster-references.ts';

export class LeavingClusters {
  /** Cluster → the name its endpoints go by. */
  readonly #clusters = new Map<string, string>();

  /** Whether `cluster` has to stay for now; it is remembered then. */
  keep(cluster: string, endpointName: string, routes: readonly RouteConfiguration[]): boolean {
    if (!leadsTo(cluster, routes)) return false;
    this.#clusters.set(cluster, endpointName);
    return true;
  }

  /** Whether endpoints of this name belong to one of them. */
  hasEndpoints(endpointName: string): boolean {
    for (const name of this.#clusters.values()) if (name === endpointName) return true;
    return false;
  }

  /** It is wanted again. */
  revive(cluster: string): void {
    this.#clusters.delete(cluster);
  }

  /** Those that nothing leads to any more, forgotten here. */
  release(routes: readonly RouteConfiguration[]): readonly { readonly cluster: string; readonly endpointName: string }[] {
    const gone = [...this.#clusters].filter(([cluster]) => !leadsTo(cluster, routes));
    for (const [cluster] of gone) this.#clusters.delete(cluster);
    return gone.map(([cluster, endpointName]) => ({ cluster, endpointName }));
  }
}

function leadsTo(cluster: string, routes: readonly RouteConfiguration[]): boolean {
  return routes.some((configuration) => unknownClusters(configuration, (name) => name !== cluster).length > 0);
}
