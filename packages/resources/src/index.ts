export { decodeBootstrap, type Admin, type Bootstrap, type DynamicResources, type StaticResources } from './bootstrap.ts';
export type { LoadShedPointName, OverloadActionName, OverloadManager, OverloadTrigger, ResourceMonitor } from './overload-manager.ts';
export type { ClusterManager } from './cluster-manager.ts';
export type { Node } from './node.ts';
export type { Locality } from './locality.ts';
export { noMetadata, type Metadata, type Struct } from './metadata.ts';
export { readConfigSource, serverKeyOf, type ApiConfigSource, type ConfigSource } from './config-source.ts';
export { readDataSource, type DataSource } from './data-source.ts';

export { decodeSecret, type Secret, type SecretContent, type SecretReference } from './tls/secret.ts';
export { secretsOf, type TlsContext, type ValidationSource } from './tls/tls-context.ts';
export type { TlsParameters, TlsVersion } from './tls/tls-parameters.ts';
export type { TrustDomain } from './tls/spiffe-validator.ts';
export type { TlsCertificate } from './tls/tls-certificate.ts';
export { anyCertificate, hasAnchors, type CertificateValidationContext, type SanMatcher, type SanType } from './tls/certificate-validation-context.ts';
export { downstreamTlsContextTypeName, readDownstreamTlsContext, secretsOfDownstream, type DownstreamTlsContext, type SessionTickets } from './tls/downstream-tls-context.ts';
export type { UpstreamTlsContext } from './tls/upstream-tls-context.ts';
export { readPassThroughTlvs, type UpstreamProxyProtocol } from './upstream-proxy-protocol.ts';
export type { ListenerFilterPredicate } from './listener-filter-predicate.ts';
export { rawTransportSocket, transportSocketMatchKey, type TransportSocketMatch, type UpstreamTransportSocket } from './upstream-transport-socket.ts';
export type { AutoSni } from './auto-sni.ts';
export type { ClientCertificateDetails, ClientCertificatePart } from './client-certificate-details.ts';

export { decodeListener, type Listener } from './listener.ts';
export type { FilterChain } from './filter-chain.ts';
export { anyConnection, type FilterChainMatch, type SourceType } from './filter-chain-match.ts';
export { isInRange, parseIp, readCidrRange, type CidrRange, type IpBytes } from './cidr-range.ts';
export type { ListenerFilter } from './listener-filter.ts';
export type { TcpKeepalive } from './tcp-keepalive.ts';
export { connectionManagerOf, type NetworkFilter } from './network-filter.ts';
export { rawBufferTypeName, type TransportSocketConfig } from './downstream-transport-socket.ts';
export { httpConnectionManagerTypeName, type HttpConnectionManager, type RouteSource } from './http-connection-manager.ts';
export type { CommonHttpProtocolOptions, Http1ProtocolOptions } from './http-protocol-options.ts';
export { defaultHttp2ProtocolOptions, type Http2Keepalive, type Http2ProtocolOptions } from './http2-protocol-options.ts';
export type { HttpFilter } from './http-filter.ts';
export type { FilterSettings } from './filter-settings.ts';
export type { FilterDiscovery } from './filter-discovery.ts';
export { decodeExtensionConfig, type ExtensionConfig } from './extension-config.ts';
export { readRouterFilter, routerFilterTypeName, type RouterFilter } from './router-filter.ts';
export type { UpgradeConfig } from './upgrade-config.ts';
export { readAccessLog, type AccessLog, type AccessLogSink, type LogFormat } from './access-log.ts';
export { readGrpcService, type GrpcServiceConfig } from './grpc-service.ts';
export type { GrpcLogSink, OpenTelemetryLogSink } from './log-service.ts';
export type { LogValue, NamedLogValue } from './log-value.ts';
export { readMetadataMatch } from './metadata-match.ts';

export { decodeRouteConfiguration, oversizedBodies, type RouteConfiguration } from './route-configuration.ts';
export { decodeVirtualHost, type VirtualHost } from './virtual-host.ts';
export type { Route } from './route.ts';
export { readRouteMatch, type PathMatch, type RouteMatch } from './route-match.ts';
export { readRegex, readStringMatcher, type StringMatcher } from './string-matcher.ts';
export { readHeaderMatcher, type HeaderMatcher, type HeaderTest } from './header-matcher.ts';
export type { QueryParameterMatcher } from './query-parameter-matcher.ts';
export type { ClusterTarget, HostRewrite, PathRewrite, RouteAction } from './route-action.ts';
export { readRateLimit, type RateLimit, type RateLimitAction } from './rate-limit.ts';
export type { MetadataKey } from './metadata-key.ts';
export type { RegexRewrite } from './regex-rewrite.ts';
export type { HashCookie, HashPolicy, HashSource } from './hash-policy.ts';
export type { ClusterWeight, RandomValue, WeightedCluster } from './weighted-cluster.ts';
export { retryConditions, type RetryCondition, type RetryPolicy } from './retry-policy.ts';
export { defaultBackOff, type BackOff, type RateLimitedBackOff, type ResetHeader } from './retry-back-off.ts';
export type { RetryHostPredicate } from './retry-host-selection.ts';
export type { HedgePolicy } from './hedge-policy.ts';
export type { RequestMirrorPolicy } from './request-mirror-policy.ts';
export type { ResponsePredicate } from './match-predicate.ts';
export type { MaxStreamDuration } from './max-stream-duration.ts';
export type { BodyBufferLimit } from './body-buffer-limit.ts';
export type { RedirectAction, RedirectPath } from './redirect-action.ts';
export type { DirectResponseAction } from './direct-response-action.ts';
export { readHeaderValueOption, readHeaderValueOptions, type AppendAction, type HeaderMutations, type HeaderValueOption } from './header-value-option.ts';
export { corsFieldName } from './cors-field.ts';
export type { PerFilterConfig, PerFilterConfigs, PerFilterSettings } from './per-filter-config.ts';

