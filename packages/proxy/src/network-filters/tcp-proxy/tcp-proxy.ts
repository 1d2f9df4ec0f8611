/** `envoy.filters.network.tcp_proxy`: bytes to a cluster and back, whatever they mean. */
import { SubsetCriteria } from '@sluice/balancing';
import { defineNetworkFilter } from '../network-filter.ts';
import { readTcpProxy, tcpProxyTypeName, type TcpProxyConfig } from './tcp-proxy-config.ts';

export const tcpProxyFactory = defineNetworkFilter<TcpProxyConfig>({
  typeName: tcpProxyTypeName,
  isTerminal: true,
  read: readTcpProxy,
  create: (config, context) => ({
    kind: 'server',
    server: {
      kind: 'tcp-proxy',
      statPrefix: config.statPrefix,
      targets: config.clusters.map(({ name, weight, metadataMatch }) => ({
        cluster: name,
        weight,
        subset: metadataMatch && new SubsetCriteria(metadataMatch),
      })),
      idleTimeoutMs: config.idleTimeoutMs,
      durationMaxMs: config.durationMaxMs,
      connectAttemptsMax: config.connectAttemptsMax,
      hashesSourceIp: config.hashesSourceIp,
      accessLogs: context.compileAccessLogs(config.accessLogs, 'access_log'),
    },
  }),
});
