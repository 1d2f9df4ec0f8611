/** Numbers of virtual clusters, and of routes with a `stat_prefix`, live as long as what they are of. */
import { expect, test } from 'vitest';
import { startBootstrap } from './testing/bootstrap-fixture.ts';
import { answerWith, createAnsweringUpstream } from './testing/answering-upstream.ts';
import { startRawUpstream, type RawPeer } from './testing/raw-peer.ts';

interface Host {
  readonly name: string;
  readonly kinds?: readonly string[];
  readonly statPrefix?: string;
}

function edge(hosts: readonly Host[]) {
  return {
    name: 'edge',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'manager',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: 'edge',
              route_config: {
                virtual_hosts: hosts.map(({ name, kinds = [], statPrefix }) => ({
                  name,
                  domains: [name],
                  virtual_clusters: kinds.map((kind) => ({ name: kind, headers: [{ name: 'x-kind', string_match: { exact: kind } }] })),
                  routes: [{ match: { prefix: '/' }, route: { cluster: 'backend' }, ...(statPrefix && { stat_prefix: statPrefix }) }],
                })),
              },
              http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
            },
          },
        ],
      },
    ],
  };
}

async function start(script: (peer: RawPeer) => Promise<void>, hosts: readonly Host[]) {
  const upstream = await startRawUpstream(script);
  const backend = { name: 'backend', type: 'STATIC', load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: upstream.address.host, port_value: upstream.address.port } } } }] }] } };
  const proxy = await startBootstrap({ clusters: [backend] });
  expect(await proxy.offerListeners([edge(hosts)])).toEqual([]);
  return { upstream, proxy };
}

const ask = (host: string, kind: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\nX-Kind: ${kind}\r\n\r\n`;

test('numbers go with the virtual host, the virtual cluster or the prefix they are of, and those of others stay', async () => {
  const { upstream, proxy } = await start(createAnsweringUpstream([answerWith(200, 'ok')]).script, [
    { name: 'leaving', kinds: ['reads'], statPrefix: 'all' },
    { name: 'staying', kinds: ['reads', 'writes'], statPrefix: 'all' },
  ]);
  await using _ = upstream;
  await using __ = proxy;
  const client = await proxy.connect('edge');
  for (const [host, kind] of [['leaving', 'reads'], ['staying', 'reads'], ['staying', 'writes'], ['staying', 'none of them']] as const) {
    client.write(ask(host, kind));
    await client.readUntil('ok');
  }
  const kinds = (host: string) => ['reads', 'writes', 'other'].map((kind) => proxy.metric('envoy_vhost_vcluster_upstream_rq_total', { envoy_virtual_host: host, envoy_virtual_cluster: kind }));
  const prefixed = (host: string) => proxy.metric('envoy_vhost_route_upstream_rq', { envoy_virtual_host: host, envoy_response_code: '200' });
  await expect.poll(() => [...kinds('leaving'), ...kinds('staying')], { timeout: 10_000 }).toEqual([1, 0, 0, 1, 1, 1]);
  expect([prefixed('leaving'), prefixed('staying')]).toEqual([1, 3]);
  expect(await proxy.offerListeners([edge([{ name: 'staying', kinds: ['reads'] }])])).toEqual([]);
  expect([...kinds('leaving'), ...kinds('staying')]).toEqual([0, 0, 0, 1, 0, 1]);
  expect([prefixed('leaving'), prefixed('staying')]).toEqual([0, 0]);
});

test('a request that outlives its virtual host does not bring the numbers back', async () => {
  const answer = Promise.withResolvers<void>();
  const { upstream, proxy } = await start(async (peer) => {
    await peer.readHead();
    await answer.promise;
    peer.write(answerWith(200, 'late'));
  }, [{ name: 'leaving', kinds: ['reads'] }]);
  await using _ = upstream;
  await using __ = proxy;
  const client = await proxy.connect('edge');
  client.write(ask('leaving', 'reads'));
  await expect.poll(() => upstream.peers.length, { timeout: 10_000 }).toBe(1);
  expect(await proxy.offerListeners([edge([{ name: 'staying', kinds: ['reads'] }])])).toEqual([]);
  answer.resolve();
  await client.readUntil('late');
  await expect.poll(() => proxy.proxy.activeStreams, { timeout: 10_000 }).toBe(0);
  expect(proxy.metric('envoy_vhost_vcluster_upstream_rq_total')).toBe(0);
});
