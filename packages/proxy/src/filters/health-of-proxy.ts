/** The health of a running proxy, as its filters may know it. */
import type { Proxy } from '../proxy-options.ts';
import type { ProxyHealth } from './proxy-health.ts';

export interface ProxyHealthOptions {
  readonly nodeCluster?: string;
}

export function healthOf(proxy: Proxy, { nodeCluster = '' }: ProxyHealthOptions = {}): ProxyHealth {
  return {
    nodeCluster,
    isFailing: () => proxy.state === 'draining' || proxy.state === 'closed' || proxy.isFailing,
    hostsOf(clusterName) {
      const hosts = proxy.clusters().find(({ name }) => name === clusterName)?.hosts;
      return hosts && { total: hosts.length, healthy: hosts.filter(({ healthy }) => healthy).length };
    },
  };
}
