/** Numbers of connection managers and TCP proxies stay as long as somebody counts by them, and no longer. */
import { connectionManagerJson, routesJson, socketAddress, staticClusterJson, typed } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startBootstrap, startRawUpstream, type RawPeer } from './testing/index.ts';

const tracing = { random_sampling: { value: 100 } };
const http = (prefix: string) => ({
  name: 'http',
  typed_config: connectionManagerJson({ stat_prefix: prefix, tracing, route_config: routesJson('r', [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'here' } } }]) }),
});
const tcp = (prefix: string) => ({ name: 'tcp', typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: prefix, cluster: 'app' }) });
const listener = (name: string, filters: object[], more: object = {}) => ({ name, address: socketAddress('127.0.0.1', 0), filter_chains: [{ filters }], ...more });

async function ask(client: RawPeer): Promise<void> {
  client.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
  await client.readUntil('here');
}

test('a listener that goes takes them along, when its last connection has ended', async () => {
  await using proxy = await startBootstrap({});
  await proxy.offerListeners([listener('one', [http('gone')]), listener('two', [http('stays')])]);
  const client = await proxy.connect('one');
  await ask(client);
  await ask(await proxy.connect('two'));
  const counted = (prefix: string): readonly number[] =>
    ['envoy_http_downstream_cx_total', 'envoy_http_downstream_rq_xx', 'envoy_http_tracing_random_sampling'].map((name) => proxy.metric(name, { envoy_http_conn_manager_prefix: prefix }));
  await proxy.offerListeners([listener('two', [http('stays')])]);
  expect(counted('gone')).toEqual([1, 1, 1]);
  await client.readToEnd();
  await expect.poll(() => counted('gone'), { timeout: 10_000 }).toEqual([0, 0, 0]);
  expect(counted('stays')).toEqual([1, 1, 1]);
});

test('what another listener counts by stays', async () => {
  await using proxy = await startBootstrap({});
  await proxy.offerListeners([listener('one', [http('shared')]), listener('two', [http('shared')])]);
  await ask(await proxy.connect('one'));
  await proxy.offerListeners([listener('two', [http('shared')])]);
  await ask(await proxy.connect('two'));
  expect(proxy.metric('envoy_http_downstream_rq_total', { envoy_http_conn_manager_prefix: 'shared' })).toBe(2);
});

test('a chain that goes takes those of its TCP proxy along', async () => {
  await using upstream = await startRawUpstream((peer) => void peer.socket.pipe(peer.socket));
  await using proxy = await startBootstrap({ clusters: [staticClusterJson('app', [`127.0.0.1:${upstream.address.port}`])] });
  await proxy.offerListeners([listener('one', [tcp('old')])]);
  const client = await proxy.connect('one');
  client.write('a');
  await client.readUntil('a');
  await proxy.offerListeners([listener('one', [tcp('new')])]);
  expect(proxy.metric('envoy_tcp_downstream_cx_total', { envoy_tcp_prefix: 'old' })).toBe(1);
  client.socket.destroy();
  await expect.poll(() => proxy.metric('envoy_tcp_downstream_cx_total', { envoy_tcp_prefix: 'old' }), { timeout: 10_000 }).toBe(0);
});