export { decodeCluster, type Cluster } from './cluster.ts';
export type { EndpointDiscovery } from './endpoint-discovery.ts';
export { defaultUpstreamSocketOptions, type UpstreamSocketOptions } from './upstream-socket-options.ts';
export type { OriginalDstSettings } from './original-dst-settings.ts';
export type { DnsSettings } from './dns-settings.ts';
export type { CircuitBreakers, CircuitBreakerThresholds, RetryBudgetConfig } from './circuit-breakers.ts';
export type { ConsistentHashing, LoadBalancingPolicy } from './load-balancing.ts';
export type { LbSubsetConfig, LbSubsetSelector } from './lb-subset-config.ts';
export type { ZoneAware } from './zone-aware.ts';
export type { CommonLbConfig } from './common-lb-config.ts';
export type { SlowStartConfig } from './slow-start-config.ts';
export type { OutlierDetection } from './outlier-detection.ts';
export type { HealthCheck } from './health-check.ts';
export type { GrpcCheck, HttpCheck, TcpCheck } from './health-check-kinds.ts';
export type { StatusRange } from './status-range.ts';
export { upstreamHttpProtocolOptionsTypeName, type UpstreamHttpProtocolOptions } from './upstream-http-protocol-options.ts';
export {
  decodeClusterLoadAssignment,
  type ClusterLoadAssignment,
  type DropOverload,
  type EndpointHealthCheck,
  type HealthStatus,
  type LbEndpoint,
  type LocalityEndpoints,
} from './cluster-load-assignment.ts';

export { canonicalJson, versionOf } from './canonical-json.ts';
export { mergeDocuments, type MergedDocument, type MergeOptions } from './file/merge-documents.ts';
export { parseSource, type ParsedSource, type SourceDocument } from './file/source-document.ts';
export { typeUrls, type TypeUrl } from './type-urls.ts';
export { readFractionalPercent, readPercent, readRuntimeFraction } from './percent.ts';
export { decodeDocument } from './decode/decode-document.ts';
export { decodeDurationMs, decodeNonEmptyString, decodeString, decodeUint32 } from './decode/scalars.ts';
export { openTypedConfig, type TypedConfig } from './decode/typed-config.ts';
export { MessageReader, type Decoder } from './decode/message-reader.ts';
export { Scope, type DecodeOptions, type ExtensionCatalog, type TypedConfigDecoder } from './decode/scope.ts';
export type { ClientAddressConfig, ForwardProtoConfig, InternalAddressConfig, IpDetection } from './client-address-config.ts';
export type { LocalReplyConfig, ResponseMapper } from './local-reply-config.ts';
export { accessLogTypes, readAccessLogFilter, type AccessLogFilter, type AccessLogType, type Comparison } from './access-log-filter.ts';
export type { AccessLogOptions } from './access-log-options.ts';
export { readMetadataMatcher, readValueMatcher, type MetadataMatcher, type ValueMatcher } from './metadata-matcher.ts';
export { readRuntimeRatio, type RuntimeRatio } from './percent.ts';
export type { CookieMatcher } from './cookie-matcher.ts';
export type { FilterStateMatcher, TlsContextMatch } from './route-match.ts';
export type { VirtualCluster } from './virtual-host.ts';
export type { LayeredRuntime, RuntimeLayerConfig } from './layered-runtime.ts';
export { passthroughTypeName, type Passthrough } from './passthrough.ts';
export type { RouteTracing, SamplingRatios, Tracing } from './tracing.ts';
export type { CustomTag, TaggedMetadata } from './tracing-tag.ts';
export type { HistogramBuckets, StatsConfig, StatsMatcher } from './stats-config.ts';
export type { TracingProvider } from './tracing-provider.ts';
export type { TracingSampler } from './tracing-sampler.ts';
export type { ResourceDetector } from './resource-detector.ts';
export { defaultRequestIdSettings, type RequestIdSettings } from './request-id-extension.ts';
