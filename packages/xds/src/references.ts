/**
 * What resources point to. The client subscribes to what the resources it holds name; a snapshot is checked for
 * names that lead nowhere. Reads canonical JSON with a light hand: what is malformed names nothing, and is
 * somebody else's to refuse.
 */
import { isJsonObject, type JsonObject, type JsonValue } from './codec/json.ts';

/** The name under which a cluster's endpoints are asked for; absent when they do not come by discovery. */
export function endpointNameOf(cluster: JsonObject): string | undefined {
  if (cluster['type'] !== 'EDS') return undefined;
  const config = cluster['eds_cluster_config'];
  const serviceName = isJsonObject(config) ? config['service_name'] : undefined;
  if (typeof serviceName === 'string' && serviceName !== '') return serviceName;
  return typeof cluster['name'] === 'string' ? cluster['name'] : undefined;
}

/** The route configurations that a listener's connection managers take by discovery, each once. */
export function routeNamesOf(listener: JsonObject): readonly string[] {
  const filters = chainsOf(listener).flatMap((chain) => objectsIn(chain['filters']));
  const managers = filters.map((filter) => filter['typed_config']);
  const apiListener = listener['api_listener'];
  if (isJsonObject(apiListener)) managers.push(apiListener['api_listener']);
  const names = managers.flatMap((manager) => {
    const rds = isJsonObject(manager) ? manager['rds'] : undefined;
    const name = isJsonObject(rds) ? rds['route_config_name'] : undefined;
    return typeof name === 'string' ? [name] : [];
  });
  return [...new Set(names)];
}

/** The clusters that a route configuration may send requests to, each once. */
export function clusterNamesOf(routeConfiguration: JsonObject): readonly string[] {
  return [...new Set(objectsIn(routeConfiguration['virtual_hosts']).flatMap(clusterNamesOfHost))];
}

/** The clusters that a virtual host may send requests to, each once. */
export function clusterNamesOfHost(virtualHost: JsonObject): readonly string[] {
  const routes = objectsIn(virtualHost['routes']);
  const names = routes.flatMap((route) => {
    const action = route['route'];
    if (!isJsonObject(action)) return [];
    const weighted = action['weighted_clusters'];
    const splits = isJsonObject(weighted) ? objectsIn(weighted['clusters']).map((split) => split['name']) : [];
    return [action['cluster'], ...splits].filter((name) => typeof name === 'string');
  });
  return [...new Set(names)];
}

function chainsOf(listener: JsonObject): readonly JsonObject[] {
  const fallback = listener['default_filter_chain'];
  return [...objectsIn(listener['filter_chains']), ...(isJsonObject(fallback) ? [fallback] : [])];
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
