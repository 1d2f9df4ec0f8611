/**
 * Discovery messages as bytes. Requests go through the codec; responses are put together by hand, because
 * their resources are bytes already and must not be copied through JSON once per client.
 */
import { MeshError, type Checked } from '@sluice/kernel';
import protobuf from 'protobufjs/minimal.js';

import type { Codec, DecodedMessage } from '../codec/codec.ts';
import { readText } from '../codec/framing.ts';
import { isJsonObject, type JsonObject } from '../codec/json.ts';
import type { DiscoveryRequest, DiscoveryResponse, EncodedResource, ErrorDetail, Node } from '../discovery.ts';
import { createRequestMemo } from './run-memo.ts';

const requestName = 'envoy.service.discovery.v3.DiscoveryRequest';

export function encodeDiscoveryRequest(request: DiscoveryRequest, codec: Codec): Uint8Array {
  const json: JsonObject = {
    version_info: request.versionInfo,
    resource_names: request.resourceNames,
    type_url: request.typeUrl,
    response_nonce: request.responseNonce,
    ...(request.node === undefined ? {} : { node: nodeJson(request.node) }),
    ...(request.errorDetail === undefined ? {} : { error_detail: { ...request.errorDetail } }),
  };
  return checked(codec.encode(requestName, json), requestName);
}

/** version_info 1, node 2, resource_names 3, type_url 4, response_nonce 5, error_detail 6. */
export function decodeDiscoveryRequest(bytes: Uint8Array, codec: Codec, memo = createRequestMemo()): DiscoveryRequest {
  // By hand: a server reads one for each answer of each client, and a list may have thousands of names.
  let resourceNames: readonly string[] = [];
  let versionInfo = '';
  let typeUrl = '';
  let responseNonce = '';
  let node: Node | undefined;
  let errorDetail: ErrorDetail | undefined;
  readFields(requestName, bytes, (tag, reader) => {
    if (tag === ((1 << 3) | 2)) versionInfo = readText(reader);
    else if (tag === ((2 << 3) | 2)) node = decodeNode(reader.bytes(), codec);
    else if (tag === ((3 << 3) | 2)) resourceNames = joined(resourceNames, memo.names.read(runOf(tag, reader, bytes), readNames));
    else if (tag === ((4 << 3) | 2)) typeUrl = readText(reader);
    else if (tag === ((5 << 3) | 2)) responseNonce = readText(reader);
    else if (tag === ((6 << 3) | 2)) errorDetail = decodeErrorDetail(reader.bytes());
    else reader.skipType(tag & 7);
  });
  return {
    versionInfo,
    resourceNames,
    typeUrl,
    responseNonce,
    ...(node === undefined ? {} : { node }),
    ...(errorDetail === undefined ? {} : { errorDetail }),
  };
}

/** Gives each field of a message to `take`, which must read or skip it. Throws when the bytes are no such message. */
export function readFields(messageName: string, bytes: Uint8Array, take: (tag: number, reader: protobuf.Reader) => void): void {
  const reader = protobuf.Reader.create(bytes);
  try {
    while (reader.pos < reader.len) take(reader.uint32(), reader);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MeshError('xds-malformed-message', `${bytes.length} bytes are not a ${messageName}: ${reason}`, { cause: error });
  }
}

/**
 * The field that has just begun and all that follow it with the same tag, as bytes; the reader stands behind them
 * afterwards. For fields of the wire's length-delimited kind with numbers below 16.
 */
export function runOf(tag: number, reader: protobuf.Reader, bytes: Uint8Array): Uint8Array {
  const start = reader.pos - 1;
  reader.skip(reader.uint32());
  while (reader.pos < reader.len && bytes[reader.pos] === tag) {
    reader.skip(1);
    reader.skip(reader.uint32());
  }
  return bytes.subarray(start, reader.pos);
}

/** The texts of a run. */
export function readNames(run: Uint8Array): readonly string[] {
  const names: string[] = [];
  readFields(requestName, run, (_tag, reader) => void names.push(readText(reader)));
  return names;
}

/** A message may have its list in several places; nobody is known to do so. */
export function joined(before: readonly string[], more: readonly string[]): readonly string[] {
  return before.length === 0 ? more : [...before, ...more];
}

const nodeName = 'envoy.config.core.v3.Node';

export function decodeNode(bytes: Uint8Array, codec: Codec): Node {
  return nodeFrom(checked<DecodedMessage>(codec.decode(nodeName, bytes), nodeName).value);
}

/** code 1, message 2. */
export function decodeErrorDetail(bytes: Uint8Array): ErrorDetail {
  let code = 0;
  let message = '';
  readFields('google.rpc.Status', bytes, (tag, reader) => {
    if (tag === (1 << 3)) code = reader.int32();
    else if (tag === ((2 << 3) | 2)) message = readText(reader);
    else reader.skipType(tag & 7);
  });
  return { code, message };
}

