/** How the hosts of a cluster are spoken to: over which TLS, or none, and after which header, by what their metadata says. */
import { isDeepStrictEqual } from 'node:util';
import type { Host } from '@sluice/balancing';
import type { Meter } from '@sluice/kernel';
import { transportSocketMatchKey, type Cluster, type Struct, type UpstreamTransportSocket } from '@sluice/resources';
import { ProxyPreambles } from '../upstream/proxy-preambles.ts';
import type { ClientTls } from './client-tls.ts';
import type { Report } from './data-files.ts';
import type { TlsRegistry } from './tls-registry.ts';
import { TlsStatistics } from './tls-statistics.ts';

export interface ClusterTransports {
  /** Undefined: bytes as they are. */
  of(host: Described): ClientTls | undefined;
  /** Undefined: connections begin with nothing of ours. */
  preamblesOf(host: Host): ProxyPreambles | undefined;
}

/** What is looked at of a host. */
interface Described {
  readonly endpoint: Pick<Host['endpoint'], 'metadata'>;
}

/** What one transport socket comes to. */
interface Transport {
  readonly tls: ClientTls | undefined;
  readonly preambles: ProxyPreambles | undefined;
}

/** Undefined where all hosts are spoken to in bytes as they are, from the first. */
export function createClusterTransports({ statName, transportSocket, transportSocketMatches = [] }: Cluster, tls: TlsRegistry, meter: Meter, report: Report): ClusterTransports | undefined {
  const sockets = [transportSocket, ...transportSocketMatches.map(({ socket }) => socket)];
  const usesTls = sockets.some((socket) => socket?.kind === 'tls');
  if (!usesTls && !sockets.some((socket) => socket?.proxyProtocol)) return undefined;
  const statistics = usesTls ? new TlsStatistics(meter, 'cluster', { envoy_cluster_name: statName }) : undefined;
  const make = (socket: UpstreamTransportSocket | undefined, path: string): Transport => {
    const { proxyProtocol } = socket ?? {};
    const at = proxyProtocol ? `${path}.transport_socket.typed_config` : path;
    return {
      tls: socket?.kind === 'tls' && statistics ? tls.client(socket.tls, statistics, (inner, message) => report(inner === '' ? at : `${at}.${inner}`, message)) : undefined,
      preambles: proxyProtocol && new ProxyPreambles(proxyProtocol),
    };
  };
  const usual = make(transportSocket, 'transport_socket.typed_config');
  const matches = transportSocketMatches.map(({ match, socket }, index) => ({ match, transport: make(socket, `transport_socket_matches[${index}].transport_socket.typed_config`) }));
  const transportOf = (host: Described): Transport => {
    if (matches.length === 0) return usual;
    const said = host.endpoint.metadata[transportSocketMatchKey] ?? {};
    return matches.find(({ match }) => holds(said, match))?.transport ?? usual;
  };
  return { of: (host) => transportOf(host).tls, preamblesOf: (host) => transportOf(host).preambles };
}

function holds(said: Struct, wanted: Struct): boolean {
  return Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(said[key], value));
}
