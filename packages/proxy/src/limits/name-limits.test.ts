/** Names whose servers do not answer in time. */
import { createSocket, type Socket } from 'node:dgram';
import { expect, test } from 'vitest';
import { startBootstrap } from '../testing/index.ts';

async function startSilentServer(): Promise<Socket> {
  const server = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<void>();
  server.bind(0, '127.0.0.1', resolve);
  await promise;
  return server;
}

test('a question that no name server answers is counted, for its cluster and for all', async () => {
  const server = await startSilentServer();
  const resolvers = [{ socket_address: { address: '127.0.0.1', port_value: server.address().port } }];
  const cares = { '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig', resolvers, query_timeout_seconds: 1, query_tries: 1, dns_resolver_options: { no_default_search_domain: true } };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 'app.test', port_value: 80 } } } }] }];
  const cluster = { name: 'app', type: 'STRICT_DNS', dns_lookup_family: 'V4_ONLY', typed_dns_resolver_config: { name: 'cares', typed_config: cares }, load_assignment: { cluster_name: 'app', endpoints } };
  {
    await using proxy = await startBootstrap({ clusters: [cluster] });
    await expect.poll(() => proxy.metric('envoy_dns_cares_timeout'), { timeout: 20_000 }).toBeGreaterThan(0);
    expect(proxy.metric('envoy_cluster_update_failure', { envoy_cluster_name: 'app' })).toBeGreaterThan(0);
    expect(proxy.metric('envoy_dns_cares_resolve_total')).toBeGreaterThan(0);
  }
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
});
