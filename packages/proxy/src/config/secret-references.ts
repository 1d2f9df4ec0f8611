/** Which secrets listeners and clusters cannot do without. */
import { downstreamTlsContextTypeName, secretsOf, secretsOfDownstream, type Cluster, type DownstreamTlsContext, type FilterChain, type Listener, type UpstreamTransportSocket } from '@sluice/resources';

const none: readonly never[] = [];

export function secretNamesOfListener({ filterChains, defaultFilterChain }: Listener): readonly string[] {
  const chains: readonly FilterChain[] = defaultFilterChain ? [...filterChains, defaultFilterChain] : filterChains;
  return chains.flatMap(({ transportSocket }): readonly string[] => {
    if (transportSocket?.typeName !== downstreamTlsContextTypeName) return none;
    return secretsOfDownstream(transportSocket.config as DownstreamTlsContext).map(({ name }) => name);
  });
}

export function secretNamesOfCluster({ transportSocket, transportSocketMatches = none }: Cluster): readonly string[] {
  if (!transportSocket && transportSocketMatches.length === 0) return none;
  const sockets = [transportSocket, ...transportSocketMatches.map(({ socket }) => socket)];
  return sockets.flatMap((socket) => namesOf(socket));
}

function namesOf(socket: UpstreamTransportSocket | undefined): readonly string[] {
  return socket?.kind === 'tls' ? secretsOf(socket.tls.common).map(({ name }) => name) : none;
}
