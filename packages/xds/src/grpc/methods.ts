/**
 * The gRPC methods a config service has: their paths, and their messages to and from bytes. The same table
 * serves both ends.
 */
import { typeUrls } from '@sluice/resources';

import type { Codec } from '../codec/codec.ts';
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse } from '../discovery.ts';
import type { TypeUrl } from '../type-urls.ts';
import { decodeDeltaRequest, decodeDeltaResponse, encodeDeltaRequest, encodeDeltaResponse } from '../wire/delta-wire.ts';
import {
  decodeDiscoveryRequest,
  decodeDiscoveryResponse,
  encodeDiscoveryRequest,
  encodeDiscoveryResponse,
} from '../wire/discovery-wire.ts';
import {
  decodeLoadStatsRequest,
  decodeLoadStatsResponse,
  decodeStreamLoadRequest,
  encodeLoadStatsRequest,
  encodeLoadStatsResponse,
  encodeStreamLoadRequest,
} from '../wire/load-wire.ts';
import { createRequestMemo, type RequestMemo } from '../wire/run-memo.ts';
import { decodeStreamLoadResponse, encodeStreamLoadResponse } from '../wire/stream-load-wire.ts';

/** A method whose both sides are streams, as @grpc/grpc-js wants it described. */
export interface StreamMethod<Request, Response> {
  readonly path: string;
  readonly requestStream: true;
  readonly responseStream: true;
  requestSerialize(request: Request): Buffer;
  requestDeserialize(bytes: Buffer): Request;
  responseSerialize(response: Response): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

interface Conversions<Request, Response> {
  readonly encodeRequest: (request: Request, codec: Codec) => Uint8Array;
  readonly decodeRequest: (bytes: Uint8Array, codec: Codec) => Request;
  readonly encodeResponse: (response: Response, codec: Codec) => Uint8Array;
  readonly decodeResponse: (bytes: Uint8Array, codec: Codec) => Response;
}

const sotw = (memo: RequestMemo): Conversions<DiscoveryRequest, DiscoveryResponse> => ({
  encodeRequest: encodeDiscoveryRequest,
  decodeRequest: (bytes, codec) => decodeDiscoveryRequest(bytes, codec, memo),
  encodeResponse: encodeDiscoveryResponse,
  decodeResponse: decodeDiscoveryResponse,
});

const delta = (memo: RequestMemo): Conversions<DeltaDiscoveryRequest, DeltaDiscoveryResponse> => ({
  encodeRequest: encodeDeltaRequest,
  decodeRequest: (bytes, codec) => decodeDeltaRequest(bytes, codec, memo),
  encodeResponse: encodeDeltaResponse,
  decodeResponse: decodeDeltaResponse,
});

/** The services that carry one type alone. */
const typeServices: readonly { readonly typeUrl: TypeUrl; readonly service: string; readonly noun: string; readonly isDeltaOnly?: boolean }[] = [
  { typeUrl: typeUrls.listener, service: 'envoy.service.listener.v3.ListenerDiscoveryService', noun: 'Listeners' },
  { typeUrl: typeUrls.routeConfiguration, service: 'envoy.service.route.v3.RouteDiscoveryService', noun: 'Routes' },
  { typeUrl: typeUrls.virtualHost, service: 'envoy.service.route.v3.VirtualHostDiscoveryService', noun: 'VirtualHosts', isDeltaOnly: true },
  { typeUrl: typeUrls.cluster, service: 'envoy.service.cluster.v3.ClusterDiscoveryService', noun: 'Clusters' },
  { typeUrl: typeUrls.clusterLoadAssignment, service: 'envoy.service.endpoint.v3.EndpointDiscoveryService', noun: 'Endpoints' },
  { typeUrl: typeUrls.secret, service: 'envoy.service.secret.v3.SecretDiscoveryService', noun: 'Secrets' },
  { typeUrl: typeUrls.extensionConfig, service: 'envoy.service.extension.v3.ExtensionConfigDiscoveryService', noun: 'ExtensionConfigs' },
];

/** The methods, with messages as `codec` knows them. A codec of scope `load` cannot do discovery. */
export function configServiceMethods(codec: Codec) {
  const memo = createRequestMemo();
  return {
    ads: streamMethod('/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources', sotw(memo), codec),
    deltaAds: streamMethod('/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources', delta(memo), codec),
    types: new Map(typeServices.filter(({ isDeltaOnly }) => !isDeltaOnly).map(({ typeUrl, service, noun }) => [typeUrl, streamMethod(`/${service}/Stream${noun}`, sotw(memo), codec)])),
    deltaTypes: new Map(typeServices.map(({ typeUrl, service, noun }) => [typeUrl, streamMethod(`/${service}/Delta${noun}`, delta(memo), codec)])),
    loadStats: streamMethod(
      '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
      {
        encodeRequest: encodeLoadStatsRequest,
        decodeRequest: decodeLoadStatsRequest,
        encodeResponse: encodeLoadStatsResponse,
        decodeResponse: decodeLoadStatsResponse,
      },
      codec,
    ),
    load: streamMethod(
      '/sluice.load.v1.LoadService/StreamLoad',
      {
        encodeRequest: encodeStreamLoadRequest,
        decodeRequest: decodeStreamLoadRequest,
        encodeResponse: encodeStreamLoadResponse,
        decodeResponse: decodeStreamLoadResponse,
      },
      codec,
    ),
  } as const;
}

function streamMethod<Request, Response>(
  path: string,
  conversions: Conversions<Request, Response>,
  codec: Codec,
): StreamMethod<Request, Response> {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: (request) => asBuffer(conversions.encodeRequest(request, codec)),
    requestDeserialize: (bytes) => conversions.decodeRequest(bytes, codec),
    responseSerialize: (response) => asBuffer(conversions.encodeResponse(response, codec)),
    responseDeserialize: (bytes) => conversions.decodeResponse(bytes, codec),
  };
}

/** The same memory, as the class grpc-js insists on. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
