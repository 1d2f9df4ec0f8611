/** What a proxy is made of and what can be asked of it. */
import type { Buffer } from 'node:buffer';
import type { EndpointLocality } from '@sluice/balancing';
import type { Address, Clock, Logger, Meter, Network, Problem, Random, Resolver, Timers, Tracer } from '@sluice/kernel';
import type { OverloadManager } from '@sluice/resources';
import type { DrainStrategy } from './drain.ts';
import type { ProcessReadings } from './overload/overload-manager.ts';
import type { ProxyConfig } from './proxy-config.ts';
import type { Runtime } from './runtime/runtime.ts';
import type { IdleLimits } from './upstream/idle-room.ts';
import type { AsyncClient } from './upstream/async-client.ts';
import type { ClusterLoad, LoadQuery } from './upstream/cluster-load.ts';

export interface ProxyOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  /** For clusters whose hosts are given by name. Without one, names stay unknown. */
  readonly resolver?: Resolver | undefined;
  readonly clusterManager?: ClusterManagerSettings | undefined;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Where access logs go: called once per path, and what it gets is whole lines. */
  readonly openAccessLog?: (path: string) => AccessLogOutput;
  /** How long a line of an access log may wait, in ms. Default 100. */
  readonly logDelayMsMax?: number;
  /** How often timeouts are looked at, in ms. Default 50: a timeout fires at most this much too late. */
  readonly sweepPeriodMs?: number;
  /** How long connections may last whose listener or filter chain has gone, in ms. Default 600 000, Envoy's `--drain-time-s`. */
  readonly listenerDrainMs?: number;
  /** Sets limits of connections. Default: says nothing. */
  readonly runtime?: Runtime;
  /** Where spans go of connection managers with `tracing`. Default nowhere; traces are passed on all the same. */
  readonly tracer?: Tracer | undefined;
  /** What it watches of its process. Default nothing. */
  readonly overload?: { readonly config: OverloadManager; readonly readings: ProcessReadings } | undefined;
}

/** What holds for all clusters. Plain data. */
export interface ClusterManagerSettings {
  /** Where this proxy runs, and the cluster that it and its like are the hosts of. Default: nobody knows, so zones do not count. */
  readonly localZone?: { readonly clusterName: string; readonly locality: EndpointLocality } | undefined;
  /** Where ejections are told of, a line of JSON for each. Default: only in the log. */
  readonly outlierEventLogPath?: string | undefined;
  /** Where connections of clusters that do not say so come from. Default: what the system chooses. */
  readonly localAddress?: Address | undefined;
  /** How many connections of HTTP/1.1 to hosts may lie idle, with a counter of those closed for it. Default: no limit but time. */
  readonly idleConnections?: IdleLimits | undefined;
}

export interface AccessLogOutput {
  /** Whole lines of UTF-8. The memory is the receiver's from now on. */
  write(lines: Buffer): void;
  close?(): void;
  /** The file has been moved away: what comes goes to a new one of its name. */
  reopen?(): void;
}

/** `created → starting → ready ⇄ … → draining → closed`; never backwards. */
export type ProxyState = 'created' | 'ready' | 'draining' | 'closed';

export interface Proxy {
  readonly state: ProxyState;
  /** True when started, configured and not draining: what `/ready` answers. */
  readonly ready: boolean;
  /** What is in force. */
  readonly config: ProxyConfig | undefined;
  /**
   * Puts a configuration in force: new listeners are bound first, then one reference is swapped, then what has
   * disappeared drains. All or nothing: with problems (an address that cannot be bound) the last good one stays.
   */
  apply(config: ProxyConfig): Promise<readonly Problem[]>;
  /** Begins to serve. `apply` may come before or after. */
  start(): void;
  /** What `failHealthChecks` said last; it takes readiness away. */
  readonly isFailing: boolean;
  /** An operator's word: readiness fails and responses ask their clients to leave, until it is taken back. */
  failHealthChecks(isFailing: boolean): void;
  /** Accepts no more; connections that are there go on as they were. Listeners that come later are not bound. */
  stopAccepting(options?: StopAcceptingOptions): Promise<void>;
  /**
   * Readiness fails at once; while `graceMs` lasts connections are still accepted, and responses say `connection: close`
   * or GOAWAY; then listeners close, unused connections end, and streams may finish until `deadlineMs` after the call.
   * Fulfils when the proxy is closed. The first call counts.
   */
  drain(options?: DrainOptions): Promise<void>;
  /** Cuts everything now. */
  close(): Promise<void>;
  /** Sends requests of the proxy's own through the clusters in force. */
  readonly upstreams: AsyncClient;
  /** Streams that have not ended. */
  readonly activeStreams: number;
  /** Of those, tunnels: WebSockets, CONNECT. */
  readonly activeTunnels: number;
  readonly activeConnections: number;
  /** For `/listeners`: what is really bound. */
  listeners(): readonly ListenerStatus[];
  /** Files of access logs are opened anew, for those who have moved them away. Absent where nobody writes any. */
  reopenLogs?(): void;
  /** For `/clusters`. */
  clusters(): readonly ClusterStatus[];
  /** Notes from now on what goes through these clusters, those that come later included, and no more what goes through others of the same server. */
  measureLoad(query: LoadQuery): void;
  /** What has gone through them since the last time; those of which there is nothing to say are left out. */
  takeLoad(query: LoadQuery): Promise<readonly ClusterLoad[]>;
}

export interface DrainOptions {
  /** How long to go on accepting, so that routing can catch up. Default 0. */
  readonly graceMs?: number;
  /** When what still runs is cut. Default 5 000, Envoy's drain time. */
  readonly deadlineMs?: number;
  /** Which responses ask their clients to leave while the grace lasts. Default `immediate`: all. */
  readonly strategy?: DrainStrategy;
}

export interface StopAcceptingOptions {
  /** Listeners whose traffic direction is INBOUND. Default: all. */
  readonly inboundOnly?: boolean;
}

export interface ListenerStatus {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly connections: number;
}

export interface ClusterStatus {
  readonly name: string;
  readonly hosts: readonly HostStatus[];
  readonly activeRequests: number;
  readonly pendingRequests: number;
  readonly connections: number;
}

export interface HostStatus {
  readonly address: string;
  readonly healthy: boolean;
  /** What is said against it, in Envoy's words (`failed_active_hc`, …). Empty: it is healthy. */
  readonly healthFlags: readonly string[];
  readonly weight: number;
  readonly activeRequests: number;
  readonly activeConnections: number;
  readonly requests: number;
  /** Of these, those that ended well and badly as far as the host can be blamed: 5xx, and gRPC's like. */
  readonly requestsSucceeded: number;
  readonly requestsFailed: number;
  readonly connectFailures: number;
}
