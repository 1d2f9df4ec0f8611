import { expect, test } from 'vitest';
import { decodeCluster } from './cluster.ts';
import { staticClusterJson, typed, type Json } from './testing/sample-resources.ts';

const raw = { name: 'envoy.transport_sockets.raw_buffer' };
const socket = (fields: Json) => ({
  name: 'envoy.transport_sockets.upstream_proxy_protocol',
  typed_config: typed('envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport', fields),
});
const decode = (fields: Json) => decodeCluster(staticClusterJson('a', [], { transport_socket: socket(fields) }));
const problemsOf = (fields: Json) => decode(fields).problems.map(({ path, message }) => `${path}: ${message}`);

test('a header of version 1 without a word, as in Envoy', () => {
  expect(decode({ transport_socket: raw })).toMatchObject({ ok: true, value: { transportSocket: { kind: 'raw', proxyProtocol: { version: 1, passedTlvs: new Set() } } } });
});

test('what it wraps stays what it is', () => {
  const tls = { name: 'tls', typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', { sni: 'a.test' }) };
  const config = { version: 'V2', pass_through_tlvs: { match_type: 'INCLUDE', tlv_type: [1, 234] } };
  expect(decode({ config, transport_socket: tls })).toMatchObject({
    ok: true,
    value: { transportSocket: { kind: 'tls', tls: { sni: 'a.test' }, proxyProtocol: { version: 2, passedTlvs: new Set([1, 234]) } } },
  });
  expect(decode({ config: { version: 'V2', pass_through_tlvs: {} }, transport_socket: raw })).toMatchObject({ value: { transportSocket: { proxyProtocol: { passedTlvs: 'all' } } } });
});

test('what cannot be is refused, and what has no effect is said', () => {
  const at = 'transport_socket.typed_config';
  expect(problemsOf({})).toEqual([`${at}.transport_socket: is required`]);
  expect(problemsOf({ transport_socket: socket({ transport_socket: raw }) })).toEqual([`${at}.transport_socket: must not be one with a PROXY header of its own`]);
  expect(problemsOf({ config: { version: 'V3' }, transport_socket: raw })).toEqual([expect.stringContaining(`${at}.config.version: `)]);
  expect(problemsOf({ config: { version: 'V2', pass_through_tlvs: { tlv_type: [256] } }, transport_socket: raw })).toEqual([expect.stringContaining(`${at}.config.pass_through_tlvs.tlv_type[0]: `)]);
  expect(problemsOf({ config: { added_tlvs: [{}] }, transport_socket: raw })).toEqual([expect.stringContaining(`${at}.config.added_tlvs: `)]);
  expect(problemsOf({ config: { pass_through_tlvs: {} }, transport_socket: raw })).toEqual([`${at}.config.pass_through_tlvs: has no effect: version 1 has no TLVs`]);
});
