/** Messages of incremental discovery as bytes. Like `discovery-wire.ts`: what carries resources is put together by hand. */
import protobuf from 'protobufjs/minimal.js';

import type { Codec } from '../codec/codec.ts';
import { readText } from '../codec/framing.ts';
import type { JsonObject } from '../codec/json.ts';
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse, EncodedResource, ErrorDetail, Node, WrappedResource } from '../discovery.ts';
import {
  checked,
  decodeAny,
  decodeErrorDetail,
  decodeIdentifier,
  decodeNode,
  fieldHead,
  joined,
  nodeJson,
  readFields,
  readNames,
  runOf,
  writeControlPlane,
} from './discovery-wire.ts';
import { createRequestMemo } from './run-memo.ts';

const requestName = 'envoy.service.discovery.v3.DeltaDiscoveryRequest';

export function encodeDeltaRequest(request: DeltaDiscoveryRequest, codec: Codec): Uint8Array {
  const json: JsonObject = {
    ...(request.node === undefined ? {} : { node: nodeJson(request.node) }),
    type_url: request.typeUrl,
    resource_names_subscribe: request.subscribe,
    resource_names_unsubscribe: request.unsubscribe,
    initial_resource_versions: request.initialVersions,
    response_nonce: request.responseNonce,
    ...(request.errorDetail === undefined ? {} : { error_detail: { ...request.errorDetail } }),
  };
  return checked(codec.encode(requestName, json), requestName);
}

/** node 1, type_url 2, resource_names_subscribe 3, _unsubscribe 4, initial_resource_versions 5, response_nonce 6, error_detail 7. */
export function decodeDeltaRequest(bytes: Uint8Array, codec: Codec, memo = createRequestMemo()): DeltaDiscoveryRequest {
  let subscribe: readonly string[] = [];
  let unsubscribe: readonly string[] = [];
  let initialVersions: Readonly<Record<string, string>> | undefined;
  let typeUrl = '';
  let responseNonce = '';
  let node: Node | undefined;
  let errorDetail: ErrorDetail | undefined;
  readFields(requestName, bytes, (tag, reader) => {
    if (tag === ((1 << 3) | 2)) node = decodeNode(reader.bytes(), codec);
    else if (tag === ((2 << 3) | 2)) typeUrl = readText(reader);
    else if (tag === ((3 << 3) | 2)) subscribe = joined(subscribe, memo.names.read(runOf(tag, reader, bytes), readNames));
    else if (tag === ((4 << 3) | 2)) unsubscribe = joined(unsubscribe, memo.names.read(runOf(tag, reader, bytes), readNames));
    else if (tag === ((5 << 3) | 2)) {
      const more = memo.versions.read(runOf(tag, reader, bytes), readVersions);
      initialVersions = initialVersions === undefined ? more : { ...initialVersions, ...more };
    } else if (tag === ((6 << 3) | 2)) responseNonce = readText(reader);
    else if (tag === ((7 << 3) | 2)) errorDetail = decodeErrorDetail(reader.bytes());
    else reader.skipType(tag & 7);
  });
  return {
    typeUrl,
    subscribe,
    unsubscribe,
    initialVersions: initialVersions ?? {},
    responseNonce,
    ...(node === undefined ? {} : { node }),
    ...(errorDetail === undefined ? {} : { errorDetail }),
  };
}

/** The entries of a map: key 1, value 2. */
function readVersions(run: Uint8Array): Readonly<Record<string, string>> {
  // Names are a client's to choose: without a prototype, `__proto__` is one like any other.
  const versions = Object.create(null) as Record<string, string>;
  readFields(requestName, run, (_tag, reader) => {
    const end = reader.uint32() + reader.pos;
    let name = '';
    let version = '';
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === ((1 << 3) | 2)) name = readText(reader);
      else if (tag === ((2 << 3) | 2)) version = readText(reader);
      else reader.skipType(tag & 7);
    }
    versions[name] = version;
  });
  return versions;
}

