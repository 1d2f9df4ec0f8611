/** What a proxy reports of the load of its clusters to real load servers, as its bootstrap and its clusters say. */
import { createMeter, silentLogger, systemClock } from '@sluice/kernel';
import { typeUrls } from '@sluice/resources';
import { loadCodec, LoadServer, type JsonObject, type LoadStatsRequest, type LoadStatsResponse, type ReportedCluster } from '@sluice/xds';
import { afterEach, expect, test, vi } from 'vitest';
import { startFollowedProxy, type FollowedProxy, type FollowedProxyOptions } from './testing/followed-proxy.ts';
import { ScriptedService } from './testing/scripted-service.ts';
import { apiSource, endpointsOf, listenerOf, routesTo, serviceCluster, startNamedUpstream, staticCluster } from './testing/service-resources.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const waiting = { timeout: 15_000, interval: 20 };
const node = { id: 'proxy-1', cluster: 'group' };
const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
const http2 = { http2_protocol_options: {} };

interface Service extends ScriptedService {
  load: LoadServer;
}

/** A config service that takes reports ten times a second. */
async function startService(clustersOf?: () => readonly string[]): Promise<Service> {
  const load = new LoadServer({ clock: systemClock, logger: silentLogger, meter: createMeter(), reportingIntervalMs: 100, ...(clustersOf ? { clustersOf } : {}) });
  const service = Object.assign(new ScriptedService(await loadCodec('proxy')), { load });
  service.onLoadStats = (stream) => load.acceptReports(stream);
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

/** Everything by hand, and reports of it to `ports`. */
function bootstrapOf(ports: readonly number[], app: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    node,
    admin,
    static_resources: { clusters: [serviceCluster('service', ports, http2), app], listeners: [listenerOf('edge', { route_config: routesTo('app') })] },
    ...more,
  };
}

const toService = { cluster_manager: { load_stats_config: apiSource('service') } };

async function reported(service: Service, name: string, isDone: (cluster: ReportedCluster) => boolean): Promise<ReportedCluster> {
  return vi.waitFor(() => {
    const cluster = service.load.clusters().find(({ cluster }) => cluster === name);
    if (!cluster || !isDone(cluster)) throw new Error(`not reported so far: ${JSON.stringify(service.load.clusters())}`);
    return cluster;
  }, waiting);
}

/** Until the service has asked. */
async function asked(proxy: FollowedProxy): Promise<void> {
  await vi.waitFor(async () => expect(await proxy.stat('load_reporter.requests')).toBe(1), waiting);
}

test('a bootstrap sends the load of all clusters to a server, each endpoint apart', async () => {
  const service = await startService();
  const port = await upstream('one');
  const assignment = endpointsOf('app', port);
  const app = staticCluster('app', port, { load_assignment: { ...assignment, endpoints: [{ ...(assignment['endpoints'] as JsonObject[])[0], locality: { region: 'north', zone: 'a' } }] } });
  const proxy = await start({ bootstrap: bootstrapOf([service.port], app, toService) });
  await asked(proxy);
  for (let count = 0; count < 5; count += 1) expect(await proxy.get()).toBe('one');
  const { node: reporter, issuedRequests, successfulRequests, errorRequests } = await reported(service, 'app', ({ successfulRequests }) => successfulRequests === 5);
  expect(reporter).toMatchObject({ id: 'proxy-1', clientFeatures: expect.arrayContaining(['envoy.lrs.supports_send_all_clusters']) as unknown });
  expect([issuedRequests, successfulRequests, errorRequests]).toEqual([5, 5, 0]);
  const { last } = await reported(service, 'app', () => true);
  expect(last.localities[0]).toMatchObject({ locality: { region: 'north', zone: 'a', subZone: '' }, endpoints: [{ address: { host: '127.0.0.1', port } }] });
  expect(await proxy.stat('load_reporter.responses')).toBeGreaterThan(0);
});

test('workers report as one', async () => {
  const service = await startService();
  const proxy = await start({ bootstrap: bootstrapOf([service.port], staticCluster('app', await upstream('one')), toService), workers: 2 });
  await asked(proxy);
  await Promise.all(Array.from({ length: 30 }, () => proxy.get()));
  expect(await reported(service, 'app', ({ successfulRequests }) => successfulRequests >= 30)).toMatchObject({ issuedRequests: 30, successfulRequests: 30, requestsInProgress: 0 });
  expect(service.load.clusters().filter(({ cluster }) => cluster === 'app')).toHaveLength(1);
});

