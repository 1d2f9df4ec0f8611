/**
 * Clusters that have been taken away while routes in force still lead to them. A config service sends new routes
 * before it takes clusters away; one that has just started does not know what a proxy holds, and can't. So they
 * stay, with their endpoints, until no route leads to them any more.
 */

/** Whether routes lead to a cluster. */
export interface Uses {
  has(cluster: string): boolean;
}

export class LeavingClusters {
  /** Cluster → the name its endpoints go by. */
  readonly #clusters = new Map<string, string>();

  /** Whether `cluster` has to stay for now; it is remembered then. */
  keep(cluster: string, endpointName: string, uses: Uses): boolean {
    if (!uses.has(cluster)) return false;
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
  release(uses: Uses): readonly { readonly cluster: string; readonly endpointName: string }[] {
    const gone = [...this.#clusters].filter(([cluster]) => !uses.has(cluster));
    for (const [cluster] of gone) this.#clusters.delete(cluster);
    return gone.map(([cluster, endpointName]) => ({ cluster, endpointName }));
  }
}
