import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { typeUrls, versionOf } from '@sluice/resources';
import { edsClusterJson, listenerJson, routesJson, routeTo, staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { ConfigApplier } from '../config/config-applier.ts';
import { createFilterContexts } from '../filters/filter-context.ts';
import { noAsyncClient } from '../upstream/async-client.ts';
import { routerFactory } from '../filters/router/router-factory.ts';
import type { Proxy, ProxyState } from '../proxy-options.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import { createAdmin, type AdminOptions } from './admin.ts';

/** As much of a proxy as the admin pages look at. */
function createStandIn() {
  const calls: string[] = [];
  const proxy = {
    state: 'ready' as ProxyState,
    ready: true,
    isFailing: false,
    failHealthChecks: (isFailing: boolean) => void (proxy.isFailing = isFailing),
    stopAccepting: ({ inboundOnly }: { inboundOnly?: boolean } = {}) => Promise.resolve(void calls.push(inboundOnly === true ? 'stop inbound' : 'stop')),
    config: undefined,
    activeTunnels: 0,
    activeStreams: 0,
    activeConnections: 0,
    apply: () => Promise.resolve([]),
    start() {},
    drain: () => Promise.resolve(void calls.push('drain')),
    close: () => Promise.resolve(),
    listeners: () => [
      { name: 'edge', address: '127.0.0.1:8080', port: 8080, connections: 2 },
      { name: 'six', address: '[::1]:8080', port: 8080, connections: 0 },
    ],
    upstreams: noAsyncClient,
    measureLoad() {},
    takeLoad: async () => [],
    clusters: () => [
      {
        name: 'app',
        hosts: [{ address: '10.0.0.1:80', healthy: false, healthFlags: ['failed_outlier_check', 'failed_eds_health'], weight: 3, activeRequests: 1, activeConnections: 2, requests: 5, requestsSucceeded: 3, requestsFailed: 1, connectFailures: 4 }],
        activeRequests: 1,
        pendingRequests: 0,
        connections: 2,
      },
    ],
  };
  return { proxy: proxy satisfies Proxy, calls };
}

function start(options: Partial<AdminOptions> = {}) {
  const time = new SimulatedTime();
  const meter = createMeter();
  const logger = new RecordingLogger();
  const { proxy, calls } = createStandIn();
  const random = createSeededRandom(1);
  const parts = { clock: time, timers: time, logger, meter };
  const createContext = createFilterContexts({ ...parts, random });
  const applier = new ConfigApplier({ target: proxy, filters: [routerFactory], createContext, regexEngine: noRegexEngine, ...parts });
  const admin = createAdmin({
    proxy,
    store: applier.store,
    meter,
    clock: time,
    bootstrap: { node: { id: 'n' } },
    node: { id: 'n', cluster: 'c', metadata: {}, locality: undefined },
    version: 'sluice/test',
    commandLineOptions: { mode: 'Serve' },
    startedAt: 0,
    setLogLevel: (level) => calls.push(`level ${level}`),
    quit: () => calls.push('quit'),
    allowPaths: [],
    allowsChanges: true,
    ...options,
  });
  return {
    get: (target: string) => admin.handle({ method: 'GET', target }),
    post: (target: string) => admin.handle({ method: 'POST', target }),
    applier,
    meter,
    proxy,
    calls,
    time,
  };
}

const update = (typeUrl: string, ...resources: Json[]) => ({
  typeUrl,
  version: '42',
  changed: resources.map((value) => ({ name: String(value['name']), version: versionOf(value), value })),
  removed: [],
});

test('/ready says what load balancers wait for', async () => {
  const { get, proxy } = start();
  expect(await get('/ready')).toMatchObject({ status: 200, body: 'LIVE\n' });
  proxy.ready = false;
  expect(await get('/ready')).toMatchObject({ status: 503, body: 'INITIALIZING\n' });
  proxy.state = 'created';
  expect(await get('/ready')).toMatchObject({ status: 503, body: 'PRE_INITIALIZING\n' });
  proxy.state = 'draining';
  expect(await get('/ready')).toMatchObject({ status: 503, body: 'DRAINING\n' });
});

test('health can be made to fail and to come back', async () => {
  const { get, post } = start();
  await post('/healthcheck/fail');
  expect((await get('/ready')).status).toBe(503);
  await post('/healthcheck/ok');
  expect((await get('/ready')).status).toBe(200);
});

test.each(['/healthcheck/fail', '/drain_listeners', '/quitquitquit', '/logging?level=debug'])('%s needs POST, and leave', async (target) => {
  const allowed = start();
  expect((await allowed.get(target)).status).toBe(405);
  const readOnly = start({ allowsChanges: false });
  expect((await readOnly.post(target)).status).toBe(403);
  expect(readOnly.calls).toEqual([]);
  expect((await allowed.post(target)).status).toBe(200);
});

test('changes do what they say', async () => {
  const { post, calls } = start();
  for (const target of ['/drain_listeners', '/drain_listeners?inboundonly', '/quitquitquit', '/logging?level=debug']) await post(target);
  expect(calls).toEqual(['stop', 'stop inbound', 'quit', 'level debug']);
  expect(await post('/logging?level=loud')).toMatchObject({ status: 400 });
});

test('a graceful drain ends the process, unless it is told not to', async () => {
  const { post, calls } = start();
  await post('/drain_listeners?graceful&skip_exit');
  expect(calls).toEqual(['drain']);
  await post('/drain_listeners?graceful');
  expect(calls).toEqual(['drain', 'drain', 'quit']);
  expect(await post('/drain_listeners?skip_exit')).toMatchObject({ status: 400 });
});

test('reading by POST is refused', async () => {
  expect((await start().post('/clusters')).status).toBe(405);
});

test('only allowed paths are answered', async () => {
  const { get } = start({
    allowPaths: [
      { kind: 'exact', value: '/ready', ignoreCase: false },
      { kind: 'safe_regex', value: '/stats(/prometheus)?', ignoreCase: false },
    ],
  });
  expect((await get('/ready')).status).toBe(200);
  expect((await get('/stats/prometheus')).status).toBe(200);
  expect((await get('/config_dump')).status).toBe(403);
  expect((await get('/readyx')).status).toBe(403);
});

test('an unknown page lists those that exist, and a strange target is no harm', async () => {
  const { get } = start();
  expect(await get('/nope')).toMatchObject({ status: 404, body: expect.stringContaining('/config_dump') });
  expect((await get('//')).status).toBe(404);
  expect((await get('http://[')).status).toBe(404);
});

test('/listeners as text and as JSON', async () => {
  const { get } = start();
  expect((await get('/listeners')).body).toBe('edge::127.0.0.1:8080\nsix::[::1]:8080\n');
  expect(JSON.parse((await get('/listeners?format=json')).body)).toEqual({
    listener_statuses: [
      { name: 'edge', local_address: { socket_address: { address: '127.0.0.1', port_value: 8080 } } },
      { name: 'six', local_address: { socket_address: { address: '::1', port_value: 8080 } } },
    ],
  });
});

test('/clusters as text and as JSON', async () => {
  const { get } = start();
  const { body } = await get('/clusters');
  expect(body).toContain('app::10.0.0.1:80::rq_active::1\n');
  expect(body).toContain('app::10.0.0.1:80::health_flags::/failed_outlier_check/failed_eds_health\n');
  expect(JSON.parse((await get('/clusters?format=json')).body)).toMatchObject({
    cluster_statuses: [{ name: 'app', host_statuses: [{ weight: 3, health_status: { failed_outlier_check: true, eds_health_status: 'UNHEALTHY' } }] }],
  });
});

test('/server_info says who and how long', async () => {
  const { get, time } = start();
  time.advance(6500);
  expect(JSON.parse((await get('/server_info')).body)).toMatchObject({
    version: 'sluice/test',
    state: 'LIVE',
    uptime_current_epoch: '6.5s',
    node: { id: 'n', cluster: 'c' },
    command_line_options: { mode: 'Serve' },
  });
});

test.each([
  ['1.12.3-dev', 1_012_003],
  ['sluice/test', 0],
])('version %s is the number %i in the stats', async (version, number) => {
  expect((await start({ version }).get('/stats?filter=^server\\.version$')).body).toBe(`server.version: ${number}\n`);
});

test('/stats under dotted names, sorted, filtered, as JSON', async () => {
  const { get, meter } = start();
  meter.counter('envoy_cluster_upstream_rq_total', '', { envoy_cluster_name: 'b' }).add(2);
  meter.counter('envoy_cluster_upstream_rq_total', '', { envoy_cluster_name: 'a' });
  expect((await get('/stats?filter=upstream_rq')).body).toBe('cluster.a.upstream_rq_total: 0\ncluster.b.upstream_rq_total: 2\n');
  expect((await get('/stats?filter=upstream_rq&usedonly')).body).toBe('cluster.b.upstream_rq_total: 2\n');
  expect(JSON.parse((await get('/stats?format=json&filter=cluster.b')).body)).toEqual({ stats: [{ name: 'cluster.b.upstream_rq_total', value: 2 }] });
  expect((await get('/stats/prometheus')).body).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="b"} 2\n');
});

