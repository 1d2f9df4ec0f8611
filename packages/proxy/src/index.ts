export type {
  AccessLogOutput,
  ClusterStatus,
  DrainOptions,
  HostStatus,
  ListenerStatus,
  Proxy,
  ProxyOptions,
  ProxyState,
  StopAcceptingOptions,
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
export { defineFilter, definePerRoute, routeConfigOf, type FilterCatalog, type FilterContext, type FilterFactory, type HttpFilter, type PerRouteFactory, type StreamSlot } from './filters/filter.ts';
export type { FilterVerdict } from './filters/filter-verdict.ts';
export { createFilterContexts, type CreateFilterContext, type FilterContextParts, type FilterPlace } from './filters/filter-context.ts';
export { createDataSources } from './data-sources.ts';
export type { ClusterLoad, HostLoad, LoadQuery } from './upstream/cluster-load.ts';
export type { MetricSum, MetricSums } from './upstream/reported-metrics.ts';
export type { AsyncCall, AsyncClient, AsyncRequest, AsyncResult } from './upstream/async-client.ts';
export { routerFactory } from './filters/router/router-factory.ts';
export type { ClusterHosts, ProxyHealth } from './filters/proxy-health.ts';
export { healthOf, type ProxyHealthOptions } from './filters/health-of-proxy.ts';
export { loadFilters } from './filters/late-filter.ts';
export { lateStandardFilters } from './filters/late-standard-filters.ts';
export { standardFilters } from './filters/standard-filters.ts';
export type { DrainStrategy } from './drain.ts';
export { createProxy } from './proxy.ts';
export { defaultHttp2Options, type Http2Options } from './http2-options.ts';
export { createSystemResolver } from './network/dns/create-system-resolver.ts';
export { createSystemNetwork, type CreateSystemNetworkOptions } from './network/create-system-network.ts';
export type { AcceptTransport } from './network/system-network.ts';
export type { BodyTransform, CreateTransform, TransformSink } from './body-transform.ts';
export { outcomes, type Outcome, type OutcomeCode, type ResponseFlag } from './outcome.ts';
export type { LocalReply, Stream } from './stream.ts';
export { StreamInfo } from './stream-info.ts';
export { ConfigApplier, type ConfigApplierOptions, type ConfigTarget } from './config/config-applier.ts';
export { setStaticResources } from './config/static-source.ts';
export { loadBootstrap, parseBootstrap, type BootstrapInput, type LoadedBootstrap } from './config/file-bootstrap.ts';
export { loadRegexEngine, noRegexEngine, type RegexEngine } from './router/regex-engine.ts';
export { takeWithoutPathSources } from './config/refuse-path-sources.ts';
export { RebindListeners, type ListenerBinding } from './config/rebind-listeners.ts';
export { StartWhenListening } from './config/start-when-listening.ts';
export { WatchListenerMetadata } from './config/watch-listener-metadata.ts';
export type { ApplicationFault, ConfigSource, ConfigConsumer, ConfigUpdate, OfferedResource, RejectedResource } from './config/config-source.ts';
export type { SourceReference } from './config/source-references.ts';
export { probeNetwork } from './upstream/probe-network.ts';
export { probeHttp, type HttpProbe, type HttpProbeResult } from './probe/http-probe.ts';
export { probeTcp } from './probe/tcp-probe.ts';
export { readServingStatus, writeHealthCheckRequest, type ServingStatus } from './upstream/checks/grpc-health-messages.ts';
export { RequestMetrics, type MetricNames, type RequestMetricsOptions } from './filters/queue/request-metrics.ts';
export { createRequestLog, defaultRequestLogTemplate, findTemplateFault, type LoggedRevision, type RequestLog, type RequestLogOptions } from './request-log/request-log.ts';
export { createPlainTlsSocket } from './tls/plain-tls-socket.ts';
export type { SecureDone, TransportSocket } from './downstream/transport-socket.ts';
export { createQueueFilterFactory, type QueueFilterDependencies, type ReadinessProber } from './filters/queue/queue-filter.ts';
export { queueFilterName, queueFilterTypeUrl, type QueueFilterValue } from './filters/queue/queue-config.ts';
export { Drainer, QUIET_PERIOD_MS, type DrainEnd, type DrainerOptions } from './filters/queue/drainer.ts';
export type { RequestTimeouts } from './filters/queue/request-clocks.ts';
export {
  createActivatorFilterFactory,
  type ActivatableRevision,
  type ActivatorFilterDependencies,
  type ColdStart,
  type RevisionDirectory,
} from './filters/activator/activator-filter.ts';
export { BootstrapReloads, type BootstrapReloadsOptions, type ReloadReport } from './config/bootstrap-reloads.ts';
export { describeDiff, type BootstrapDiff, type ResourceChange } from './config/bootstrap-diff.ts';
export { createFileAccess } from './config/file-access.ts';
export { createFileWatcher, type FileWatcher } from './config/file-watcher.ts';
export { createFleet, type Fleet, type FleetOptions } from './workers/fleet.ts';
export { gatherFirst } from './workers/gather-first.ts';
export { createThreads, type ThreadSettings } from './workers/thread.ts';
export { validateBootstrap } from './config/validate-bootstrap.ts';
export { startBootstrapProxy, type BootstrapProxy, type BootstrapProxyOptions } from './config/bootstrap-proxy.ts';
export { Demands } from './config/demands.ts';
export type { Demand } from './filters/demand-side.ts';
export type { ConfigResource, ConfigSnapshot } from './config/config-resource.ts';
export { createAccessLogOpener } from './access-log/sink.ts';
export { createAdmin, type Admin, type AdminOptions, type AdminRequest } from './admin/admin.ts';
export type { AdminContext, AdminResponse, LogLevel } from './admin/admin-page.ts';
export { startAdminServer, type AdminServer } from './admin/admin-server.ts';
