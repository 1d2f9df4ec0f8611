/** What filters can know about the health of the proxy they stand in. */

export interface ProxyHealth {
  /** Name of the group of nodes that the proxy belongs to (`node.cluster`); may be empty. */
  readonly nodeCluster: string;
  /** True when it wants no more traffic: it drains, or an operator said so. */
  isFailing(): boolean;
  /** Undefined for a cluster that is not there. */
  hostsOf(clusterName: string): ClusterHosts | undefined;
}

export interface ClusterHosts {
  readonly total: number;
  /** Those that may be used. */
  readonly healthy: number;
}

export const alwaysWell: ProxyHealth = { nodeCluster: '', isFailing: () => false, hostsOf: () => undefined };