test('/config_dump shows what is held, what waits and what was refused', async () => {
  const { get, applier } = start();
  applier.onUpdate(update(typeUrls.cluster, edsClusterJson('good'), staticClusterJson('bad', [], { lb_policy: 'CLUSTER_PROVIDED' })));
  applier.onUpdate(update(typeUrls.listener, listenerJson('waits', { rds: { route_config_name: 'r', config_source: { ads: {} } } })));
  const dump = JSON.parse((await get('/config_dump')).body) as { configs: { '@type': string }[] };
  expect(dump.configs.map((section) => section['@type'].split('.').at(-1))).toEqual([
    'BootstrapConfigDump',
    'ClustersConfigDump',
    'ListenersConfigDump',
    'RoutesConfigDump',
    'SecretsConfigDump',
    'EcdsConfigDump',
  ]);
  expect(dump.configs[1]).toMatchObject({
    dynamic_active_clusters: [{ error_state: { version_info: '42', details: expect.stringContaining('bad: lb_policy: is CLUSTER_PROVIDED') } }],
    dynamic_warming_clusters: [{ version_info: '42', cluster: { '@type': typeUrls.cluster, name: 'good' } }],
  });
  expect(dump.configs[2]).toMatchObject({ dynamic_listeners: [{ name: 'waits', warming_state: { version_info: '42' } }] });
});

test('/config_dump can be asked for a part, and for names', async () => {
  const { get, applier } = start();
  applier.onUpdate(update(typeUrls.routeConfiguration, routesJson('a', [routeTo('x')]), routesJson('b', [])));
  const { configs } = JSON.parse((await get('/config_dump?resource=dynamic_route_configs&name_regex=b')).body);
  expect(configs).toMatchObject([{ route_config: { name: 'b' } }]);
  expect((await get('/config_dump?resource=nothing')).status).toBe(404);
  expect((await get('/config_dump?name_regex=(')).status).toBe(400);
});

test('/config_dump shows no secrets', async () => {
  const { get } = start({ bootstrap: { static_resources: { secrets: [{ tls_certificate: { private_key: { inline_string: 'KEY' } } }] } } });
  const { body } = await get('/config_dump');
  expect(body).not.toContain('KEY');
  expect(body).toContain('"private_key": "[redacted]"');
});
