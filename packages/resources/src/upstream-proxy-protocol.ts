/** `envoy.config.core.v3.ProxyProtocolConfig`, as transport sockets of clusters have it: which PROXY header a host gets. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeUint32 } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

export interface UpstreamProxyProtocol {
  /** Default 1, as Envoy. */
  readonly version: 1 | 2;
  /** Types of the client's TLVs that go on to the host. Default none. Version 1 has no place for any. */
  readonly passedTlvs: 'all' | ReadonlySet<number>;
}

export const proxyProtocolTransportTypeName = 'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport';

export const plainProxyProtocol: UpstreamProxyProtocol = { version: 1, passedTlvs: new Set() };

export function readUpstreamProxyProtocol(json: unknown, scope: Scope): UpstreamProxyProtocol | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const version = reader.enum('version', ['V1', 'V2'], 'V1') === 'V1' ? 1 : 2;
  const passedTlvs = reader.read('pass_through_tlvs', readPassThroughTlvs) ?? plainProxyProtocol.passedTlvs;
  if (version === 1 && reader.has('pass_through_tlvs')) scope.at('pass_through_tlvs').warn('has no effect: version 1 has no TLVs');
  reader.refuse(['added_tlvs']);
  reader.done();
  return { version, passedTlvs };
}

/** `envoy.config.core.v3.ProxyProtocolPassThroughTLVs`: all, or those of some types. */
export function readPassThroughTlvs(json: unknown, scope: Scope): 'all' | ReadonlySet<number> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const which = reader.enum('match_type', ['INCLUDE_ALL', 'INCLUDE'], 'INCLUDE_ALL');
  const types = reader.list('tlv_type', (type, at) => decodeUint32(type, at, { max: 255 }));
  reader.done();
  return which === 'INCLUDE_ALL' ? 'all' : new Set(types);
}