/** version_info 1, resources 2, type_url 4, nonce 5, control_plane 6 { identifier 1 }. */
export function encodeDiscoveryResponse(response: DiscoveryResponse): Uint8Array {
  const head = protobuf.Writer.create();
  head.uint32((1 << 3) | 2).string(response.versionInfo);
  const parts: Uint8Array[] = [head.finish()];
  for (const resource of response.resources) {
    const any = resource.any ?? encodeAny(resource);
    parts.push(fieldHead(2, any.length), any);
  }
  const tail = protobuf.Writer.create();
  tail.uint32((4 << 3) | 2).string(response.typeUrl);
  tail.uint32((5 << 3) | 2).string(response.nonce);
  if (response.controlPlane !== undefined) writeControlPlane(tail, 6, response.controlPlane);
  parts.push(tail.finish());
  return Buffer.concat(parts);
}

function encodeAny({ typeUrl, value }: EncodedResource): Uint8Array {
  return protobuf.Writer.create().uint32((1 << 3) | 2).string(typeUrl).uint32((2 << 3) | 2).bytes(value).finish();
}

/** The tag and length before `length` bytes. */
export function fieldHead(id: number, length: number): Uint8Array {
  return protobuf.Writer.create().uint32((id << 3) | 2).uint32(length).finish();
}

export function writeControlPlane(writer: protobuf.Writer, id: number, identifier: string): void {
  writer.uint32((id << 3) | 2).fork();
  writer.uint32((1 << 3) | 2).string(identifier);
  writer.ldelim();
}

/** Throws when the bytes are not a response. */
export function decodeDiscoveryResponse(bytes: Uint8Array): DiscoveryResponse {
  const reader = protobuf.Reader.create(bytes);
  const resources: EncodedResource[] = [];
  let versionInfo = '';
  let typeUrl = '';
  let nonce = '';
  let controlPlane = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 2)) versionInfo = readText(reader);
    else if (tag === ((2 << 3) | 2)) resources.push(decodeAny(reader.bytes()));
    else if (tag === ((4 << 3) | 2)) typeUrl = readText(reader);
    else if (tag === ((5 << 3) | 2)) nonce = readText(reader);
    else if (tag === ((6 << 3) | 2)) controlPlane = decodeIdentifier(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return { versionInfo, resources, typeUrl, nonce, ...(controlPlane === '' ? {} : { controlPlane }) };
}

export function decodeAny(bytes: Uint8Array): EncodedResource {
  const reader = protobuf.Reader.create(bytes);
  let typeUrl = '';
  let value: Uint8Array = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 2)) typeUrl = readText(reader);
    else if (tag === ((2 << 3) | 2)) value = reader.bytes();
    else reader.skipType(tag & 7);
  }
  return { typeUrl, value };
}

/** `envoy.config.core.v3.ControlPlane`. */
export function decodeIdentifier(bytes: Uint8Array): string {
  const reader = protobuf.Reader.create(bytes);
  let identifier = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 2)) identifier = readText(reader);
    else reader.skipType(tag & 7);
  }
  return identifier;
}

/** `envoy.config.core.v3.Node` as JSON. */
export function nodeJson(node: Node): JsonObject {
  return {
    id: node.id,
    cluster: node.cluster,
    ...(node.metadata === undefined ? {} : { metadata: node.metadata }),
    ...(node.locality === undefined ? {} : { locality: node.locality }),
    ...(node.userAgentName === undefined ? {} : { user_agent_name: node.userAgentName }),
    ...(node.clientFeatures === undefined ? {} : { client_features: node.clientFeatures }),
  };
}

export function nodeFrom(json: JsonObject): Node {
  const { metadata, locality } = json;
  const userAgentName = text(json, 'user_agent_name');
  const clientFeatures = texts(json, 'client_features');
  return {
    id: text(json, 'id'),
    cluster: text(json, 'cluster'),
    ...(isJsonObject(metadata) ? { metadata } : {}),
    ...(isJsonObject(locality) ? { locality } : {}),
    ...(userAgentName === '' ? {} : { userAgentName }),
    ...(clientFeatures.length === 0 ? {} : { clientFeatures }),
  };
}

/** The value, or a thrown error that ends the stream: a peer that sends such bytes speaks something else. */
export function checked<T>(result: Checked<T>, messageName: string): T {
  if (result.ok) return result.value;
  const reasons = result.problems.map(({ path, message }) => (path === '' ? message : `${path} ${message}`));
  throw new MeshError('xds-malformed-message', `${messageName}: ${reasons.join('; ')}`);
}

export function text(json: JsonObject, key: string): string {
  const value = json[key];
  return typeof value === 'string' ? value : '';
}

export function texts(json: JsonObject, key: string): readonly string[] {
  const value = json[key];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
