/**
 * How machines reach their peer. gRPC is one such way (`grpc/`); the simulation and most tests have an
 * in-memory one (`./testing`). Nothing else in this package knows which it is.
 */
import type { Checked, MessageStream } from '@sluice/kernel';

import type { JsonObject } from './codec/json.ts';
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse } from './discovery.ts';
import type { LoadStatsRequest, LoadStatsResponse } from './load/load-stats.ts';
import type { StreamLoadRequest, StreamLoadResponse } from './load/revision-load.ts';
import type { TypeUrl } from './type-urls.ts';

/** One ADS stream as its client sees it. */
export type AdsStream = MessageStream<DiscoveryResponse, DiscoveryRequest>;
/** The same stream as the server sees it. */
export type AdsServerStream = MessageStream<DiscoveryRequest, DiscoveryResponse>;

/** The incremental variant, as its client and as the server see it. */
export type DeltaAdsStream = MessageStream<DeltaDiscoveryResponse, DeltaDiscoveryRequest>;
export type DeltaAdsServerStream = MessageStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

export type LoadStatsStream = MessageStream<LoadStatsResponse, LoadStatsRequest>;
export type LoadStatsServerStream = MessageStream<LoadStatsRequest, LoadStatsResponse>;

export type LoadStream = MessageStream<StreamLoadResponse, StreamLoadRequest>;
export type LoadServerStream = MessageStream<StreamLoadRequest, StreamLoadResponse>;

/**
 * Opens streams to a config service. Opening never throws: when there is no connection the stream ends
 * with a status, at the earliest after the call has returned.
 */
export interface AdsTransport {
  openAds(): AdsStream;
}

export interface DeltaAdsTransport {
  openDeltaAds(): DeltaAdsStream;
}

/** Streams of one type alone, each type by a service of its own: LDS, RDS, CDS, EDS, SDS. */
export interface PerTypeTransport {
  openType(typeUrl: TypeUrl): AdsStream;
  openDeltaType(typeUrl: TypeUrl): DeltaAdsStream;
}

/** All ways to ask for resources. */
export interface DiscoveryTransport extends AdsTransport, DeltaAdsTransport, PerTypeTransport {}

export interface LoadStatsTransport {
  openLoadStats(): LoadStatsStream;
}

export interface LoadTransport {
  openLoad(): LoadStream;
}

/** Everything a config service offers, over one connection. */
export interface ConfigServiceTransport extends DiscoveryTransport, LoadStatsTransport, LoadTransport {
  /** Ends all streams and the connection. */
  close(): void;
}

/** What a config service does with the streams that reach it. What it has no handler for, it does not offer. */
export interface ConfigServiceHandlers {
  onAds(stream: AdsServerStream): void;
  onDeltaAds?(stream: DeltaAdsServerStream): void;
  /** A stream of one type alone; its requests need not say which. */
  onType?(typeUrl: TypeUrl, stream: AdsServerStream): void;
  onDeltaType?(typeUrl: TypeUrl, stream: DeltaAdsServerStream): void;
  /**
   * Answers a `envoy.service.status.v3.ClientStatusRequest` with a `ClientStatusResponse`, both as canonical JSON, or says
   * what is wrong with it. Only offered when the codec has those messages (scope `admin`).
   */
  onClientStatus?(request: JsonObject): Checked<JsonObject>;
  onLoadStats(stream: LoadStatsServerStream): void;
  onLoad(stream: LoadServerStream): void;
}
