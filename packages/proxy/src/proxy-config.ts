/**
 * What the engine runs on: one immutable value compiled from resources (`config/compile`), captured by each
 * stream at its start. Nothing in it is looked up in a resource again, and nothing in it is changed: a new
 * configuration is a new value in which unchanged parts are the same objects.
 */
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { Address, Random } from '@sluice/kernel';
import type { Cluster, ClusterLoadAssignment } from '@sluice/resources';
import type { HttpFilter } from './filters/filter.ts';
import type { Outcome } from './outcome.ts';
import type { Stream } from './stream.ts';

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

/** Virtual hosts and routes, compiled. Pure. */
export interface RouteTable {
  readonly name: string;
  /** The first route that matches, with its weighted cluster chosen. */
  match(head: RequestHead, random: Random): RouteMatch | undefined;
}

/**
 * What to do with a request: an object of the compiled route table (one per route and weighted cluster), never
 * made for one request.
 */
export interface RouteMatch {
  readonly routeName: string;
  readonly virtualHostName: string;
  readonly action: RouteAction;
  /** Header mutations and rewrites towards the upstream, in Envoy's order. Absent when there are none. */
  readonly changeRequest?: (stream: Stream) => void;
  /** Header mutations of the response. Absent when there are none. */
  readonly changeResponse?: (head: ResponseHead, stream: Stream) => void;
  /** Configuration per filter, decoded by that filter's factory, by filter name. */
  readonly perFilter: ReadonlyMap<string, unknown>;
}

export type RouteAction = ForwardAction | DirectResponseAction | RedirectAction;

export interface ForwardAction {
  readonly kind: 'forward';
  readonly clusterName: string;
  /** From the end of the request to the end of the response. Default 15 000, as Envoy's. 0: none. */
  readonly timeoutMs: number;
  /** Overrides the manager's `streamIdleTimeoutMs`; undefined inherits. */
  readonly idleTimeoutMs: number | undefined;
  /** Tokens allowed or forbidden for this route only, else the manager's list holds. */
  readonly upgrades: ReadonlyMap<string, boolean>;
  /** Status for a cluster that is not there. Default 503. */
  readonly clusterNotFoundStatus: number;
  /** Input of hash policies, of `metadata_match` and the like, as the picker wants it; undefined for none. */
  readonly hash?: (head: RequestHead) => number | undefined;
}

export interface DirectResponseAction {
  readonly kind: 'direct-response';
  readonly status: number;
  readonly body: string;
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: number;
  /** Value of `location` for this request. */
  readonly location: (head: RequestHead) => string;
}

/** One cluster: what its runtime is made from or updated with. */
export interface ClusterConfig {
  readonly name: string;
  /** Content hash of the cluster resource alone: when it changes, the runtime and its pools are replaced. */
  readonly version: string;
  readonly resource: Cluster;
  /** For EDS what came last, else what stands in the resource. Undefined while EDS has not answered. */
  readonly assignment: ClusterLoadAssignment | undefined;
  /** Content hash of the assignment: when only it changes, hosts are exchanged and pools of those that stay live on. */
  readonly assignmentVersion: string;
  readonly connectTimeoutMs: number;
  readonly connectionsMax: number;
  readonly pendingRequestsMax: number;
  readonly requestsMax: number;
  readonly retriesMax: number;
  /** Requests on one upstream connection, then it is closed. 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** An unused upstream connection is closed after this long. 0 is never. */
  readonly idleTimeoutMs: number;
}
