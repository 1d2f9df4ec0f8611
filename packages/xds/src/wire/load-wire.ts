/** Load messages as bytes: Envoy's load reporting, and our own load service. */
import type { Codec, DecodedMessage } from '../codec/codec.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../codec/json.ts';
import type {
  ClusterStats,
  EndpointStats,
  LoadMetrics,
  LoadStatsRequest,
  LoadStatsResponse,
  LocalityStats,
  RequestCounts,
} from '../load/load-stats.ts';
import type { StreamLoadRequest } from '../load/revision-load.ts';
import { checked, nodeFrom, nodeJson } from './discovery-wire.ts';

const statsRequestName = 'envoy.service.load_stats.v3.LoadStatsRequest';
const statsResponseName = 'envoy.service.load_stats.v3.LoadStatsResponse';
const loadRequestName = 'sluice.load.v1.StreamLoadRequest';

export function encodeLoadStatsRequest(request: LoadStatsRequest, codec: Codec): Uint8Array {
  return encode(codec, statsRequestName, {
    ...(request.node === undefined ? {} : { node: nodeJson(request.node) }),
    cluster_stats: request.clusterStats.map(clusterStatsJson),
  });
}

export function decodeLoadStatsRequest(bytes: Uint8Array, codec: Codec): LoadStatsRequest {
  const value = decode(codec, statsRequestName, bytes);
  const { node } = value;
  return {
    ...(isJsonObject(node) ? { node: nodeFrom(node) } : {}),
    clusterStats: objects(value['cluster_stats']).map(clusterStatsFrom),
  };
}

export function encodeLoadStatsResponse(response: LoadStatsResponse, codec: Codec): Uint8Array {
  return encode(codec, statsResponseName, {
    clusters: response.clusters,
    send_all_clusters: response.sendAllClusters,
    load_reporting_interval: durationJson(response.reportingIntervalMs),
    report_endpoint_granularity: response.reportEndpoints,
  });
}

export function decodeLoadStatsResponse(bytes: Uint8Array, codec: Codec): LoadStatsResponse {
  const value = decode(codec, statsResponseName, bytes);
  const { clusters } = value;
  return {
    clusters: Array.isArray(clusters) ? clusters.map(String) : [],
    sendAllClusters: value['send_all_clusters'] === true,
    reportingIntervalMs: durationMs(value['load_reporting_interval']),
    reportEndpoints: value['report_endpoint_granularity'] === true,
  };
}

function clusterStatsJson(stats: ClusterStats): JsonObject {
  return {
    cluster_name: stats.clusterName,
    ...(stats.clusterServiceName === undefined ? {} : { cluster_service_name: stats.clusterServiceName }),
    total_dropped_requests: stats.droppedRequests,
    dropped_requests: Object.entries(stats.droppedByCategory).map(([category, count]) => ({
      category,
      dropped_count: count,
    })),
    load_report_interval: durationJson(stats.intervalMs),
    upstream_locality_stats: stats.localities.map(localityStatsJson),
  };
}

function localityStatsJson({ locality, priority, endpoints, ...stats }: LocalityStats): JsonObject {
  const { region, zone, subZone } = locality;
  const isNamed = region !== '' || zone !== '' || subZone !== '';
  return {
    ...(isNamed ? { locality: { region, zone, sub_zone: subZone } } : {}),
    priority,
    ...countsJson(stats),
    load_metric_stats: metricsJson(stats.metrics),
    upstream_endpoint_stats: endpoints.map(endpointStatsJson),
  };
}

function endpointStatsJson({ address, ...stats }: EndpointStats): JsonObject {
  return {
    address: { socket_address: { address: address.host, port_value: address.port } },
    ...countsJson(stats),
    load_metric_stats: metricsJson(stats.metrics),
  };
}

