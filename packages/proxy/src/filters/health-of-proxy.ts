/** The health of a running proxy, as its filters may know it. */
import type { Proxy } from '../proxy-options.ts';
import type { ProxyHealth } from './proxy-health.ts';

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
