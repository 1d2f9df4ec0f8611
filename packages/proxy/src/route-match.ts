/** What the route table answers, and the table as the engine knows it: `router/` implements both. Pure. */
import type { Hash64, SubsetCriteria } from '@sluice/balancing';
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { ConfigSource, MaxStreamDuration, Metadata, Struct } from '@sluice/resources';
import type { RouteRateLimits } from './rate-limit-rule.ts';
import type { StreamInfo } from './stream-info.ts';
import type { FormatSource } from './substitution/format-source.ts';
import type { RouteTracingConfig } from './tracing/tracing-config.ts';
import type { TryPolicy } from './upstream/try-policy.ts';

/** Virtual hosts and routes, compiled. */
export interface RouteTable {
  readonly name: string;
  /** Headers that only internal clients may send, in lower case. Absent: none besides Envoy's own. */
  readonly internalOnlyHeaders?: readonly string[];
  /** By virtual host what of it has numbers of its own, as `countedName` has it. Absent: nothing. */
  readonly counted?: CountedNames;
  /** Where more virtual hosts come from than are there. Absent: these are all. */
  readonly discovery?: HostDiscovery;
  /** The first route that matches, with its weighted cluster chosen; by hash, where that is wanted, only of a stream. */
  match(head: RequestHead, random: Random, stream?: HashInput): RouteMatch | undefined;
  /** Why a request goes where it goes; for people, not for requests. Absent where tables were not compiled from resources. */
  explain?(head: RequestHead): RouteExplanation;
}

/** Of a table whose virtual hosts come one by one. */
export interface HostDiscovery {
  readonly source: ConfigSource;
  /** What of a request is looked for among the domains: its host, if nothing else was said. */
  hostOf(head: RequestHead): string;
  /** Whether some virtual host takes it. */
  has(host: string): boolean;
}

/** Virtual host → names of its virtual clusters and of its routes with a `stat_prefix`. */
export type CountedNames = ReadonlyMap<string, ReadonlySet<string>>;

export interface RouteExplanation {
  /** Absent when no domain takes the host. */
  readonly virtualHost?: string;
  /** In the order of the table, up to the one that takes the request. */
  readonly candidates: readonly { readonly route: string; readonly verdict: string }[];
  /** Of the route that takes it; undefined when none does. */
  readonly outcome: RouteAction | undefined;
}

/**
 * What to do with a request: an object of the compiled route table (one per route and weighted cluster), never
 * made for one request.
 */
export interface RouteMatch {
  readonly routeName: string;
  readonly virtualHostName: string;
  readonly action: RouteAction;
  /** What the route says about itself, for filters. Undefined when it says nothing. */
  readonly metadata?: ReadonlyMap<string, Struct> | undefined;
  /** What requests are counted by, for filters that limit rates. Undefined where nothing is said about it. */
  readonly rateLimits?: RouteRateLimits | undefined;
  /** Header mutations and rewrites towards the upstream, in Envoy's order. Undefined when there are none. */
  readonly changeRequest: ((head: RequestHead, info: StreamInfo) => void) | undefined;
  /** Header mutations of the response, whose values may quote the request. Undefined when there are none. */
  readonly changeResponse: ((head: ResponseHead, info: StreamInfo, request: RequestHead) => void) | undefined;
  /** How long a stream may last, in place of what its connection manager says. */
  readonly streamDuration: MaxStreamDuration | undefined;
  /** What the levels of the route say to filters, made by the filter's factory, by filter name; the most specific level first. */
  readonly perFilter: ReadonlyMap<string, readonly unknown[]>;
  /** Filters that this route switches on (true) or off, by name. Undefined when it leaves all as they are. */
  readonly filterSwitches: ReadonlyMap<string, boolean> | undefined;
  /** Which of the virtual host's kinds of requests this is. Absent: there are none. */
  readonly kindOf?: (head: RequestHead) => RequestKind | undefined;
  /** How its requests are traced, in place of what the connection manager says. */
  readonly tracing?: RouteTracingConfig;
  /** The name of its spans. Absent: the method, and the route's name. */
  readonly operation?: string;
  /** Its requests have numbers of their own: there is a kind of request or a `stat_prefix`. */
  readonly isCounted?: boolean;
  /** Counts the requests of a route with a `stat_prefix`. Absent: nobody does. */
  readonly statPrefix?: string;
  /** What the virtual host says about itself. Absent: nothing. */
  readonly virtualHostMetadata?: Metadata;
}

/** A virtual cluster: requests of a kind, counted by themselves. */
export interface RequestKind {
  readonly name: string;
}

export type RouteAction = ForwardAction | DirectResponseAction | RedirectAction;

export interface ForwardAction {
  readonly kind: 'forward';
  readonly clusterName: string;
  /** From the end of the request to the end of the response. Default 15 000, as Envoy's. 0: none. */
  readonly timeoutMs: number;
  /** Overrides the manager's `streamIdleTimeoutMs`; undefined inherits. */
  readonly idleTimeoutMs: number | undefined;
  /** How long a client may leave what is on its way to it; undefined inherits, and so does 0. */
  readonly flushTimeoutMs?: number | undefined;
  /** Upgrade tokens in lower case, and `CONNECT`, allowed or forbidden for this route; for others the manager's list holds. */
  readonly upgrades: ReadonlyMap<string, boolean>;
  /** The tunnel of a CONNECT ends here, as bytes to a host. Default false: the CONNECT goes on to it. */
  readonly terminatesConnect?: boolean;
  /** Status for a cluster that is not there. Default 503. */
  readonly clusterNotFoundStatus: number;
  /** Whether it counts against the limits of `priority: HIGH`, on connections of its own. */
  readonly isHighPriority: boolean;
  /** What is asked of the router beyond one plain try. Undefined: nothing. */
  readonly tries: TryPolicy | undefined;
  /** Where pickers that go by hash place a request; undefined for none. It may leave cookies for the client. */
  readonly hash: ((stream: HashInput) => Hash64 | undefined) | undefined;
  /** Which hosts will do, in clusters with subsets. Absent: any. */
  readonly subset?: SubsetCriteria | undefined;
}

/** What of a stream may say where it belongs. */
export interface HashInput {
  readonly request: RequestHead;
  readonly info: StreamInfo;
  /** The client's address without its port, as far as headers of trusted proxies tell. */
  readonly clientHost: string;
}

export interface DirectResponseAction {
  readonly kind: 'direct-response';
  readonly status: number;
  readonly body: string;
  /** Makes the body for a request, in place of `body`. */
  readonly format?: ((source: FormatSource) => string) | undefined;
  /** Default `text/plain`. */
  readonly contentType?: string;
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: number;
  /** Value of `location` for this request. */
  readonly location: (head: RequestHead) => string;
}
