/** Virtual hosts that come one by one over real gRPC, and requests that wait for those that are not there. */
import { request } from 'node:http';
import { typeUrls } from '@sluice/resources';
import { loadCodec, type JsonObject } from '@sluice/xds';
import { afterEach, expect, test, vi } from 'vitest';
import { startFollowedProxy, type FollowedProxy } from './testing/followed-proxy.ts';
import { ScriptedService } from './testing/scripted-service.ts';
import { apiSource, listenerOf, serviceCluster, startNamedUpstream, staticCluster } from './testing/service-resources.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const waiting = { timeout: 15_000, interval: 20 };
const ads = { ads: {}, resource_api_version: 'V3' };

function hostOf(domain: string, cluster: string): JsonObject & { readonly name: string } {
  return { name: `routes/${domain}`, domains: [domain], routes: [{ match: { prefix: '/' }, route: { cluster } }] };
}

function table(): JsonObject & { readonly name: string } {
  return { name: 'routes', vhds: { config_source: ads } };
}

function listener(...filters: readonly JsonObject[]): JsonObject & { readonly name: string } {
  const plain = listenerOf('edge', { rds: { route_config_name: 'routes', config_source: ads } });
  const [{ filters: [manager] }] = plain['filter_chains'] as unknown as [{ filters: [{ typed_config: JsonObject }] }];
  const typed_config = { ...manager.typed_config, http_filters: [...filters, ...(manager.typed_config['http_filters'] as readonly JsonObject[])] };
  return { ...plain, filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config }] }] };
}

function onDemand(more: JsonObject = {}): JsonObject {
  return { name: 'envoy.filters.http.on_demand', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand', ...more } };
}

async function start(edge: JsonObject & { readonly name: string }): Promise<{ readonly service: ScriptedService; readonly proxy: FollowedProxy; readonly port: number }> {
  const service = new ScriptedService(await loadCodec('proxy'));
  await service.start();
  cleanups.push(() => service.stop());
  const upstream = await startNamedUpstream('one');
  cleanups.push(() => upstream.stop());
  service.set(typeUrls.cluster, [staticCluster('app', upstream.port)]);
  service.set(typeUrls.listener, [edge]);
  service.set(typeUrls.routeConfiguration, [table()]);
  service.set(typeUrls.virtualHost, [hostOf('app.example', 'app')]);
  const proxy = await startFollowedProxy({
    bootstrap: {
      node: { id: 'proxy-1', cluster: 'group' },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
      dynamic_resources: { ads_config: apiSource('service', 'DELTA_GRPC'), cds_config: ads, lds_config: ads },
      static_resources: { clusters: [serviceCluster('service', [service.port])] },
    },
  });
  cleanups.push(() => proxy.stop());
  await vi.waitFor(async () => expect(await ask(proxy, 'app.example')).toBe('one'), waiting);
  return { service, proxy, port: upstream.port };
}

function ask(proxy: FollowedProxy, host: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const port = proxy.running.proxy.listeners()[0]?.port ?? 1;
  request({ port, host: '127.0.0.1', path: '/', agent: false, headers: { host } }, (response) => {
    let body = '';
    response.on('data', (chunk: Buffer) => (body += chunk.toString()));
    response.on('end', () => resolve(response.statusCode === 200 ? body : String(response.statusCode)));
  })
    .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    .end();
  return promise;
}

test('hosts come and go by themselves, a bad one is refused by itself, and all are shown', async () => {
  const { service, proxy } = await start(listener());
  expect(service.heard.filter(({ typeUrl, nonce }) => typeUrl === typeUrls.virtualHost && nonce === '')).toMatchObject([{ names: [] }]);
  expect(await ask(proxy, 'other.example')).toBe('404');
  service.set(typeUrls.virtualHost, [hostOf('app.example', 'app'), hostOf('other.example', 'app'), { ...hostOf('poor.example', 'app'), domains: [] }]);
  await vi.waitFor(async () => expect(await ask(proxy, 'other.example')).toBe('one'), waiting);
  await vi.waitFor(() => expect(service.answers(typeUrls.virtualHost).at(-1)?.refusal).toMatch(/^VHDS: routes\/poor\.example: domains/), waiting);
  const { body } = await proxy.admin('/config_dump?resource=dynamic_route_configs');
  expect(JSON.parse(body)).toMatchObject({ configs: [{ route_config: { virtual_hosts: [{ domains: ['app.example'] }, { domains: ['other.example'] }] } }, { error_state: {} }] });
  service.set(typeUrls.virtualHost, [hostOf('other.example', 'app')]);
  await vi.waitFor(async () => expect(await ask(proxy, 'app.example')).toBe('404'), waiting);
  expect(await ask(proxy, 'other.example')).toBe('one');
});

test('a request waits for a host that is asked for because of it, and for its cluster', async () => {
  const { service, proxy, port } = await start(listener(onDemand({ odcds: { source: ads } })));
  // What it is asked for it has not yet, and says nothing.
  service.isSilent = true;
  const answered = ask(proxy, 'Late.example');
  await vi.waitFor(() => expect(service.heard.some(({ typeUrl, names }) => typeUrl === typeUrls.virtualHost && names.includes('routes/late.example'))).toBe(true), waiting);
  service.isSilent = false;
  service.set(typeUrls.virtualHost, [hostOf('app.example', 'app'), hostOf('late.example', 'late')]);
  service.isSilent = true;
  await vi.waitFor(() => expect(service.heard.some(({ typeUrl, names }) => typeUrl === typeUrls.cluster && names.includes('late'))).toBe(true), waiting);
  service.isSilent = false;
  service.set(typeUrls.cluster, [staticCluster('app', port), staticCluster('late', port)]);
  expect(await answered).toBe('one');
  expect(await proxy.stat('sluice_on_demand_asked_total')).toBe(2);
});

test('what is not to be had is answered as without the filter', async () => {
  const { service, proxy } = await start(listener(onDemand({ odcds: { source: ads, timeout: '0.2s' } })));
  service.set(typeUrls.virtualHost, [hostOf('app.example', 'app'), hostOf('lost.example', 'lost')]);
  await vi.waitFor(async () => expect(await ask(proxy, 'lost.example')).toBe('503'), waiting);
  expect(await ask(proxy, 'nowhere.example')).toBe('404');
});
