/** Pages for operators, over a whole proxy that runs from configuration. */
import { mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMeter, systemClock } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { createAccessLogOpener } from '../access-log/sink.ts';
import { compileRouteTable } from '../router/compile-route-table.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import { Runtime } from '../runtime/runtime.ts';
import { createTestConfig, startTestProxy } from '../testing/index.ts';
import { decodeRouteConfiguration } from '@sluice/resources';
import { createAdmin } from './admin.ts';

async function start(routes?: object) {
  const table = routes === undefined ? undefined : tableOf(routes);
  const fixture = await startTestProxy(createTestConfig({ upstreams: [{ host: '127.0.0.1', port: 9 }], ...(table ? { routes: table } : {}) }));
  const runtime = new Runtime([{ name: 'static', values: new Map<string, number>([['a.share', 5], ['b', 1]]) }], 'admin');
  const admin = createAdmin({
    proxy: fixture.proxy,
    store: undefined,
    meter: fixture.meter,
    clock: systemClock,
    bootstrap: {},
    node: undefined,
    version: 'test',
    commandLineOptions: {},
    startedAt: 0,
    setLogLevel: undefined,
    quit() {},
    runtime,
    allowPaths: [],
    allowsChanges: true,
  });
  return {
    fixture,
    runtime,
    get: (target: string) => admin.handle({ method: 'GET', target }),
    post: (target: string) => admin.handle({ method: 'POST', target }),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

function tableOf(json: object) {
  const decoded = decodeRouteConfiguration(json);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return compileRouteTable(decoded.value, { regexEngine: noRegexEngine, setsEnvoyHeaders: false }).table;
}

test('statistics can be asked for by name, by type and by use', async () => {
  await using it = await start();
  it.fixture.meter.counter('envoy_server_things', 'things').add(3);
  it.fixture.meter.histogram('envoy_server_wait_ms', 'waits', [1, 10, 100]).observe(4);
  expect((await it.get('/stats?filter=^server\\.things$')).body).toBe('server.things: 3\n');
  expect((await it.get('/stats?filter=^server\\.(things|wait)&type=Gauges')).body.trim()).toBe('');
  expect((await it.get('/stats?filter=wait_ms&histogram_buckets=cumulative')).body).toBe('server.wait_ms: B1(nan,0) B10(nan,1) B100(nan,1)\n');
  expect((await it.get('/stats?filter=wait_ms')).body).toMatch(/^server\.wait_ms: P0\(nan,1\) P25\(nan,3\.25\).* P100\(nan,10\)\n$/);
  const { stats } = JSON.parse((await it.get('/stats?format=json&filter=^server\\.(things|wait)')).body) as { stats: unknown[] };
  expect(stats).toMatchObject([{ name: 'server.things', value: 3 }, { histograms: { computed_quantiles: [{ name: 'server.wait_ms' }] } }]);
  expect((await it.get('/stats?usedonly&filter=downstream_rq_total')).body.trim()).toBe('');
  expect((await it.get('/stats/prometheus?filter=things')).body).toContain('envoy_server_things 3\n');
  for (const wrong of ['filter=(', 'type=Nothing', 'format=xml', 'histogram_buckets=few']) expect((await it.get(`/stats?${wrong}`)).status).toBe(400);
});

test('counters begin anew when they are told to, and gauges stay', async () => {
  await using it = await start();
  const counter = it.fixture.meter.counter('envoy_server_things', 'things');
  counter.add(3);
  it.fixture.meter.gauge('envoy_server_level', 'level').set(7);
  expect((await it.get('/reset_counters')).status).toBe(405);
  expect((await it.post('/reset_counters')).body).toBe('OK\n');
  expect(counter.value).toBe(0);
  expect((await it.get('/stats?filter=level')).body).toBe('server.level: 7\n');
});

test('the runtime shows its layers, and what operators set lies on top', async () => {
  await using it = await start();
  const share = it.runtime.number('a.share', 0);
  expect((await it.get('/runtime_modify?a.share=9')).status).toBe(405);
  await it.post('/runtime_modify?a.share=9&c=x');
  expect(share()).toBe(9);
  expect(JSON.parse((await it.get('/runtime')).body)).toEqual({
    layers: ['static', 'admin'],
    entries: {
      'a.share': { layer_values: ['5', '9'], final_value: '9' },
      b: { layer_values: ['1', ''], final_value: '1' },
      c: { layer_values: ['', 'x'], final_value: 'x' },
    },
  });
  await it.post('/runtime_modify?a.share=');
  expect(share()).toBe(5);
  expect((await it.post('/runtime_modify')).status).toBe(400);
});

test('a log file that was moved away is opened anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-log-'));
  const meter = createMeter();
  const log = createAccessLogOpener(meter.counter('dropped', ''), meter.counter('failed', ''))(join(folder, 'a.log'));
  log.write(Buffer.from('one\n'));
  await expect.poll(() => readFileSync(join(folder, 'a.log'), 'utf8')).toBe('one\n');
  renameSync(join(folder, 'a.log'), join(folder, 'a.log.1'));
  log.reopen?.();
  log.write(Buffer.from('two\n'));
  await expect.poll(() => readFileSync(join(folder, 'a.log'), 'utf8')).toBe('two\n');
  expect(readFileSync(join(folder, 'a.log.1'), 'utf8')).toBe('one\n');
  log.close?.();
  await using it = await start();
  expect((await it.post('/reopen_logs')).body).toBe('OK\n');
});

