/**
 * What a resource refers to, and from where that is to come: endpoints of clusters, routes of listeners, virtual hosts of
 * routes, secrets, settings of filters.
 * Reads canonical JSON with a light hand: what is malformed refers to nothing, and is somebody else's to refuse.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../codec/json.ts';
import { endpointNameOf } from '../references.ts';
import { typeUrls, type TypeUrl } from '../type-urls.ts';
import type { Reference } from './reference-book.ts';

export interface SourcedReference extends Reference {
  /** An `envoy.config.core.v3.ConfigSource`; absent where none is said. */
  readonly source: JsonObject | undefined;
}

export function sourcedReferencesOf(typeUrl: TypeUrl, value: JsonObject): readonly SourcedReference[] {
  switch (typeUrl) {
    case typeUrls.cluster:
      return [...endpointsOf(value), ...secretsIn(value['transport_socket']), ...secretsIn(value['transport_socket_matches'])];
    case typeUrls.listener:
      return [...routesOf(value), ...extensionsOf(value), ...chainsOf(value).flatMap((chain) => secretsIn(chain['transport_socket']))];
    case typeUrls.routeConfiguration:
      return virtualHostsOf(value);
    default:
      return [];
  }
}

/** Whether a source is the aggregated stream that the resource itself came by. Where no source is said, that is meant. */
export function isAggregated(source: JsonObject | undefined): boolean {
  return source === undefined || isJsonObject(source['ads']) || isJsonObject(source['self']);
}

function endpointsOf(cluster: JsonObject): readonly SourcedReference[] {
  const name = endpointNameOf(cluster);
  if (name === undefined) return [];
  const config = cluster['eds_cluster_config'];
  return [reference(typeUrls.clusterLoadAssignment, name, isJsonObject(config) ? config['eds_config'] : undefined)];
}

function routesOf(listener: JsonObject): readonly SourcedReference[] {
  return managersOf(listener).flatMap((manager) => {
    const rds = isJsonObject(manager) ? manager['rds'] : undefined;
    const name = isJsonObject(rds) ? rds['route_config_name'] : undefined;
    return isJsonObject(rds) && typeof name === 'string' ? [reference(typeUrls.routeConfiguration, name, rds['config_source'])] : [];
  });
}

function extensionsOf(listener: JsonObject): readonly SourcedReference[] {
  return managersOf(listener).flatMap((manager) => (isJsonObject(manager) ? objectsIn(manager['http_filters']) : [])).flatMap(({ name, config_discovery: discovery }) =>
    typeof name === 'string' && isJsonObject(discovery) ? [reference(typeUrls.extensionConfig, name, discovery['config_source'])] : [],
  );
}

function managersOf(listener: JsonObject): readonly (JsonValue | undefined)[] {
  const managers = chainsOf(listener).flatMap((chain) => objectsIn(chain['filters']).map((filter) => filter['typed_config']));
  const apiListener = listener['api_listener'];
  return isJsonObject(apiListener) ? [...managers, apiListener['api_listener']] : managers;
}

/** A table names none of its hosts: all are asked for, and are told by their names whose they are. */
function virtualHostsOf({ vhds }: JsonObject): readonly SourcedReference[] {
  return isJsonObject(vhds) ? [reference(typeUrls.virtualHost, '*', vhds['config_source'])] : [];
}

/** A secret without a source is the bootstrap's. */
function secretsIn(value: JsonValue | undefined): readonly SourcedReference[] {
  if (Array.isArray(value)) return value.flatMap((element: JsonValue) => secretsIn(element));
  if (!isJsonObject(value)) return [];
  const { name, sds_config: source } = value;
  if (typeof name === 'string' && isJsonObject(source)) return [reference(typeUrls.secret, name, source)];
  return Object.values(value).flatMap(secretsIn);
}

function reference(typeUrl: TypeUrl, name: string, source: JsonValue | undefined): SourcedReference {
  const given = isJsonObject(source) ? source : undefined;
  const timeoutMs = durationMs(given?.['initial_fetch_timeout']);
  return { typeUrl, name, source: given, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function durationMs(value: JsonValue | undefined): number | undefined {
  if (typeof value !== 'string' || !/^\d+(\.\d+)?s$/.test(value)) return undefined;
  return Number(value.slice(0, -1)) * 1000;
}

function chainsOf(listener: JsonObject): readonly JsonObject[] {
  const fallback = listener['default_filter_chain'];
  return [...objectsIn(listener['filter_chains']), ...(isJsonObject(fallback) ? [fallback] : [])];
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
