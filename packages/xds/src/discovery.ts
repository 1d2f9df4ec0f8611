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
  readonly userAgentName?: string;
  readonly clientFeatures?: readonly string[];
}

/** A `google.protobuf.Any`: the type of a message, and its bytes. */
export interface EncodedResource {
  readonly typeUrl: TypeUrl;
  readonly value: Uint8Array;
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
