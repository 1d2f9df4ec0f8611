/** What filters can know about the health of the proxy they stand in. */
import type { Proxy } from '../proxy-options.ts';

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

export interface ProxyHealthOptions {
  readonly nodeCluster?: string;
  /** What an operator said. Default: nothing. */
  readonly isFailing?: () => boolean;
}

export function healthOf(proxy: Proxy, { nodeCluster = '', isFailing = () => false }: ProxyHealthOptions = {}): ProxyHealth {
  return {
    nodeCluster,
    isFailing: () => proxy.state === 'draining' || proxy.state === 'closed' || isFailing(),
    hostsOf(clusterName) {
      const hosts = proxy.clusters().find(({ name }) => name === clusterName)?.hosts;
      return hosts && { total: hosts.length, healthy: hosts.filter(({ healthy }) => healthy).length };
    },
  };
}
