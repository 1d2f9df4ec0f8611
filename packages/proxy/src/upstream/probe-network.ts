/** How a cluster's endpoint is probed by somebody who has no part in the engine: over what requests go to it, TLS and all. */
import type { Endpoint } from '@sluice/balancing';
import type { Network, Timers } from '@sluice/kernel';
import type { ClusterConfig } from '../proxy-config.ts';
import { SecuredNetwork } from './secured-network.ts';

/** The network as it is, where the endpoint is spoken to in the open. What is probed speaks HTTP/1.1. */
export function probeNetwork({ transports }: Pick<ClusterConfig, 'transports'>, endpoint: Pick<Endpoint, 'metadata'>, network: Network, timers: Timers): Network {
  const tls = transports?.of({ endpoint });
  return tls ? new SecuredNetwork(network, timers, tls, { serverName: undefined, checksServerName: false, alpnProtocols: ['http/1.1'], overridesAlpn: true }) : network;
}
