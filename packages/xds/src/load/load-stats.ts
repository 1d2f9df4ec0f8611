/** The part of Envoy's load reporting messages that this product fills in and reads, as values. */
import type { Node } from '../discovery.ts';

/** `envoy.service.load_stats.v3.LoadStatsRequest`: proxy to server. */
export interface LoadStatsRequest {
  /** Present on the first request of a stream. */
  readonly node?: Node;
  readonly clusterStats: readonly ClusterStats[];
}

/** `envoy.config.endpoint.v3.ClusterStats`. Counts are since the report before. */
export interface ClusterStats {
  readonly clusterName: string;
  /** The name its endpoints go by, when that is another. */
  readonly clusterServiceName?: string;
  readonly localities: readonly LocalityStats[];
  /** All that were refused before an endpoint was chosen: by circuit breakers, by `drop_overloads`. */
  readonly droppedRequests: number;
  /** The part of them whose reason has a name, by it. */
  readonly droppedByCategory: Readonly<Record<string, number>>;
  /** The time really elapsed since the report before, in ms. */
  readonly intervalMs: number;
}

export interface RequestCounts {
  /** A gauge, at the moment of the report. */
  readonly requestsInProgress: number;
  readonly issuedRequests: number;
  readonly successfulRequests: number;
  readonly errorRequests: number;
}

/** `envoy.config.endpoint.v3.UpstreamLocalityStats`: all of a cluster's endpoints in one place, at one priority. */
export interface LocalityStats extends RequestCounts {
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly priority: number;
  readonly metrics: LoadMetrics;
  /** Only when the server asks for them. */
  readonly endpoints: readonly EndpointStats[];
}

/** `envoy.config.endpoint.v3.UpstreamEndpointStats`. */
export interface EndpointStats extends RequestCounts {
  readonly address: { readonly host: string; readonly port: number };
  readonly metrics: LoadMetrics;
}

/** Named values (`load_metric_stats`): over how many finished requests, and their sum. */
export type LoadMetrics = Readonly<Record<string, { readonly requests: number; readonly total: number }>>;

/** `envoy.service.load_stats.v3.LoadStatsResponse`: server to proxy. */
export interface LoadStatsResponse {
  /** Report on all clusters, listed or not. */
  readonly sendAllClusters: boolean;
  readonly clusters: readonly string[];
  readonly reportingIntervalMs: number;
  readonly reportEndpoints: boolean;
}

/**
 * Names of the values that ride in `load_metric_stats`. Envoy's own gauge is a point sample; scaling
 * needs means over time.
 */
export const loadMetrics = {
  concurrency: 'concurrency_avg',
  proxiedConcurrency: 'proxied_concurrency_avg',
  requests: 'request_count',
  proxiedRequests: 'proxied_request_count',
  /** In ms, and only in the report that follows. */
  coldStartWait: 'cold_start_wait_ms',
  coldStartFirstByte: 'cold_start_first_byte_ms',
} as const;
