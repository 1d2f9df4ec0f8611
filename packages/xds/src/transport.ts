/**
 * How machines reach their peer. gRPC is one such way (`grpc/`); the simulation and most tests have an
 * in-memory one (`./testing`). Nothing else in this package knows which it is.
 */
import type { MessageStream } from '@sluice/kernel';

import type { DiscoveryRequest, DiscoveryResponse } from './discovery.ts';
import type { LoadStatsRequest, LoadStatsResponse } from './load/load-stats.ts';
import type { StreamLoadRequest, StreamLoadResponse } from './load/revision-load.ts';

/** One ADS stream as its client sees it. */
export type AdsStream = MessageStream<DiscoveryResponse, DiscoveryRequest>;
/** The same stream as the server sees it. */
export type AdsServerStream = MessageStream<DiscoveryRequest, DiscoveryResponse>;

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

export interface LoadStatsTransport {
  openLoadStats(): LoadStatsStream;
}

export interface LoadTransport {
  openLoad(): LoadStream;
}

/** Everything a config service offers, over one connection. */
export interface ConfigServiceTransport extends AdsTransport, LoadStatsTransport, LoadTransport {
  /** Ends all streams and the connection. */
  close(): void;
}

/** What a config service does with the streams that reach it. */
export interface ConfigServiceHandlers {
  onAds(stream: AdsServerStream): void;
  onLoadStats(stream: LoadStatsServerStream): void;
  onLoad(stream: LoadServerStream): void;
}