test('a cluster that says so reports to the server it came from, and only while it is there', async () => {
  const service = await startService();
  const port = await upstream('one');
  service.set(typeUrls.cluster, [staticCluster('app', port, { lrs_server: { self: {} } }), staticCluster('quiet', port)]);
  service.set(typeUrls.listener, [listenerOf('edge', { route_config: routesTo('app') }), listenerOf('quiet', { route_config: routesTo('quiet') })]);
  const ads = { ads: {} };
  const proxy = await start({
    bootstrap: {
      node,
      admin,
      dynamic_resources: { ads_config: apiSource('service'), cds_config: ads, lds_config: ads },
      static_resources: { clusters: [serviceCluster('service', [service.port], http2)] },
    },
  });
  await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);
  await vi.waitFor(async () => expect(await proxy.get('quiet')).toBe('one'), waiting);
  await asked(proxy);
  await proxy.get();
  await proxy.get('quiet');
  await reported(service, 'app', ({ issuedRequests }) => issuedRequests > 0);
  expect(service.load.clusters().map(({ cluster }) => cluster)).toEqual(['app']);
  service.set(typeUrls.cluster, [staticCluster('app', port), staticCluster('quiet', port)]);
  await vi.waitFor(() => expect(service.load.clusters()).toEqual([]), waiting);
});

test('only what the server lists is reported, and endpoints only when it wants them', async () => {
  const service = await startService();
  const reports: LoadStatsRequest[] = [];
  const response: LoadStatsResponse = { sendAllClusters: false, clusters: ['other'], reportingIntervalMs: 50, reportEndpoints: false };
  let ask = (_response: LoadStatsResponse): void => {};
  service.onLoadStats = (stream) => {
    ask = (wanted) => void stream.send(wanted);
    stream.listen({
      onMessage(request) {
        if (request.node) ask(response);
        else reports.push(request);
      },
      onEnd() {},
    });
  };
  const proxy = await start({ bootstrap: bootstrapOf([service.port], staticCluster('app', await upstream('one')), toService) });
  await asked(proxy);
  expect(await proxy.get()).toBe('one');
  const before = reports.length;
  await vi.waitFor(() => expect(reports.length).toBeGreaterThan(before + 3), waiting);
  expect(reports.flatMap(({ clusterStats }) => clusterStats)).toEqual([]);
  ask({ ...response, clusters: ['app'] });
  await vi.waitFor(async () => expect(await proxy.stat('load_reporter.requests')).toBe(2), waiting);
  expect(await proxy.get()).toBe('one');
  await vi.waitFor(() => expect(reports.flatMap(({ clusterStats }) => clusterStats)[0]).toMatchObject({ clusterName: 'app', localities: [{ issuedRequests: 1, endpoints: [] }] }), waiting);
});

test('what was refused, by limits and because the control plane wanted it, is dropped', async () => {
  const service = await startService();
  const port = await upstream('one');
  const limited = staticCluster('app', port, { circuit_breakers: { thresholds: [{ max_requests: 0 }] } });
  const proxy = await start({ bootstrap: bootstrapOf([service.port], limited, toService) });
  await asked(proxy);
  expect(await proxy.get()).toBe('503');
  expect(await reported(service, 'app', ({ droppedRequests }) => droppedRequests > 0)).toMatchObject({ issuedRequests: 0, droppedRequests: 1, droppedByCategory: {} });
});

test('a lost server is turned to again, and told of what came meanwhile', async () => {
  const service = await startService();
  const { port } = service;
  const proxy = await start({ bootstrap: bootstrapOf([port], staticCluster('app', await upstream('one')), toService) });
  await asked(proxy);
  await service.stop();
  await vi.waitFor(async () => expect(await proxy.stat('load_reporter.errors')).toBeGreaterThan(0), waiting);
  expect(await proxy.get()).toBe('one');
  await service.start(port);
  expect(await reported(service, 'app', ({ successfulRequests }) => successfulRequests > 0)).toMatchObject({ issuedRequests: 1, successfulRequests: 1 });
});
