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
  readonly clusterServiceName?: string;
  readonly endpoints: readonly EndpointStats[];
  readonly droppedRequests: number;
  /** The time really elapsed since the report before, in ms. */
  readonly intervalMs: number;
}

/** `envoy.config.endpoint.v3.UpstreamEndpointStats`. */
export interface EndpointStats {
  readonly address: { readonly host: string; readonly port: number };
  /** A gauge, at the moment of the report. */
  readonly requestsInProgress: number;
  readonly issuedRequests: number;
  readonly successfulRequests: number;
  readonly errorRequests: number;
  /** Named values (`load_metric_stats`); each counts as one finished request with that total. */
  readonly metrics: Readonly<Record<string, number>>;
}

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
} as const;
