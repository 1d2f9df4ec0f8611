/** How the hosts of a cluster are spoken to: over which TLS, or none, by what their metadata says. */
import { isDeepStrictEqual } from 'node:util';
import type { Host } from '@sluice/balancing';
import type { Meter } from '@sluice/kernel';
import type { Cluster, Struct, UpstreamTransportSocket } from '@sluice/resources';
import type { ClientTls } from './client-tls.ts';
import type { Report } from './data-files.ts';
import type { TlsRegistry } from './tls-registry.ts';
import { TlsStatistics } from './tls-statistics.ts';

export interface ClusterTransports {
  /** Undefined: bytes as they are. */
  of(host: Host): ClientTls | undefined;
}

/** Where hosts say which transport socket they want. */
const matchKey = 'envoy.transport_socket_match';

/** Undefined where all hosts are spoken to in bytes as they are. */
export function createClusterTransports({ statName, transportSocket, transportSocketMatches = [] }: Cluster, tls: TlsRegistry, meter: Meter, report: Report): ClusterTransports | undefined {
  const isTls = (socket: UpstreamTransportSocket | undefined) => socket?.kind === 'tls';
  if (!isTls(transportSocket) && !transportSocketMatches.some(({ socket }) => isTls(socket))) return undefined;
  const statistics = new TlsStatistics(meter, 'cluster', { envoy_cluster_name: statName });
  const make = (socket: UpstreamTransportSocket | undefined, path: string): ClientTls | undefined =>
    socket?.kind === 'tls' ? tls.client(socket.tls, statistics, (at, message) => report(at === '' ? path : `${path}.${at}`, message)) : undefined;
  const usual = make(transportSocket, 'transport_socket.typed_config');
  const matches = transportSocketMatches.map(({ match, socket }, index) => ({ match, transport: make(socket, `transport_socket_matches[${index}].transport_socket.typed_config`) }));
  if (matches.length === 0) return { of: () => usual };
  return {
    of(host) {
      const said = host.endpoint.metadata[matchKey] ?? {};
      const found = matches.find(({ match }) => holds(said, match));
      return found ? found.transport : usual;
    },
  };
}

function holds(said: Struct, wanted: Struct): boolean {
  return Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(said[key], value));
}
