/** The client status service (CSDS) over gRPC: who is connected to a config service, and who has accepted what. */
import {
  Client,
  credentials,
  Metadata,
  status,
  type sendUnaryData,
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { formatProblem, MeshError, type Checked } from '@sluice/kernel';

import type { Codec, DecodedMessage } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import { checked } from '../wire/discovery-wire.ts';
import { sharedChannelOptions } from './channel-options.ts';

const service = '/envoy.service.status.v3.ClientStatusDiscoveryService';
const requestName = 'envoy.service.status.v3.ClientStatusRequest';
const responseName = 'envoy.service.status.v3.ClientStatusResponse';

function encoder(messageName: string, codec: Codec): (value: JsonObject) => Buffer {
  return (value) => Buffer.from(checked(codec.encode(messageName, value), messageName));
}

function decoder(messageName: string, codec: Codec): (bytes: Buffer) => JsonObject {
  return (bytes) => checked<DecodedMessage>(codec.decode(messageName, bytes), messageName).value;
}

export function knowsClientStatus(codec: Codec): boolean {
  return codec.knows(requestName);
}

/** Offers both methods: one answer to one request, and one to each of a stream. */
export function registerClientStatus(server: Server, codec: Codec, answer: (request: JsonObject) => Checked<JsonObject>): void {
  const serialize = encoder(responseName, codec);
  const deserialize = decoder(requestName, codec);
  const onFetch = (call: ServerUnaryCall<JsonObject, JsonObject>, done: sendUnaryData<JsonObject>): void => {
    const result = answer(call.request);
    if (result.ok) done(null, result.value);
    else done(refusal(result.problems.map(formatProblem)));
  };
  const onStream = (call: ServerDuplexStream<JsonObject, JsonObject>): void => {
    call.on('data', (request: JsonObject) => {
      const result = answer(request);
      if (result.ok) call.write(result.value);
      else call.emit('error', refusal(result.problems.map(formatProblem)));
    });
    call.on('end', () => call.end());
    // Without a listener, the failure of one call would end the process.
    call.on('error', () => {});
  };
  server.register(`${service}/FetchClientStatus`, onFetch, serialize, deserialize, 'unary');
  server.register(`${service}/StreamClientStatus`, onStream, serialize, deserialize, 'bidi');
}

function refusal(reasons: readonly string[]): { readonly code: status; readonly details: string } {
  return { code: status.INVALID_ARGUMENT, details: reasons.join('; ') };
}

export interface FetchClientStatusOptions {
  /** `host:port` of a config service. */
  readonly address: string;
  /** Of scope `admin`. */
  readonly codec: Codec;
  /** A `ClientStatusRequest`; empty for all clients with all contents. */
  readonly request?: JsonObject;
  /** How long to wait for an answer, in ms. Default 5 000. */
  readonly timeoutMs?: number;
}

/** The `ClientStatusResponse` of a config service. Rejects with code `client-status-failed`. */
export function fetchClientStatusOverGrpc({ address, codec, request = {}, timeoutMs = 5_000 }: FetchClientStatusOptions): Promise<JsonObject> {
  const client = new Client(address, credentials.createInsecure(), { ...sharedChannelOptions, 'grpc.enable_http_proxy': 0 });
  return new Promise((resolve, reject) => {
    const onAnswer = (error: ServiceError | null, value?: JsonObject): void => {
      client.close();
      if (error === null && value !== undefined) resolve(value);
      else reject(new MeshError('client-status-failed', `client status of ${address}: ${error?.details ?? 'no answer'}`, { cause: error }));
    };
    client.makeUnaryRequest(
      `${service}/FetchClientStatus`,
      encoder(requestName, codec),
      decoder(responseName, codec),
      request,
      new Metadata(),
      // grpc-js counts a deadline from the wall clock.
      { deadline: Date.now() + timeoutMs },
      onAnswer,
    );
  });
}
