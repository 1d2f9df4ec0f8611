/** Network filters that let a connection pass or not, before what serves it. */
import { socketAddress, staticClusterJson, typed, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startBootstrap, startRawUpstream } from '../../testing/index.ts';

const network = (name: string, type: string, fields: Json) => ({ name, typed_config: typed(`envoy.extensions.filters.network.${name}.v3.${type}`, fields) });
const echo = network('echo', 'Echo', {});
const rbac = (fields: Json) => network('rbac', 'RBAC', { stat_prefix: 'test', ...fields });
const proxyProtocol = { name: 'proxy', typed_config: typed('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol', { allow_requests_without_proxy_protocol: true }) };
const main = (filters: readonly object[], fields: Json = {}) => ({ name: 'main', address: socketAddress('127.0.0.1', 0), filter_chains: [{ filters }], ...fields });
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
type Proxy = Awaited<ReturnType<typeof startBootstrap>>;

/** What comes back of what is sent; empty when the connection was closed. */
async function say(proxy: Proxy, text: string): Promise<string> {
  const client = await proxy.connect('main');
  client.write(text);
  client.end();
  return (await client.readToEnd()).toString();
}

test('rbac lets pass whom its rules name, told by peer, by client or by neither', async () => {
  const range = (address_prefix: string, prefix_len: number) => ({ address_prefix, prefix_len });
  const policies = { lan: { permissions: [{ any: true }], principals: [{ and_ids: { ids: [{ direct_remote_ip: range('127.0.0.0', 8) }, { remote_ip: range('192.0.2.0', 24) }] } }] } };
  await using proxy = await startBootstrap({ listeners: [main([rbac({ rules: { action: 'ALLOW', policies } }), echo], { listener_filters: [proxyProtocol] })] });
  expect(await say(proxy, 'PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\nhello')).toBe('hello');
  expect(await say(proxy, 'PROXY TCP4 198.51.100.7 10.0.0.1 1 2\r\nhello')).toBe('');
  expect(await say(proxy, 'hello, hello, hello')).toBe('');
  expect(proxy.metric('envoy_rbac_allowed', { envoy_rbac_prefix: 'test' })).toBe(1);
  expect(proxy.metric('envoy_rbac_denied')).toBe(2);
});

test('shadow rules only count', async () => {
  const shadow_rules = { action: 'DENY', policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } };
  await using proxy = await startBootstrap({ listeners: [main([rbac({ shadow_rules }), echo])] });
  expect(await say(proxy, 'through')).toBe('through');
  expect(proxy.metric('envoy_rbac_shadow_denied')).toBe(1);
  expect(proxy.metric('envoy_rbac_denied')).toBe(0);
});

test('a rule about requests is refused for connections', async () => {
  await using proxy = await startBootstrap({});
  const policies = { paths: { permissions: [{ not_rule: { url_path: { path: { exact: '/' } } } }], principals: [{ any: true }] } };
  expect(await proxy.offerListeners([main([rbac({ rules: { policies } }), echo])])).toEqual([
    'filter_chains[0].filters[0].typed_config.rules.policies["paths"].permissions[0]: is a rule about path, which a connection does not have',
  ]);
});

test('a token bucket closes connections for which it has no token', async () => {
  const limit = network('local_ratelimit', 'LocalRateLimit', { stat_prefix: 'test', token_bucket: { max_tokens: 2, tokens_per_fill: 1, fill_interval: '3600s' } });
  await using proxy = await startBootstrap({ listeners: [main([limit, echo])] });
  const said: string[] = [];
  for (const text of ['one', 'two', 'three']) said.push(await say(proxy, text));
  expect(said).toEqual(['one', 'two', '']);
  expect(proxy.metric('envoy_local_rate_limit_rate_limited', { envoy_local_ratelimit_prefix: 'test' })).toBe(1);
});

test('a connection limit gives back what has ended, also after another gate has refused', async () => {
  const limit = network('connection_limit', 'ConnectionLimit', { stat_prefix: 'test', max_connections: '1' });
  const denyAll = rbac({ rules: { action: 'ALLOW', policies: { nobody: { permissions: [{ destination_port: 1 }], principals: [{ any: true }] } } } });
  const listeners = [main([limit, echo]), { ...main([limit, denyAll, echo]), name: 'denied' }];
  await using proxy = await startBootstrap({ listeners });
  for (let count = 0; count < 3; count += 1) await (await proxy.connect('denied')).readToEnd();
  expect(proxy.metric('envoy_connection_limit_limited_connections')).toBe(0);
  const held = await proxy.connect('main');
  held.write('x');
  await held.readUntil('x');
  expect(await say(proxy, 'one too many')).toBe('');
  expect(proxy.metric('envoy_connection_limit_limited_connections')).toBe(1);
  held.end();
  await held.readToEnd();
  await until(() => proxy.metric('envoy_listener_downstream_cx_active') === 0);
  expect(await say(proxy, 'next')).toBe('next');
});

test('tcp_proxy goes where a redirected connection was going, and not to itself', async () => {
  await using upstream = await startRawUpstream((peer) => void peer.socket.pipe(peer.socket));
  const tcp = network('tcp_proxy', 'TcpProxy', { stat_prefix: 'test', cluster: 'onward' });
  const originalDst = { name: 'dst', typed_config: typed('envoy.extensions.filters.listener.original_dst.v3.OriginalDst') };
  const listeners = [main([tcp], { listener_filters: [proxyProtocol, originalDst] })];
  const onward = { name: 'onward', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };
  await using proxy = await startBootstrap({ listeners, clusters: [onward, staticClusterJson('unused', [])] });
  expect(await say(proxy, `PROXY TCP4 192.0.2.7 127.0.0.1 1 ${upstream.address.port}\r\nonward`)).toBe('onward');
  expect(await say(proxy, 'to whoever came by itself')).toBe('');
  expect(proxy.metric('envoy_cluster_upstream_cx_total')).toBe(1);
});
