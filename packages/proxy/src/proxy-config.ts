/**
 * What the engine runs on: one immutable value compiled from resources (`config/compile`), captured by each
 * stream at its start. Nothing in it is looked up in a resource again, and nothing in it is changed: a new
 * configuration is a new value in which unchanged parts are the same objects.
 */
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import type { ClientCertificateDetails, AccessLogOptions, Cluster, ClusterLoadAssignment } from '@sluice/resources';
import type { AccessLogConfig } from './access-log/access-log-config.ts';
import type { LocalReplyMapper } from './access-log/local-reply-mapper.ts';
import type { ChooseChain } from './downstream/chain-match.ts';
import type { ClientDetection, InternalAddresses } from './downstream/client-rules.ts';
import type { ListenerFilter } from './downstream/listener-filters/listener-filter.ts';
import type { ClusterTransports } from './tls/cluster-transports.ts';
import type { TransportSocket } from './downstream/transport-socket.ts';
import type { HttpFilter } from './filters/filter.ts';
import type { Http2Options } from './http2-options.ts';
import type { ConnectionGate } from './network-filters/connection-gate.ts';
import type { NetworkServerConfig } from './network-filters/network-server-config.ts';
import type { ForwardAction, RouteTable } from './route-match.ts';
import type { RetryRule } from './upstream/retry-rule.ts';
import type { CircuitLimits } from './upstream/circuit-breaker.ts';
import type { Mirror } from './upstream/try-policy.ts';
import type { StreamInfo } from './stream-info.ts';
import type { TracingConfig } from './tracing/tracing-config.ts';

export type { AccessLogConfig, LoggedStream } from './access-log/access-log-config.ts';

export interface ProxyConfig {
  /** Content hash of all resources in it. */
  readonly version: string;
  readonly listeners: ReadonlyMap<string, ListenerConfig>;
  readonly clusters: ReadonlyMap<string, ClusterConfig>;
}

export interface ListenerConfig {
  readonly name: string;
  /** Content hash of the listener resource, without the routes it asks for. */
  readonly version: string;
  /** Content hash of all of it but its chains: when it changes, all connections drain. Default: `version`. */
  readonly frameVersion?: string;
  readonly address: Address;
  /** Where it listens besides. */
  readonly additionalAddresses?: readonly Address[];
  /** Default true. False: connections come only from listeners that use the original destination. */
  readonly bindsToPort?: boolean;
  /** In place of the address in names of statistics. */
  readonly statPrefix?: string;
  readonly reusePort: boolean;
  /** Its traffic direction is INBOUND: `/drain_listeners?inboundonly` stops it. Default false. */
  readonly isInbound?: boolean;
  /** Connections that may wait to be accepted. Default 511. */
  readonly backlog?: number;
  /** As `ListenOptions` has it. */
  readonly keepaliveMs?: number;
  /** Most connections at once. Default 10 000, as Envoy's advice for edges. */
  readonly connectionsMax: number;
  /** Whether connections count against the limit of the whole process. Default true. */
  readonly countsGlobally?: boolean;
  /** Whether overload of the process is none of its business. Default false. */
  readonly bypassesOverload?: boolean;
  /** Bytes that may wait for one slow peer before its counterpart is paused. Default 1 MiB as Envoy's. */
  readonly bufferBytesMax: number;
  /** Who looks at connections before a chain is chosen. Absent: nobody does. */
  readonly inspection?: Inspection;
  /** Absent: the first chain serves all connections. */
  readonly chooseChain?: ChooseChain;
  /** Hands connections to the listener at their original destination, where there is one. Default false. */
  readonly usesOriginalDestination?: boolean;
  /** One line for each connection that no chain serves. */
  readonly accessLogs?: readonly AccessLogConfig[];
  readonly filterChains: readonly FilterChainConfig[];
}

export interface Inspection {
  readonly filters: readonly ListenerFilter[];
  /** For all filters together. 0 sets no limit. */
  readonly timeoutMs: number;
  /** Whether a connection that is not understood in time is served by what is known. */
  readonly continuesOnTimeout: boolean;
}