/** system_version_info 1, resources 2, type_url 4, nonce 5, removed_resources 6, control_plane 7 { identifier 1 }. */
export function encodeDeltaResponse(response: DeltaDiscoveryResponse): Uint8Array {
  const head = protobuf.Writer.create();
  if (response.systemVersionInfo !== '') head.uint32((1 << 3) | 2).string(response.systemVersionInfo);
  const parts: Uint8Array[] = [head.finish()];
  for (const resource of response.resources) {
    if (resource.frame !== undefined) {
      parts.push(resource.frame);
      continue;
    }
    const bytes = encodeWrappedResource(resource);
    parts.push(fieldHead(2, bytes.length), bytes);
  }
  const tail = protobuf.Writer.create();
  tail.uint32((4 << 3) | 2).string(response.typeUrl);
  tail.uint32((5 << 3) | 2).string(response.nonce);
  for (const name of response.removedResources) tail.uint32((6 << 3) | 2).string(name);
  if (response.controlPlane !== undefined) writeControlPlane(tail, 7, response.controlPlane);
  parts.push(tail.finish());
  return Buffer.concat(parts);
}

/** Throws when the bytes are not a response. */
export function decodeDeltaResponse(bytes: Uint8Array): DeltaDiscoveryResponse {
  const reader = protobuf.Reader.create(bytes);
  const resources: WrappedResource[] = [];
  const removedResources: string[] = [];
  let systemVersionInfo = '';
  let typeUrl = '';
  let nonce = '';
  let controlPlane = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 2)) systemVersionInfo = readText(reader);
    else if (tag === ((2 << 3) | 2)) resources.push(decodeWrappedResource(reader.bytes()));
    else if (tag === ((4 << 3) | 2)) typeUrl = readText(reader);
    else if (tag === ((5 << 3) | 2)) nonce = readText(reader);
    else if (tag === ((6 << 3) | 2)) removedResources.push(readText(reader));
    else if (tag === ((7 << 3) | 2)) controlPlane = decodeIdentifier(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return { systemVersionInfo, resources, typeUrl, nonce, removedResources, ...(controlPlane === '' ? {} : { controlPlane }) };
}

/** `envoy.service.discovery.v3.Resource`, which a server may also send inside an `Any` where state of the world is spoken. */
export function encodeWrappedResource(resource: WrappedResource): Uint8Array {
  const writer = protobuf.Writer.create();
  writeWrappedResource(writer, resource);
  return writer.finish();
}

/** version 1, resource 2, name 3, aliases 4, ttl 6. Throws when the bytes are no such message. */
export function decodeWrappedResource(bytes: Uint8Array): WrappedResource {
  const reader = protobuf.Reader.create(bytes);
  const aliases: string[] = [];
  let version = '';
  let name = '';
  let resource: EncodedResource | undefined;
  let ttlMs: number | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 2)) version = readText(reader);
    else if (tag === ((2 << 3) | 2)) resource = decodeAny(reader.bytes());
    else if (tag === ((3 << 3) | 2)) name = readText(reader);
    else if (tag === ((4 << 3) | 2)) aliases.push(readText(reader));
    else if (tag === ((6 << 3) | 2)) ttlMs = decodeDurationMs(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return {
    name,
    version,
    ...(resource === undefined ? {} : { resource }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

function writeWrappedResource(writer: protobuf.Writer, { name, version, resource, aliases = [], ttlMs }: WrappedResource): void {
  writer.uint32((1 << 3) | 2).string(version);
  if (resource !== undefined) {
    writer.uint32((2 << 3) | 2).fork();
    writer.uint32((1 << 3) | 2).string(resource.typeUrl);
    writer.uint32((2 << 3) | 2).bytes(resource.value);
    writer.ldelim();
  }
  writer.uint32((3 << 3) | 2).string(name);
  for (const alias of aliases) writer.uint32((4 << 3) | 2).string(alias);
  if (ttlMs === undefined) return;
  writer.uint32((6 << 3) | 2).fork();
  writer.uint32((1 << 3) | 0).int64(Math.floor(ttlMs / 1000));
  writer.uint32((2 << 3) | 0).int32(Math.round((ttlMs % 1000) * 1e6));
  writer.ldelim();
}

function decodeDurationMs(bytes: Uint8Array): number {
  const reader = protobuf.Reader.create(bytes);
  let ms = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | 0)) ms += Number(reader.int64()) * 1000;
    else if (tag === ((2 << 3) | 0)) ms += reader.int32() / 1e6;
    else reader.skipType(tag & 7);
  }
  return ms;
}
