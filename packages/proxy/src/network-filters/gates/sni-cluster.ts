/** `envoy.filters.network.sni_cluster`: the cluster of a connection is called as the server that its client asks for. */
import { MessageReader } from '@sluice/resources';
import type { ConnectionGate } from '../connection-gate.ts';
import { defineNetworkFilter } from '../network-filter.ts';

export const sniClusterTypeName = 'envoy.extensions.filters.network.sni_cluster.v3.SniCluster';

export const sniClusterFactory = defineNetworkFilter<object>({
  typeName: sniClusterTypeName,
  isTerminal: false,
  read(json, scope) {
    const reader = MessageReader.open(json, scope);
    reader?.done();
    return reader && {};
  },
  create: () => ({ kind: 'gate', gate: sniCluster }),
});

const sniCluster: ConnectionGate = {
  admit(info) {
    if (info.serverName !== '') info.cluster = info.serverName;
    return true;
  },
};