/** What is done with connections: by the HTTP connection manager, by another server, or, with neither, they are closed. */
export interface FilterChainConfig {
  readonly name: string;
  /** Content hash: a chain that stays the same keeps its connections. Default: the listener's version and its place. */
  readonly version?: string;
  /** Absent: bytes as they are. */
  readonly transportSocket?: TransportSocket;
  /** How long the transport socket may take, in ms. Default 0: no limit. */
  readonly transportSocketTimeoutMs?: number;
  /** Who may refuse connections, in order. Default nobody. */
  readonly gates?: readonly ConnectionGate[];
  readonly manager?: ConnectionManagerConfig;
  readonly server?: NetworkServerConfig;
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
  /** Absent: nothing is traced. */
  readonly tracing?: TracingConfig | undefined;
  /** When lines are written besides the end of a stream. Default never. */
  readonly logOccasions?: AccessLogOptions | undefined;
  /** What becomes of the proxy's own answers. Default nothing. */
  readonly mapLocalReply?: LocalReplyMapper;
  /** `server` of responses; overwrites the upstream's unless `serverHeaderMode` says otherwise. */
  readonly serverName: string;
  readonly serverHeaderMode: 'overwrite' | 'append-if-absent' | 'pass-through';
  /** Appended as `via` to both heads; empty for none. */
  readonly via: string;
  readonly useRemoteAddress: boolean;
  readonly skipForwardedForAppend: boolean;
  readonly trustedHops: number;
  /** Whose requests are internal. Default nobody's. */
  readonly internalAddresses?: InternalAddresses;
  /** How clients are found without `useRemoteAddress`, the first that finds one. Default by `x-forwarded-for`. */
  readonly clientDetections?: readonly ClientDetection[];
  /** Writes `x-forwarded-port`. Default false. */
  readonly appendsForwardedPort?: boolean;
  /** Which scheme a connection to one of these ports has. Default: what its transport says. */
  readonly protoByPort?: ReadonlyMap<number, 'http' | 'https'>;
  /** Without `useRemoteAddress`: writes no `x-forwarded-proto` where there is none. Default false. */
  readonly leavesForwardedProto?: boolean;
  /** What `x-forwarded-proto` says, whatever the client said. Default undefined: nothing. */
  readonly schemeToOverwrite?: 'http' | 'https' | undefined;
  /** What upstreams hear of clients' certificates. Default nothing. */
  readonly clientCertificates?: ClientCertificateDetails | undefined;
  /** What to call ourselves where a client brings no `user-agent`, and for the next proxy. Default undefined: nothing. */
  readonly userAgent?: string | undefined;
  /** For the next proxy, where there is a `userAgent`. */
  readonly nodeId?: string;
  /** Header rules that act before the client is known and the route is chosen. Default none. */
  readonly changeEarly?: (head: RequestHead, info: StreamInfo) => void;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  /** Identifiers that clients bring are not changed: they do not say why a request is traced. Default false. */
  readonly keepsRequestIds?: boolean;
  readonly acceptHttp10: boolean;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  /** What becomes of `%2F` and `%5C` in paths. Default `keep`. */
  readonly escapedSlashes?: 'keep' | 'reject' | 'redirect' | 'forward';
  /** Default `none`. */
  readonly stripPort?: 'none' | 'any' | 'matching';
  /** Takes the dot off the end of hosts. Default false. */
  readonly stripTrailingDot?: boolean;
  /** The host of requests in HTTP/1.0 that name none. Default: such are refused. */
  readonly defaultHost?: string;
  readonly rejectUnderscores: boolean;
  readonly dropUnderscores: boolean;
  /** Upgrade tokens in lower case that may become tunnels: `websocket`. `CONNECT` for the method. */
  readonly upgrades: readonly string[];
  /** Upgrades that are taken for not asked for. Default none. */
  readonly ignoresUpgrade?: ((token: string) => boolean) | undefined;
  /** Whether targets in absolute form are refused. Default false. */
  readonly refusesAbsoluteUrls?: boolean;
  /** Whether methods that no standard names are refused. Default false. */
  readonly refusesUnknownMethods?: boolean;
  /** Leaves it to the upstream to ask for bodies of requests with `expect: 100-continue`. Default false. */
  readonly proxiesContinue?: boolean;
  /** Keeps connections after requests that are wrong but delimited. Default false. */
  readonly keepsAfterBadRequests?: boolean;
  /** Whether trailers of HTTP/1 are dropped, both ways. Default false. */
  readonly dropsHttp1Trailers?: boolean;
  /** Writes names of response headers in HTTP/1 `Like-This`. Default false: as they are. */
  readonly usesProperCase?: boolean;
  /** What connections speak. Default `auto`: HTTP/2 when they begin with its preface. */
  readonly codec?: 'auto' | 'http1' | 'http2';
  /** Of connections that speak HTTP/2. Default Envoy's. */
  readonly http2?: Http2Options;
  /** Of what is kept of a request body for further tries and mirrors. Default 1 MiB, Envoy's buffer of a listener. */
  readonly bufferBytesMax?: number;
  readonly headBytesMax: number;
  readonly headerCountMax: number;
  readonly requestHeadTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  /** How long a client may leave what is on its way to it. Undefined and 0: `streamIdleTimeoutMs`. */
  readonly streamFlushTimeoutMs?: number | undefined;
  readonly streamDurationMaxMs: number;
  readonly idleTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  /** Requests on one connection, then it is closed. 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** Responses ask nobody to leave because health checks are made to fail. Default false. */
  readonly staysWhenFailing?: boolean;
  /** A connection takes no more requests after this long. Default 0: no limit. */
  readonly connectionDurationMaxMs?: number;
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
  /** Its secrets have not come: requests wait. Default false. */
  readonly awaitsSecrets?: boolean;
  /** How connections to hosts are secured. Absent: they are not. */
  readonly transports?: ClusterTransports;
  readonly connectTimeoutMs: number;
  /** For requests of routes with `priority: HIGH`; what the cluster itself has is for all others. */
  readonly highPriority: CircuitLimits;
  /** The cluster's own policy, in place of those of routes. */
  readonly retry?: RetryRule | undefined;
  /** Where a request belongs, in place of what routes say. Absent: they say. */
  readonly hash?: ForwardAction['hash'];
  /** Who gets copies, in place of the mirrors of routes. Absent: those. */
  readonly mirrors?: readonly Mirror[];
  /** Which responses count as failures of their host. Absent: 5xx. */
  readonly isFailure?: (head: ResponseHead) => boolean;
  /** How long one try may take, response and all. 0 is without limit. */
  readonly streamDurationMaxMs?: number;
  /** Connections to a host for each request there. Absent: 1. */
  readonly preconnectRatio?: number;
  /** An upstream connection is retired this long after it was opened. 0 is never. */
  readonly connectionDurationMaxMs?: number;
  /** Header lines of a response. Default 100, as Envoy. */
  readonly responseFieldsMax?: number | undefined;
  /** Bytes of the head of a response. Default 80 KiB over HTTP/1.1, 60 KiB over HTTP/2, as Envoy. */
  readonly responseHeadBytesMax?: number | undefined;
  /** Requests on one upstream connection, then it is closed. 0 is no limit. */
  readonly requestsPerConnectionMax: number;
  /** An unused upstream connection is closed after this long. 0 is never. */
  readonly idleTimeoutMs: number;
}
