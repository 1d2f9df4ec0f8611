/** A proxy that follows config services over real gRPC, as a bootstrap says. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standardFilters } from '@sluice/proxy';
import { typeUrls } from '@sluice/resources';
import { loadCodec, type JsonObject } from '@sluice/xds';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startFollowedProxy, type FollowedProxy, type FollowedProxyOptions } from './testing/followed-proxy.ts';
import { ScriptedService } from './testing/scripted-service.ts';
import { apiSource, edsCluster, endpointsOf, listenerOf, routesTo, serviceCluster, startNamedUpstream, staticCluster } from './testing/service-resources.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const waiting = { timeout: 15_000, interval: 20 };
const node = { id: 'proxy-1', cluster: 'group', metadata: { zone: 'a' }, locality: { region: 'north' } };
const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };

async function startService(): Promise<ScriptedService> {
  const service = new ScriptedService(await loadCodec('proxy'));
  await service.start();
  cleanups.push(() => service.stop());
  return service;
}

async function start(options: FollowedProxyOptions): Promise<FollowedProxy> {
  const proxy = await startFollowedProxy(options);
  cleanups.push(() => proxy.stop());
  return proxy;
}

async function upstream(name: string): Promise<number> {
  const { port, stop } = await startNamedUpstream(name);
  cleanups.push(stop);
  return port;
}

function adsBootstrap(ports: readonly number[], apiType = 'GRPC', more: JsonObject = {}): JsonObject {
  return {
    node,
    admin,
    dynamic_resources: { ads_config: apiSource('service', apiType), cds_config: { ads: {} }, lds_config: { ads: {} } },
    static_resources: { clusters: [serviceCluster('service', ports)] },
    ...more,
  };
}

function giveAll(service: ScriptedService, port: number, source: JsonObject = { ads: {} }): void {
  service.set(typeUrls.cluster, [edsCluster('app', source)]);
  service.set(typeUrls.clusterLoadAssignment, [endpointsOf('app', port)]);
  service.set(typeUrls.listener, [listenerOf('edge', { rds: { route_config_name: 'routes', config_source: source } })]);
  service.set(typeUrls.routeConfiguration, [routesTo('app')]);
}

describe.each(['GRPC', 'DELTA_GRPC'])('ADS by %s', (apiType) => {
  test('clusters, endpoints, listeners and routes come on one stream, and are counted and shown', async () => {
    const service = await startService();
    giveAll(service, await upstream('one'));
    const proxy = await start({ bootstrap: adsBootstrap([service.port], apiType) });
    await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
    expect(service.streams).toBe(1);
    expect(service.nodes).toEqual([expect.objectContaining({ id: 'proxy-1', cluster: 'group', metadata: { zone: 'a' } })]);
    await vi.waitFor(async () => expect((await proxy.admin('/ready')).body).toBe('LIVE\n'), waiting);

    // The fast lane: endpoints alone.
    service.set(typeUrls.clusterLoadAssignment, [endpointsOf('app', await upstream('two'))]);
    await vi.waitFor(async () => expect(await proxy.get()).toBe('two'), waiting);

    // A poor table: refused, told, shown, counted; and nothing is different.
    service.set(typeUrls.routeConfiguration, [routesTo('app', 'routes', { virtual_hosts: [{ name: 'all', domains: [] }] })]);
    await vi.waitFor(() => expect(service.answers(typeUrls.routeConfiguration).at(-1)?.refusal).toMatch(/routes: virtual_hosts\[0\]\.domains/), waiting);
    expect(await proxy.get()).toBe('two');
    const dump = JSON.parse((await proxy.admin('/config_dump?resource=dynamic_route_configs')).body) as { readonly configs: readonly [{ readonly version_info: string; readonly error_state: { readonly details: string } }] };
    expect(dump.configs[0]).toMatchObject({ version_info: '4', route_config: { name: 'routes' }, error_state: { version_info: '6' } });
    expect(await proxy.stat('control_plane.connected_state')).toBe(1);
    expect(await proxy.stat('listener_manager.lds.update_success')).toBe(1);
    expect(await proxy.stat('cluster_manager.cds.update_success')).toBe(1);
    expect(await proxy.stat('cluster.app.update_success')).toBe(2);
    expect(await proxy.stat('http.edge.rds.routes.update_success')).toBe(1);
    expect(await proxy.stat('http.edge.rds.routes.update_rejected')).toBe(1);

    // Without the service everything stays, and the loss is counted.
    await service.stop();
    await vi.waitFor(async () => expect(await proxy.stat('control_plane.connected_state')).toBe(0), waiting);
    expect(await proxy.stat('listener_manager.lds.update_failure')).toBeGreaterThan(0);
    expect(await proxy.get()).toBe('two');
  });

  test('where sources name the servers themselves, each type has a stream of its own', async () => {
    const service = await startService();
    const source = { api_config_source: apiSource('service', apiType) };
    giveAll(service, await upstream('one'), source);
    const bootstrap = { ...adsBootstrap([service.port]), dynamic_resources: { cds_config: source, lds_config: source } };
    const proxy = await start({ bootstrap });
    await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
    expect(service.streams).toBe(4);
    expect(service.heard.every(({ isAggregated, variant }) => !isAggregated && variant === (apiType === 'GRPC' ? 'sotw' : 'delta'))).toBe(true);
  });

  test('static listeners and clusters take routes and endpoints from a service', async () => {
    const service = await startService();
    service.set(typeUrls.clusterLoadAssignment, [endpointsOf('app', await upstream('one'))]);
    service.set(typeUrls.routeConfiguration, [routesTo('app')]);
    const own = { api_config_source: apiSource('service', `AGGREGATED_${apiType}`) };
    const proxy = await start({
      bootstrap: {
        node,
        static_resources: {
          clusters: [serviceCluster('service', [service.port]), edsCluster('app', own)],
          listeners: [listenerOf('edge', { rds: { route_config_name: 'routes', config_source: own } })],
        },
      },
    });
    await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
    expect(service.heard.every(({ isAggregated }) => isAggregated)).toBe(true);
  });

  test('a proxy that comes back to its service is told what is different', async () => {
    const service = await startService();
    giveAll(service, await upstream('one'));
    const proxy = await start({ bootstrap: adsBootstrap([service.port], apiType) });
    await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
    service.isSilent = true;
    service.set(typeUrls.clusterLoadAssignment, [endpointsOf('app', await upstream('two'))]);
    service.isSilent = false;
    const before = service.heard.length;
    service.cut();
    await vi.waitFor(async () => expect(await proxy.get()).toBe('two'), waiting);
    const first = service.heard.slice(before).find(({ typeUrl }) => typeUrl === typeUrls.cluster);
    expect(Object.keys(first?.holding ?? {})).toEqual(apiType === 'GRPC' ? [] : ['app']);
  });
});

test('a server that says nothing does not keep a start waiting for longer than it may', async () => {
  const service = await startService();
  service.isSilent = true;
  const bootstrap = adsBootstrap([service.port]);
  const source = { ads: {}, initial_fetch_timeout: '0.2s' };
  const proxy = await start({ bootstrap: { ...bootstrap, dynamic_resources: { ads_config: apiSource('service'), cds_config: source, lds_config: source } } });
  expect((await proxy.admin('/ready')).status).toBe(503);
  await vi.waitFor(async () => expect((await proxy.admin('/ready')).body).toBe('LIVE\n'), waiting);
  expect(await proxy.stat('listener_manager.lds.init_fetch_timeout')).toBe(1);
  expect(await proxy.stat('cluster_manager.cds.init_fetch_timeout')).toBe(1);
});

test('the next server is asked when one is not there', async () => {
  const gone = await startService();
  const { port } = gone;
  await gone.stop();
  const service = await startService();
  giveAll(service, await upstream('one'));
  const proxy = await start({ bootstrap: adsBootstrap([port, service.port]) });
  await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
});

test('an acknowledged change is in force in every worker', async () => {
  const service = await startService();
  const [one, two] = [await upstream('one'), await upstream('two')];
  service.set(typeUrls.cluster, [staticCluster('one', one), staticCluster('two', two)]);
  service.set(typeUrls.listener, [listenerOf('edge', { route_config: routesTo('one') })]);
  const proxy = await start({ bootstrap: adsBootstrap([service.port]), workers: 2 });
  await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
  for (const [index, name] of ['two', 'one', 'two'].entries()) {
    service.set(typeUrls.listener, [listenerOf('edge', { route_config: routesTo(name) })]);
    await vi.waitFor(() => expect(service.answers(typeUrls.listener).length).toBe(index + 2), waiting);
    // Connections are spread over workers; from the answer on none may be behind.
    expect(await Promise.all(Array.from({ length: 12 }, () => proxy.get()))).toEqual(Array.from({ length: 12 }, () => name));
  }
}, 60_000);

test('a proxy that starts again serves what it had, while the service is away', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const cachePath = join(folder, 'held.json');
  const service = await startService();
  giveAll(service, await upstream('one'));
  const bootstrap = adsBootstrap([service.port], 'DELTA_GRPC');
  const first = await start({ bootstrap, cachePath });
  await vi.waitFor(async () => expect(await first.get()).toBe('one'), waiting);
  await vi.waitFor(() => expect(readFileSync(cachePath, 'utf8')).toContain('"routes"'), waiting);
  expect(statSync(cachePath).mode & 0o777).toBe(0o600);
  const { port } = service;
  await service.stop();
  await first.stop();

  const second = await start({ bootstrap, cachePath });
  await vi.waitFor(async () => expect(await second.get()).toBe('one'), waiting);
  await vi.waitFor(async () => expect((await second.admin('/ready')).body).toBe('LIVE\n'), waiting);

  // The service comes back with something else.
  const returned = new ScriptedService(await loadCodec('proxy'));
  giveAll(returned, await upstream('two'));
  await returned.start(port);
  cleanups.push(() => returned.stop());
  await vi.waitFor(async () => expect(await second.get()).toBe('two'), waiting);
  expect(Object.keys(returned.heard.find(({ typeUrl }) => typeUrl === typeUrls.cluster)?.holding ?? {})).toEqual(['app']);
}, 60_000);

test('a kept file that is broken is passed over with a warning', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const cachePath = join(folder, 'held.json');
  writeFileSync(cachePath, '{"format":1,"hash":"0"}\n{"node":"proxy-1","sou');
  const service = await startService();
  giveAll(service, await upstream('one'));
  const proxy = await start({ bootstrap: adsBootstrap([service.port]), cachePath });
  await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
  expect(proxy.logger.events).toContainEqual({ level: 'warn', event: 'config cache ignored', fields: { path: cachePath, reason: 'is not whole' } });
});

test('whatever filter of Envoy\u2019s the proxy has can come from a service', async () => {
  const codec = await loadCodec('proxy');
  const names = standardFilters.flatMap(({ typeUrl, perRoute }) => [typeUrl, ...(perRoute ? [perRoute.typeUrl] : [])]).map((typeUrl) => typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
  expect(names.filter((name) => name.startsWith('envoy.') && !codec.knows(name))).toEqual([]);
});
