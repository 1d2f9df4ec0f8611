export { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from './codec/json.ts';
export type { Codec, DecodedMessage } from './codec/codec.ts';
export { isFullState, messageNameOf, sendOrder, shortTypeName, typeUrls, type TypeUrl } from './type-urls.ts';
export type { DiscoveryRequest, DiscoveryResponse, EncodedResource, ErrorDetail, Node } from './discovery.ts';
export type {
  AdsServerStream,
  AdsStream,
  AdsTransport,
  ConfigServiceHandlers,
  ConfigServiceTransport,
  LoadServerStream,
  LoadStatsServerStream,
  LoadStatsStream,
  LoadStatsTransport,
  LoadStream,
  LoadTransport,
} from './transport.ts';
export type { Resource, ResourceSet, Snapshot, SnapshotResult, VersionedResource } from './snapshot/snapshot.ts';
export { SnapshotCache, type SnapshotWatch } from './snapshot/snapshot-cache.ts';
export type { AdsConsumer, ReceivedResource, RejectedResource, ResourceUpdate } from './client/ads-consumer.ts';
export type { AdsClient, AdsClientOptions, TypeStatus } from './client/ads-client.ts';
export {
  loadMetrics,
  type ClusterStats,
  type EndpointStats,
  type LoadStatsRequest,
  type LoadStatsResponse,
} from './load/load-stats.ts';
export type { LoadSource, RevisionLoad, StreamLoadRequest, StreamLoadResponse } from './load/revision-load.ts';
export type { ClusterLoad, LoadReporter, LoadReporterOptions, LoadSourceFunction } from './load/load-reporter.ts';
export type { LoadSubscriber, LoadSubscriberOptions } from './load/load-subscriber.ts';
