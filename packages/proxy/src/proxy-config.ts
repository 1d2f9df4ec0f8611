/**
 * What the engine runs on: one immutable value compiled from resources (`config/compile`), captured by each
 * stream at its start. Nothing in it is looked up in a resource again, and nothing in it is changed: a new
 * configuration is a new value in which unchanged parts are the same objects.
 */
import type { Address } from '@sluice/kernel';
import type { Cluster, ClusterLoadAssignment } from '@sluice/resources';
import type { HttpFilter } from './filters/filter.ts';
import type { Http2Options } from './http2-options.ts';
import type { Outcome } from './outcome.ts';
import type { RouteTable } from './route-match.ts';
import type { Stream } from './stream.ts';
import type { CircuitLimits } from './upstream/circuit-breaker.ts';

export interface ProxyConfig {
  /** Content hash of all resources in it. */
  readonly version: string;
  readonly listeners: ReadonlyMap<string, ListenerConfig>;
  readonly clusters: ReadonlyMap<string, ClusterConfig>;
}

export interface ListenerConfig {
  readonly name: string;
  /** Content hash of the listener resource, without the routes it asks for: when it changes, connections drain. */
  readonly version: string;
  readonly address: Address;
  readonly reusePort: boolean;
  /** Its traffic direction is INBOUND: `/drain_listeners?inboundonly` stops it. Default false. */
  readonly isInbound?: boolean;
  /** Most connections at once. Default 10 000, as Envoy's advice for edges. */
  readonly connectionsMax: number;
  /** Bytes that may wait for one slow peer before its counterpart is paused. Default 1 MiB as Envoy's. */
  readonly bufferBytesMax: number;
  /** In the order they are tried; the first that matches serves the connection. */
  readonly filterChains: readonly FilterChainConfig[];
}

export interface FilterChainConfig {
  readonly name: string;
  readonly manager: ConnectionManagerConfig;
}

/** HttpConnectionManager, compiled. A time of 0 means off. */
export interface ConnectionManagerConfig {
  readonly statPrefix: string;
  /** Undefined while the routes a listener asked for have not come: then nothing matches. */
  readonly routes: RouteTable | undefined;
  /** In order, the router last. The same objects as before as long as the listener resource is unchanged. */
  readonly filters: readonly HttpFilter[];
  /** The filters for a route that switches some on or off. Absent: no route does. */
  readonly filtersFor?: (switches: ReadonlyMap<string, boolean>) => readonly HttpFilter[];
  readonly accessLogs: readonly AccessLogConfig[];
  /** `server` of responses; overwrites the upstream's unless `serverHeaderMode` says otherwise. */
  readonly serverName: string;
  readonly serverHeaderMode: 'overwrite' | 'append-if-absent' | 'pass-through';
  /** Appended as `via` to both heads; empty for none. */
  readonly via: string;
  readonly useRemoteAddress: boolean;
  readonly skipForwardedForAppend: boolean;
  readonly trustedHops: number;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly acceptHttp10: boolean;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly stripPort: boolean;
  readonly rejectUnderscores: boolean;
  readonly dropUnderscores: boolean;
  /** Upgrade tokens in lower case that may become tunnels: `websocket`. */
  readonly upgrades: readonly string[];
  /** What connections speak. Default `auto`: HTTP/2 when they begin with its preface. */
  readonly codec?: 'auto' | 'http1' | 'http2';
  /** Of connections that speak HTTP/2. Default Envoy's. */
  readonly http2?: Http2Options;
  readonly headBytesMax: number;
  readonly headerCountMax: number;
  readonly requestHeadTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly streamDurationMaxMs: number;
  readonly idleTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  /** Requests on one connection, then it is closed. 0 is no limit. */
  readonly requestsPerConnectionMax: number;
}

export interface AccessLogConfig {
  /** Where lines go: a file's path, `/dev/stdout`, `/dev/stderr`. */
  readonly path: string;
  /** The whole line with its newline; empty when the filter of this log leaves the stream out. */
  format(stream: Stream, outcome: Outcome): string;
}

/** One cluster: what its runtime is made from or updated with. */
export interface ClusterConfig extends CircuitLimits {
  readonly name: string;
  /** Content hash of the cluster resource alone: when it changes, the runtime and its pools are replaced. */
  readonly version: string;
  readonly resource: Cluster;
  /** For EDS what came last, else what stands in the resource. Undefined while EDS has not answered. */
  readonly assignment: ClusterLoadAssignment | undefined;
  /** Content hash of the assignment: when only it changes, hosts are exchanged and pools of those that stay live on. */
  readonly assignmentVersion: string;
  readonly connectTimeoutMs: number;
  /** For requests of routes with `priority: HIGH`; what the cluster itself has is for all others. */
  readonly highPriority: CircuitLimits;
  /** Requests on one upstream connection, then it is closed. 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** An unused upstream connection is closed after this long. 0 is never. */
  readonly idleTimeoutMs: number;
}
