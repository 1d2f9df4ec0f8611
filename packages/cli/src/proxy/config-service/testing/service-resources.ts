/** Small resources as JSON, and an upstream that answers with its name. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@sluice/xds';

export interface NamedUpstream {
  readonly port: number;
  stop(): void;
}

export async function startNamedUpstream(name: string): Promise<NamedUpstream> {
  const server = createServer((_request, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const http = 'type.googleapis.com/envoy.extensions.filters';

/** `routes` is a table of its own, or where it is to come from. */
export function listenerOf(name: string, routes: { readonly route_config: JsonObject } | { readonly rds: JsonObject }, more: JsonObject = {}): JsonObject & { readonly name: string } {
  const manager = {
    '@type': `${http}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    ...routes,
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': `${http}.http.router.v3.Router` } }],
  };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
    ...more,
  };
}

/** Everything to one cluster. */
export function routesTo(cluster: string, name = 'routes', more: JsonObject = {}): JsonObject & { readonly name: string } {
  return { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster } }] }], ...more };
}

export function staticCluster(name: string, port: number, more: JsonObject = {}): JsonObject & { readonly name: string } {
  return { name, type: 'STATIC', connect_timeout: '5s', load_assignment: endpointsOf(name, port), ...more };
}

export function edsCluster(name: string, source: JsonObject = { ads: {}, resource_api_version: 'V3' }, more: JsonObject = {}): JsonObject & { readonly name: string } {
  return { name, type: 'EDS', connect_timeout: '5s', eds_cluster_config: { eds_config: source }, ...more };
}

export function endpointsOf(cluster: string, port: number): JsonObject & { readonly cluster_name: string } {
  return { cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }] };
}

/** The cluster that leads to a config service. */
export function serviceCluster(name: string, ports: readonly number[], more: JsonObject = {}): JsonObject {
  const lbEndpoints = ports.map((port) => ({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }));
  return { name, type: 'STATIC', load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: lbEndpoints }] }, ...more };
}

export function apiSource(cluster: string, apiType = 'GRPC'): JsonObject {
  return { api_type: apiType, transport_api_version: 'V3', grpc_services: [{ envoy_grpc: { cluster_name: cluster } }] };
}
