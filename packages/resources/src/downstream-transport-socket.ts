/** `envoy.config.core.v3.TransportSocket` of a filter chain: what stands between its bytes and the wire. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope, TypedConfigDecoder } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { downstreamTlsContextTypeName, readDownstreamTlsContext } from './tls/downstream-tls-context.ts';

export interface TransportSocketConfig {
  readonly name: string;
  /** Which one: `envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext`. Without `type.googleapis.com/`. */
  readonly typeName: string;
  /** What the decoder of that type made of the config. */
  readonly config: unknown;
}

/** Bytes as they are. Chains without a transport socket have this one. */
export const rawBufferTypeName = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** The transport sockets that clients may meet, by the type of their config. */
const downstreamSockets: Readonly<Record<string, TypedConfigDecoder>> = {
  [rawBufferTypeName]: readRawBuffer,
  [downstreamTlsContextTypeName]: readDownstreamTlsContext,
};

/** Undefined for raw bytes, and after a problem. */
export function readDownstreamTransportSocket(json: unknown, scope: Scope): TransportSocketConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  // Envoy takes this one by its name alone, too.
  const isRaw = name === 'envoy.transport_sockets.raw_buffer' && !reader.has('typed_config');
  const socket = isRaw ? undefined : reader.required('typed_config', readSocketConfig);
  reader.done();
  return socket && socket.typeName !== rawBufferTypeName ? { name, ...socket } : undefined;
}

function readSocketConfig(json: unknown, scope: Scope): Omit<TransportSocketConfig, 'name'> | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const decode = Object.hasOwn(downstreamSockets, typed.typeName) ? downstreamSockets[typed.typeName] : undefined;
  if (!decode) {
    scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(downstreamSockets).join(', ')}`);
    return undefined;
  }
  const config = decode(typed.json, typed.scope);
  return config === undefined ? undefined : { typeName: typed.typeName, config };
}

function readRawBuffer(json: unknown, scope: Scope): object | undefined {
  const reader = MessageReader.open(json, scope);
  reader?.done();
  return reader && {};
}
