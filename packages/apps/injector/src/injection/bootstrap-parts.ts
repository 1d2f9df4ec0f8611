/** The parts of which a bootstrap is made, and where a pod's proxy may listen. Pure. */
import type { PodSettings } from './pod-settings.ts';

export type Config = Readonly<Record<string, unknown>>;

/** Where listeners are, and under which numbers ports are found. */
export interface Places {
  /** For everybody. */
  readonly anywhere: string;
  /** For the pod's own programs: each of these. */
  readonly inside: readonly [string, ...string[]];
  port(port: number): number | string;
}

/** What the kubelet puts in for names: the pod's address, and what has become of a port. */
export const podAddressReference = '$(POD_IP)';
const references = /\$(?!\((?:POD_IP|SLUICE_PORT_\d+)\))/g;
const portReference = /\$\(SLUICE_PORT_(\d+)\)/g;

export function placesOf({ ipFamilies, addresses }: Pick<PodSettings, 'ipFamilies' | 'addresses'>): Places {
  // On one machine's network all pods share 0.0.0.0 and 127.0.0.1, and ports may have been exchanged for others.
  if (addresses === 'shared') return { anywhere: podAddressReference, inside: [podAddressReference], port: (port) => `$(SLUICE_PORT_${port})` };
  const loopbacks = ipFamilies.map((family) => (family === 'IPv4' ? '127.0.0.1' : '::1'));
  const [first = '127.0.0.1', ...others] = loopbacks;
  // One socket takes both families, where a pod has both.
  return { anywhere: ipFamilies.includes('IPv6') ? '::' : '0.0.0.0', inside: [first, ...others], port: (port) => port };
}

/** As an argument of a container, in which a kubelet puts in what is meant to be put in and nothing else. */
export function argumentText(config: Config): string {
  return JSON.stringify(config).replaceAll(references, '$$$$');
}

/** The ports whose numbers are to be put in. */
export function referredPorts(text: string): number[] {
  return [...new Set([...text.matchAll(portReference)].map(([, port]) => Number(port)))].toSorted((a, b) => a - b);
}

export function listener(name: string, host: string, port: number | string, networkFilter: Config): Config {
  return { name, address: address(host, port), filter_chains: [{ filters: [networkFilter] }] };
}

/** @param routes what leads where, or where that is said */
export function httpManager(name: string, routes: readonly Config[] | { readonly rds: Config }, filters: readonly Config[] = []): Config {
  return filter('http_connection_manager', 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: name,
    ...('rds' in routes ? routes : { route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] } }),
    http_filters: [...filters, filter('router', 'envoy.extensions.filters.http.router.v3.Router', {})],
  });
}

export function tcpProxy(clusterName: string, name = clusterName): Config {
  return filter('tcp_proxy', 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: name, cluster: clusterName });
}

export function filter(name: string, type: string, config: Config): Config {
  const area = type.includes('.filters.http.') ? 'http' : 'network';
  return { name: `envoy.filters.${area}.${name}`, typed_config: { '@type': `type.googleapis.com/${type}`, ...config } };
}

export function cluster(name: string, port: number | string, host = '127.0.0.1'): Config {
  const endpoint = { endpoint: { address: address(host, port) } };
  return { name, type: 'STATIC', connect_timeout: '5s', load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] } };
}

/** HTTP/2 without asking first. */
export const http2Options: Config = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions', explicit_http_config: { http2_protocol_options: {} } },
};

export function address(host: string, port: number | string): Config {
  return { socket_address: { address: host, port_value: port } };
}

export function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