function countsJson(counts: RequestCounts): JsonObject {
  return {
    total_successful_requests: counts.successfulRequests,
    total_requests_in_progress: counts.requestsInProgress,
    total_error_requests: counts.errorRequests,
    total_issued_requests: counts.issuedRequests,
  };
}

function metricsJson(metrics: LoadMetrics): JsonValue {
  return Object.entries(metrics).map(([name, { requests, total }]) => ({
    metric_name: name,
    num_requests_finished_with_metric: requests,
    total_metric_value: total,
  }));
}

function clusterStatsFrom(json: JsonObject): ClusterStats {
  const serviceName = json['cluster_service_name'];
  const dropped = objects(json['dropped_requests']);
  return {
    clusterName: text(json['cluster_name']),
    ...(typeof serviceName === 'string' ? { clusterServiceName: serviceName } : {}),
    droppedRequests: number(json['total_dropped_requests']),
    droppedByCategory: Object.fromEntries(dropped.map((one) => [text(one['category']), number(one['dropped_count'])])),
    intervalMs: durationMs(json['load_report_interval']),
    localities: objects(json['upstream_locality_stats']).map(localityStatsFrom),
  };
}

function localityStatsFrom(json: JsonObject): LocalityStats {
  const locality = isJsonObject(json['locality']) ? json['locality'] : {};
  return {
    locality: { region: text(locality['region']), zone: text(locality['zone']), subZone: text(locality['sub_zone']) },
    priority: number(json['priority']),
    ...countsFrom(json),
    metrics: metricsFrom(json),
    endpoints: objects(json['upstream_endpoint_stats']).map(endpointStatsFrom),
  };
}

function endpointStatsFrom(json: JsonObject): EndpointStats {
  const { address } = json;
  const socket = isJsonObject(address) ? address['socket_address'] : undefined;
  return {
    address: {
      host: isJsonObject(socket) ? text(socket['address']) : '',
      port: isJsonObject(socket) ? number(socket['port_value']) : 0,
    },
    ...countsFrom(json),
    metrics: metricsFrom(json),
  };
}

function countsFrom(json: JsonObject): RequestCounts {
  return {
    requestsInProgress: number(json['total_requests_in_progress']),
    issuedRequests: number(json['total_issued_requests']),
    successfulRequests: number(json['total_successful_requests']),
    errorRequests: number(json['total_error_requests']),
  };
}

function metricsFrom(json: JsonObject): LoadMetrics {
  const metrics = objects(json['load_metric_stats']).map((metric): [string, LoadMetrics[string]] => [
    text(metric['metric_name']),
    { requests: number(metric['num_requests_finished_with_metric']), total: number(metric['total_metric_value']) },
  ]);
  return Object.fromEntries(metrics);
}

export function encodeStreamLoadRequest(request: StreamLoadRequest, codec: Codec): Uint8Array {
  return encode(codec, loadRequestName, { subscriber: request.subscriber, namespaces: request.namespaces });
}

export function decodeStreamLoadRequest(bytes: Uint8Array, codec: Codec): StreamLoadRequest {
  const value = decode(codec, loadRequestName, bytes);
  const { namespaces } = value;
  return {
    subscriber: String(value['subscriber'] ?? ''),
    namespaces: Array.isArray(namespaces) ? namespaces.map(String) : [],
  };
}

function encode(codec: Codec, messageName: string, value: JsonObject): Uint8Array {
  return checked(codec.encode(messageName, value), messageName);
}

function decode(codec: Codec, messageName: string, bytes: Uint8Array): JsonObject {
  return checked<DecodedMessage>(codec.decode(messageName, bytes), messageName).value;
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function number(value: JsonValue | undefined): number {
  return value === undefined ? 0 : Number(value);
}

function durationJson(ms: number): string {
  return `${(ms / 1000).toFixed(6).replace(/\.?0+$/, '')}s`;
}

function durationMs(value: JsonValue | undefined): number {
  return typeof value === 'string' ? Number(value.slice(0, -1)) * 1000 : 0;
}
