/** Connections passed through to clusters of all kinds, over real sockets. */
import { socketAddress, staticClusterJson, typed, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startBootstrap, startRawUpstream } from '../../testing/index.ts';

const tcpProxy = (cluster: string): Json => ({ name: 'tcp', typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: 'test', cluster }) });
const listener = (cluster: string, fields: Json = {}): Json => ({ name: 'main', address: socketAddress('127.0.0.1', 0), filter_chains: [{ filters: [tcpProxy(cluster)] }], ...fields });
const greet = (text: string) => startRawUpstream(async (peer) => void peer.write(text));

test('a connection goes where it was going', async () => {
  await using upstream = await greet('here');
  const proxyProtocol = { name: 'proxy', typed_config: typed('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol') };
  await using proxy = await startBootstrap({
    listeners: [listener('dst', { listener_filters: [proxyProtocol] })],
    clusters: [{ name: 'dst', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }],
  });
  const client = await proxy.connect('main');
  client.write(`PROXY TCP4 10.9.9.9 127.0.0.1 1234 ${upstream.address.port}\r\n`);
  await client.readUntil('here');
});

test('an aggregate passes connections on to the first of its clusters that is there', async () => {
  await using upstream = await greet('second');
  const config = typed('envoy.extensions.clusters.aggregate.v3.ClusterConfig', { clusters: ['a', 'b'] });
  await using proxy = await startBootstrap({
    listeners: [listener('all')],
    clusters: [
      { name: 'all', lb_policy: 'CLUSTER_PROVIDED', cluster_type: { name: 'envoy.clusters.aggregate', typed_config: config } },
      staticClusterJson('a', []),
      staticClusterJson('b', [`127.0.0.1:${upstream.address.port}`]),
    ],
  });
  await (await proxy.connect('main')).readUntil('second');
});

test.each([
  [true, 'ends'],
  [false, 'stays'],
])('with close_connections_on_host_health_failure %j a connection whose host falls ill %s', async (closes) => {
  await using upstream = await startRawUpstream(async (peer) => {
    peer.write('hello');
    peer.socket.pipe(peer.socket);
  });
  const checked = await startRawUpstream(async () => {});
  const endpoint = { address: socketAddress('127.0.0.1', upstream.address.port), health_check_config: { port_value: checked.address.port } };
  await using proxy = await startBootstrap({
    listeners: [listener('app')],
    clusters: [
      {
        name: 'app',
        load_assignment: { cluster_name: 'app', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
        close_connections_on_host_health_failure: closes,
        health_checks: [{ timeout: '5s', interval: '0.05s', no_traffic_interval: '0.05s', unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} }],
      },
    ],
  });
  const client = await proxy.connect('main');
  await client.readUntil('hello');
  const closed = new Promise<void>((resolve) => client.socket.once('close', () => resolve()));
  client.socket.on('error', () => {});
  await checked[Symbol.asyncDispose]();
  while (proxy.metric('envoy_cluster_membership_healthy') > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  if (closes) return closed;
  client.write('still there?');
  await client.readUntil('still there?');
  client.socket.destroy();
  expect(proxy.metric('envoy_cluster_health_check_failure')).toBeGreaterThan(0);
});