test('a profile of the processor can be taken, one at a time', async () => {
  await using it = await start();
  expect((await it.post('/cpuprofiler?enable=n')).status).toBe(409);
  expect((await it.post('/cpuprofiler?enable=y')).body).toBe('OK\n');
  expect((await it.post('/heapprofiler?enable=y')).status).toBe(409);
  expect(JSON.parse((await it.post('/cpuprofiler?enable=n')).body)).toHaveProperty('nodes');
  expect((await it.post('/cpuprofiler')).status).toBe(400);
});

test('where a request would go is explained, with what was refused and why', async () => {
  const routes = [
    { name: 'post', match: { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'POST' } }] }, route: { cluster: 'backend' } },
    { name: 'api', match: { prefix: '/api' }, route: { cluster: 'backend' } },
    { name: 'rest', match: { prefix: '/' }, direct_response: { status: 404 } },
  ];
  await using it = await start({ name: 'table', virtual_hosts: [{ name: 'shop', domains: ['shop.test'], routes }] });
  const ask = async (query: string) => (JSON.parse((await it.get(`/explain?${query}`)).body) as { listeners: [{ chains: [Record<string, unknown>] }] }).listeners[0].chains[0];
  expect(await ask('url=http://shop.test/api/x')).toMatchObject({
    route_config: 'table',
    virtualHost: 'shop',
    candidates: [
      { route: 'post', verdict: expect.stringContaining('condition 1 of 1') as string },
      { route: 'api', verdict: 'takes it' },
    ],
    action: { kind: 'forward', cluster: 'backend', hosts: [{ address: '127.0.0.1:9', health: 'healthy' }] },
  });
  expect(await ask('url=http://shop.test/x')).toMatchObject({ candidates: [{}, { verdict: 'the path does not match' }, { route: 'rest' }], action: { kind: 'direct-response', status: 404 } });
  expect(await ask('method=POST&url=http://shop.test/')).toMatchObject({ candidates: [{ route: 'post', verdict: 'takes it' }] });
  expect(await ask('url=http://other.test/')).toMatchObject({ candidates: [] });
  for (const wrong of ['', 'url=nonsense', 'url=http://a/&header=x']) expect((await it.get(`/explain?${wrong}`)).status).toBe(400);
  expect((await it.get('/explain?url=http://a/&listener=none')).status).toBe(404);
  expect(it.fixture.metric('envoy_http_downstream_rq_total')).toBe(0);
});
