/**
 * Discovery messages as bytes. Requests go through the codec; responses are put together by hand, because
 * their resources are bytes already and must not be copied through JSON once per client.
 */
import { MeshError, type Checked } from '@sluice/kernel';
import protobuf from 'protobufjs/minimal.js';

import type { Codec, DecodedMessage } from '../codec/codec.ts';
import { isJsonObject, type JsonObject } from '../codec/json.ts';
import type { DiscoveryRequest, DiscoveryResponse, EncodedResource, Node } from '../discovery.ts';

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

export function decodeDiscoveryRequest(bytes: Uint8Array, codec: Codec): DiscoveryRequest {
  const { value } = checked<DecodedMessage>(codec.decode(requestName, bytes), requestName);
  const { node, error_detail: errorDetail } = value;
  return {
    versionInfo: text(value, 'version_info'),
    resourceNames: texts(value, 'resource_names'),
    typeUrl: text(value, 'type_url'),
    responseNonce: text(value, 'response_nonce'),
    ...(isJsonObject(node) ? { node: nodeFrom(node) } : {}),
    ...(isJsonObject(errorDetail)
      ? { errorDetail: { code: Number(errorDetail['code'] ?? 0), message: text(errorDetail, 'message') } }
      : {}),
  };
}

/** version_info 1, resources 2, type_url 4, nonce 5, control_plane 6 { identifier 1 }. */
export function encodeDiscoveryResponse(response: DiscoveryResponse): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32((1 << 3) | 2).string(response.versionInfo);
  for (const { typeUrl, value } of response.resources) {
    writer.uint32((2 << 3) | 2).fork();
    writer.uint32((1 << 3) | 2).string(typeUrl);
    writer.uint32((2 << 3) | 2).bytes(value);
    writer.ldelim();
  }
  writer.uint32((4 << 3) | 2).string(response.typeUrl);
  writer.uint32((5 << 3) | 2).string(response.nonce);
  if (response.controlPlane !== undefined) {
    writer.uint32((6 << 3) | 2).fork();
    writer.uint32((1 << 3) | 2).string(response.controlPlane);
    writer.ldelim();
  }
  return writer.finish();
}

/** Throws when the bytes are not a response. */
export function decodeDiscoveryResponse(bytes: Uint8Array): DiscoveryResponse {
  const reader = protobuf.Reader.create(bytes);
  const resources: EncodedResource[] = [];
  let versionInfo = '';
  let typeUrl = '';
  let nonce = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 2)) versionInfo = reader.string();
    else if (tag === ((2 << 3) | 2)) resources.push(decodeAny(reader.bytes()));
    else if (tag === ((4 << 3) | 2)) typeUrl = reader.string();
    else if (tag === ((5 << 3) | 2)) nonce = reader.string();
    else reader.skipType(tag & 7);
  }
  return { versionInfo, resources, typeUrl, nonce };
}

export function decodeAny(bytes: Uint8Array): EncodedResource {
  const reader = protobuf.Reader.create(bytes);
  let typeUrl = '';
  let value: Uint8Array = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 2)) typeUrl = reader.string();
    else if (tag === ((2 << 3) | 2)) value = reader.bytes();
    else reader.skipType(tag & 7);
  }
  return { typeUrl, value };
}

/** `envoy.config.core.v3.Node` as JSON. */
export function nodeJson(node: Node): JsonObject {
  return {
    id: node.id,
    cluster: node.cluster,
    ...(node.metadata === undefined ? {} : { metadata: node.metadata }),
    ...(node.userAgentName === undefined ? {} : { user_agent_name: node.userAgentName }),
    ...(node.clientFeatures === undefined ? {} : { client_features: node.clientFeatures }),
  };
}

export function nodeFrom(json: JsonObject): Node {
  const { metadata } = json;
  const userAgentName = text(json, 'user_agent_name');
  const clientFeatures = texts(json, 'client_features');
  return {
    id: text(json, 'id'),
    cluster: text(json, 'cluster'),
    ...(isJsonObject(metadata) ? { metadata } : {}),
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
