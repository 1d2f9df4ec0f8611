/** Transport sockets of clusters: what stands between the bytes for a host and the wire. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readStruct, type Struct } from './metadata.ts';
import { readUpstreamTlsContext, upstreamTlsContextTypeName, type UpstreamTlsContext } from './tls/upstream-tls-context.ts';

export type UpstreamTransportSocket =
  /** Bytes as they are. */
  | { readonly kind: 'raw' }
  | { readonly kind: 'tls'; readonly tls: UpstreamTlsContext };

/** For hosts whose metadata `envoy.transport_socket_match` holds all of `match`. */
export interface TransportSocketMatch {
  readonly name: string;
  readonly match: Struct;
  readonly socket: UpstreamTransportSocket;
}

export const rawTransportSocket: UpstreamTransportSocket = { kind: 'raw' };

const rawBufferTypeName = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

export function readUpstreamTransportSocket(json: unknown, scope: Scope): UpstreamTransportSocket | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  // Envoy takes this one by its name alone, too.
  const isRaw = name === 'envoy.transport_sockets.raw_buffer' && !reader.has('typed_config');
  const socket = isRaw ? rawTransportSocket : reader.required('typed_config', readSocketConfig);
  reader.done();
  return socket;
}

function readSocketConfig(json: unknown, scope: Scope): UpstreamTransportSocket | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName === upstreamTlsContextTypeName) {
    const tls = readUpstreamTlsContext(typed.json, typed.scope);
    return tls && { kind: 'tls', tls };
  }
  if (typed.typeName === rawBufferTypeName) {
    MessageReader.open(typed.json, typed.scope)?.done();
    return rawTransportSocket;
  }
  scope.at('@type').error(`is ${typed.typeName}, must be ${upstreamTlsContextTypeName} or ${rawBufferTypeName}`);
  return undefined;
}

export function readTransportSocketMatch(json: unknown, scope: Scope): TransportSocketMatch | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const match = reader.read('match', readStruct) ?? {};
  const socket = reader.required('transport_socket', readUpstreamTransportSocket);
  reader.done();
  return socket && { name, match, socket };
}
