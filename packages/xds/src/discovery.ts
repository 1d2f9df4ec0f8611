/**
 * What client and server of aggregated discovery say to each other, state of the world variant, as values.
 * Resources stay in their wire form: a server encodes each once for all its clients.
 */
import type { JsonObject } from './codec/json.ts';
import type { TypeUrl } from './type-urls.ts';

/** Who a proxy is. */
export interface Node {
  /** `<role>~<pod ip>~<pod name>.<namespace>` for our own proxies; opaque to the protocol. */
  readonly id: string;
  /** Ours: the node group, e.g. `sluice-gateway`. */
  readonly cluster: string;
  readonly metadata?: JsonObject;
  /** `envoy.config.core.v3.Locality` as JSON. */
  readonly locality?: JsonObject;
  readonly userAgentName?: string;
  readonly clientFeatures?: readonly string[];
}

/**
 * Of `clientFeatures`: the client takes tables whose virtual hosts come one by one (VHDS), where the stream can carry them. Ours;
 * for a proxy that cannot choose its features, as Envoy, the node's metadata may have a field of this name that is true.
 */
export const virtualHostDiscoveryFeature = 'sluice.virtual_host_discovery';

/** A `google.protobuf.Any`: the type of a message, and its bytes. */
export interface EncodedResource {
  readonly typeUrl: TypeUrl;
  readonly value: Uint8Array;
  /** The `Any` itself as bytes, when whoever made this has them already. */
  readonly any?: Uint8Array;
}

/** `envoy.service.discovery.v3.DiscoveryRequest`. */
export interface DiscoveryRequest {
  readonly typeUrl: TypeUrl;
  /** The version last accepted; empty before the first. */
  readonly versionInfo: string;
  /** The nonce of the response this answers; empty on the first request of a type. */
  readonly responseNonce: string;
  /** All names wanted. Empty on a first request for LDS and CDS: everything. */
  readonly resourceNames: readonly string[];
  /** Present on the first request of a stream. */
  readonly node?: Node;
  /** Present when the response is refused. */
  readonly errorDetail?: ErrorDetail;
}

/** `google.rpc.Status`. */
export interface ErrorDetail {
  /** gRPC's codes; 3 is INVALID_ARGUMENT. */
  readonly code: number;
  readonly message: string;
}

/** `envoy.service.discovery.v3.DiscoveryResponse`. */
export interface DiscoveryResponse {
  readonly typeUrl: TypeUrl;
  readonly versionInfo: string;
  readonly nonce: string;
  readonly resources: readonly EncodedResource[];
  /** Which server this is, for people. */
  readonly controlPlane?: string;
}

/** `envoy.service.discovery.v3.Resource`: a resource with what goes round it. */
export interface WrappedResource {
  readonly name: string;
  /** The server's version of it; with one that is told on a new stream, it is not sent again. */
  readonly version: string;
  /** Absent in a heartbeat, which only says that what was sent before still holds. */
  readonly resource?: EncodedResource;
  /** Other names by which it may be asked for. */
  readonly aliases?: readonly string[];
  /** After so many ms without a word the client drops it. Absent: never. */
  readonly ttlMs?: number;
  /** The field of a delta response that carries all this, as bytes, when whoever made this has them already. */
  readonly frame?: Uint8Array;
}

/** `envoy.service.discovery.v3.DeltaDiscoveryRequest`. */
export interface DeltaDiscoveryRequest {
  readonly typeUrl: TypeUrl;
  /** Names wanted from now on, besides those before. `*` is everything. */
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client holds, as name → the server's version. On the first request of a type on a stream; empty otherwise. */
  readonly initialVersions: Readonly<Record<string, string>>;
  /** The nonce of the response this answers; empty in a request of the client's own accord. */
  readonly responseNonce: string;
  readonly node?: Node;
  readonly errorDetail?: ErrorDetail;
}

/**
 * How a server's version ends while more of that state follows in further responses. Ours; the version of a delta response
 * is for people, and clients that do not know this read it past.
 */
export const partMark = ' (part)';

/** `envoy.service.discovery.v3.DeltaDiscoveryResponse`. */
export interface DeltaDiscoveryResponse {
  readonly typeUrl: TypeUrl;
  /** Of the server's whole state; for people. */
  readonly systemVersionInfo: string;
  readonly nonce: string;
  readonly resources: readonly WrappedResource[];
  /** Names that are gone, or were asked for and do not exist. */
  readonly removedResources: readonly string[];
  readonly controlPlane?: string;
}
