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
export { createFilterContexts, type FilterContextParts } from './filters/filter-context.ts';
export { routerFactory } from './filters/router/router-factory.ts';
export { createProxy } from './proxy.ts';
export { createSystemNetwork, type CreateSystemNetworkOptions } from './network/create-system-network.ts';
export type { AcceptTransport } from './network/system-network.ts';
export { outcomes, type Outcome, type OutcomeCode, type ResponseFlag } from './outcome.ts';
export type { LocalReply, Stream } from './stream.ts';
export { StreamInfo } from './stream-info.ts';
export { ConfigApplier, type ConfigApplierOptions, type ConfigTarget } from './config/config-applier.ts';
export { addStaticResources } from './config/static-source.ts';
export { loadBootstrapFile, parseBootstrap, type LoadedBootstrap } from './config/file-bootstrap.ts';
export { loadRegexEngine, noRegexEngine, type RegexEngine } from './router/regex-engine.ts';
