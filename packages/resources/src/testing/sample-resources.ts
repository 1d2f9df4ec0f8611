/** Small valid resources as canonical JSON, for tests of whatever consumes them. Each names what it takes for granted. */
import { parseAddress } from '@sluice/kernel';

/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** `{"@type": …}` in front of the fields of a typed config. */
export function typed(typeName: string, fields: Json = {}): Json {
  return { '@type': `type.googleapis.com/${typeName}`, ...fields };
}

/** A typed config of a type without a proto of its own. */
export function typedStruct(typeName: string, value: Json): Json {
  return typed('xds.type.v3.TypedStruct', { type_url: `type.googleapis.com/${typeName}`, value });
}

export function socketAddress(host: string, port: number): Json {
  return { socket_address: { address: host, port_value: port } };
}

export const routerFilterJson: Json = {
  name: 'envoy.filters.http.router',
  typed_config: typed('envoy.extensions.filters.http.router.v3.Router'),
};

/** The connection manager: the router only, unless `fields` say more. Give `route_config` or `rds`. */
export function connectionManagerJson(fields: Json): Json {
  return typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'test',
    http_filters: [routerFilterJson],
    ...fields,
  });
}

/** A listener on a free loopback port with one chain. */
export function listenerJson(name: string, manager: Json, address: Json = socketAddress('127.0.0.1', 0)): Json {
  return { name, address, filter_chains: [{ filters: [{ name: 'http', typed_config: connectionManagerJson(manager) }] }] };
}

/** A table with one virtual host for every domain. */
export function routesJson(name: string, routes: readonly Json[]): Json {
  return { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes }] };
}

/** A route for every path. */
export function routeTo(cluster: string, fields: Json = {}): Json {
  return { match: { prefix: '/' }, route: { cluster, ...fields } };
}

/** An endpoint out of `host:port`. */
export function endpointJson(hostAndPort: string, fields: Json = {}): Json {
  const { host, port } = parseAddress(hostAndPort);
  return { endpoint: { address: socketAddress(host, port) }, ...fields };
}

export function assignmentJson(clusterName: string, endpoints: readonly (string | Json)[]): Json {
  const lbEndpoints = endpoints.map((endpoint) => (typeof endpoint === 'string' ? endpointJson(endpoint) : endpoint));
  return { cluster_name: clusterName, endpoints: [{ lb_endpoints: lbEndpoints }] };
}

/** A cluster that holds its endpoints itself. */
export function staticClusterJson(name: string, endpoints: readonly (string | Json)[], fields: Json = {}): Json {
  return { name, load_assignment: assignmentJson(name, endpoints), ...fields };
}

/** A cluster whose endpoints come by EDS. */
export function edsClusterJson(name: string, fields: Json = {}): Json {
  return { name, type: 'EDS', eds_cluster_config: { eds_config: { ads: {} } }, ...fields };
}
