/** What all parts of one proxy share. Made once by `createProxy` and handed down; two proxies share nothing. */
import type { Tracer } from '@sluice/kernel';
import type { AccessLogs } from './access-log-batch.ts';
import type { Drain } from './drain.ts';
import type { OverloadState } from './overload/overload-state.ts';
import type { ProxyConfig } from './proxy-config.ts';
import type { Specimens } from './specimens.ts';
import type { ClusterRuntime } from './upstream/cluster-runtime.ts';
import type { UpstreamContext } from './upstream/upstream-context.ts';

export interface Engine extends UpstreamContext {
  readonly accessLogs: AccessLogs;
  /** Replaced as a whole when a configuration is applied; a stream captures it at its start. */
  current: Applied;
  /** Whether responses ask their clients to leave. */
  readonly drain: Drain;
  /** How long connections of a listener or chain that has gone may last, in ms. */
  readonly listenerDrainMs: number;
  /** Undefined: nobody wants spans. */
  readonly tracer: Tracer | undefined;
  /** What is refused because there is too much to do. */
  readonly overload: OverloadState;
  activeStreams: number;
  /** Of those, tunnels: WebSockets, CONNECT. */
  activeTunnels: number;
  /** What is kept for V8's sake. */
  readonly specimens: Specimens;
  /** Called when a stream or a connection has ended. */
  onQuieter: () => void;
}

/** A configuration in force, with the clusters that stand for it. */
export interface Applied {
  readonly config: ProxyConfig;
  readonly clusters: ReadonlyMap<string, ClusterRuntime>;
}
