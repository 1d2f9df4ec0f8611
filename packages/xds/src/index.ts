export { isJsonObject, type JsonObject, type JsonValue } from './codec/json.ts';
export type { Codec, DecodedMessage } from './codec/codec.ts';
export { loadCodec, type CodecScope } from './codec/load-codec.ts';
export { isFullState, messageNameOf, sendOrder, shortTypeName, typeUrls, type TypeUrl } from './type-urls.ts';
export { endpointNameOf } from './references.ts';
export { virtualHostDiscoveryFeature } from './discovery.ts';
export type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  EncodedResource,
  ErrorDetail,
  Node,
  WrappedResource,
} from './discovery.ts';
export type {
  AdsServerStream,
  AdsStream,
  AdsTransport,
  ConfigServiceHandlers,
  ConfigServiceTransport,
  DeltaAdsServerStream,
  DeltaAdsStream,
  DeltaAdsTransport,
  DiscoveryTransport,
  LoadServerStream,
  LoadStatsServerStream,
  LoadStatsStream,
  LoadStatsTransport,
  LoadStream,
  LoadTransport,
  PerTypeTransport,
} from './transport.ts';
export {
  createSnapshot,
  emptySnapshot,
  replaceType,
  updateSnapshot,
  type Resource,
  type ResourceSet,
  type Snapshot,
  type SnapshotChanges,
  type SnapshotResult,
  type VersionedResource,
} from './snapshot/snapshot.ts';
export { changesBetween, type ChangesByType, type ResourceChange } from './snapshot/snapshot-changes.ts';
export { SnapshotCache, type SnapshotWatch, type SnapshotWatcher } from './snapshot/snapshot-cache.ts';
export { AdsServer, type AdsServerOptions } from './server/ads-server.ts';
export { InlineHosts } from './snapshot/inline-hosts.ts';
export type { NodeStatus, ServedTypeStatus, StreamKind } from './server/session.ts';
export type { Refusal } from './server/refusals.ts';
export type { AdsConsumer, LateFault, ReceivedResource, RejectedResource, ResourceUpdate } from './client/ads-consumer.ts';
export {
  createAdsClient,
  type AdsClient,
  type AdsClientOptions,
  type AdsVariant,
  type ClientSettings,
  type RestoredType,
  type TypeStatus,
} from './client/ads-client.ts';
export type { ClientNews, SubscribedType } from './client/discovery-client.ts';
export { cacheBytesMax, decodeCache, encodeCache, heldBy, type CachedSources, type DecodedCache } from './client/config-cache.ts';
export { createFailoverTransport, type ServerTransport } from './client/failover-transport.ts';
export { ReferenceBook, type NameChange, type Reference } from './client/reference-book.ts';
export { isAggregated, sourcedReferencesOf, type SourcedReference } from './client/sourced-references.ts';
export {
  loadMetrics,
  type ClusterStats,
  type EndpointStats,
  type LoadMetrics,
  type LoadStatsRequest,
  type LoadStatsResponse,
  type LocalityStats,
  type RequestCounts,
} from './load/load-stats.ts';
export type { LoadSource, RevisionLoad, StreamLoadRequest, StreamLoadResponse } from './load/revision-load.ts';
export {
  createLoadReporter,
  type ClusterLoad,
  type LoadReporterOptions,
  type LoadSourceFunction,
} from './load/load-reporter.ts';
export { AheadReports } from './load/ahead-reports.ts';
export type { LoadReporter } from './load/stats-reporter.ts';
export { createUpstreamLoadReporter, type UpstreamLoad, type UpstreamLoadReporterOptions, type UpstreamLoadSource } from './load/upstream-load-reporter.ts';
export type { ReportedCluster } from './load/reported-clusters.ts';
export { LoadServer, type LoadServerOptions } from './load/load-server.ts';
export { createLoadSubscriber, type LoadSubscriber, type LoadSubscriberOptions } from './load/load-subscriber.ts';
export { fetchClientStatus, openChannelTls, openGrpcServer, openGrpcTransport, type OpenChannelTlsOptions } from './grpc/open.ts';
export type { FetchClientStatusOptions } from './grpc/client-status.ts';
export type { GrpcServer, GrpcServerOptions } from './grpc/server.ts';
export type { ServerTls } from './grpc/renewed-credentials.ts';
export type { GrpcTls, GrpcTransportOptions } from './grpc/client.ts';
