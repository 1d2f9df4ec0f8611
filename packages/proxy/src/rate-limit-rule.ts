/** What filters that limit rates find at a route: how a request is counted. */
import type { RequestHead } from '@sluice/http';
import type { Struct } from '@sluice/resources';
import type { StreamInfo } from './stream-info.ts';

export interface RateLimitInput {
  readonly request: RequestHead;
  readonly info: StreamInfo;
  /** The client's address without its port, as far as headers of trusted proxies tell. */
  readonly clientHost: string;
  /** Where the request goes; empty for nowhere. */
  readonly clusterName: string;
  readonly routeMetadata: ReadonlyMap<string, Struct> | undefined;
  /** Name of the group of nodes that the proxy belongs to. */
  readonly nodeCluster: string;
}

export interface RateLimitRule {
  readonly stage: number;
  /** Undefined for requests that it does not concern. */
  descriptorOf(input: RateLimitInput): RateLimitDescriptor | undefined;
}

export interface RateLimitEntry {
  readonly key: string;
  readonly value: string;
}

export interface RateLimitDescriptor {
  readonly entries: readonly RateLimitEntry[];
  /** In place of the limit that a service has for it; `unit` by its number in Envoy's enum. */
  readonly limit: { readonly requestsPerUnit: number; readonly unit: number } | undefined;
  /** Undefined: as the filter says. */
  readonly hitsAddend: number | undefined;
}

/** The limits of a route. */
export interface RouteRateLimits {
  readonly route: readonly RateLimitRule[];
  readonly virtualHost: readonly RateLimitRule[];
  /** Whether those of the virtual host count though the route has its own. */
  readonly includesVirtualHost: boolean;
}
