export type {
  AccessLogOutput,
  ClusterStatus,
  DrainOptions,
  HostStatus,
  ListenerStatus,
  Proxy,
  ProxyOptions,
  ProxyState,
} from './proxy-options.ts';
export type {
  AccessLogConfig,
  ClusterConfig,
  ConnectionManagerConfig,
  FilterChainConfig,
  ListenerConfig,
  ProxyConfig,
} from './proxy-config.ts';
export type { DirectResponseAction, ForwardAction, RedirectAction, RouteAction, RouteMatch, RouteTable } from './route-match.ts';
export { defineFilter, type FilterCatalog, type FilterContext, type FilterFactory, type FilterVerdict, type HttpFilter, type StreamSlot } from './filters/filter.ts';
export { outcomes, type Outcome, type OutcomeCode, type ResponseFlag } from './outcome.ts';
export type { LocalReply, Stream } from './stream.ts';
export { StreamInfo } from './stream-info.ts';
