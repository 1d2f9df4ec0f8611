/** Transport sockets of clusters: what stands between the bytes for a host and the wire. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readStruct, type Struct } from './metadata.ts';
import { plainProxyProtocol, proxyProtocolTransportTypeName, readUpstreamProxyProtocol, type UpstreamProxyProtocol } from './upstream-proxy-protocol.ts';
import { readUpstreamTlsContext, upstreamTlsContextTypeName, type UpstreamTlsContext } from './tls/upstream-tls-context.ts';

export type UpstreamTransportSocket = (
  /** Bytes as they are. */
  | { readonly kind: 'raw' }
  | { readonly kind: 'tls'; readonly tls: UpstreamTlsContext }
) & {
  /** Connections begin with a PROXY header, before anything else. */
  readonly proxyProtocol?: UpstreamProxyProtocol | undefined;
};

/** For hosts whose metadata `envoy.transport_socket_match` holds all of `match`. */
export interface TransportSocketMatch {
  readonly name: string;
  readonly match: Struct;
  readonly socket: UpstreamTransportSocket;
}

/** Where hosts, or the localities they are in, say in their metadata which one they want. */
export const transportSocketMatchKey = 'envoy.transport_socket_match';

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
  if (typed.typeName === proxyProtocolTransportTypeName) return readProxied(typed.json, typed.scope);
  scope.at('@type').error(`is ${typed.typeName}, must be ${upstreamTlsContextTypeName}, ${rawBufferTypeName} or ${proxyProtocolTransportTypeName}`);
  return undefined;
}

/** `envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport`: what it wraps, with the header to come first. */
function readProxied(json: unknown, scope: Scope): UpstreamTransportSocket | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const proxyProtocol = reader.read('config', readUpstreamProxyProtocol) ?? plainProxyProtocol;
  const socket = reader.required('transport_socket', readUpstreamTransportSocket);
  reader.refuse(['connection_pool_settings']);
  reader.done();
  if (!socket?.proxyProtocol) return socket && { ...socket, proxyProtocol };
  scope.at('transport_socket').error('must not be one with a PROXY header of its own');
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
