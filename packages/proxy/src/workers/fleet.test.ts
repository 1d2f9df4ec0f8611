/** Real threads on real sockets, from a bootstrap. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createMeter, createSeededRandom, formatProblem, silentLogger, systemClock, systemTimers, type Span, type Timers } from '@sluice/kernel';
import { afterEach, expect, test, vi } from 'vitest';
import { startBootstrapProxy } from '../config/bootstrap-proxy.ts';
import { parseBootstrap } from '../config/file-bootstrap.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import { SystemNetwork } from '../network/system-network.ts';
import { connectRaw } from '../testing/raw-peer.ts';
import { createFleet } from './fleet.ts';
import { createThreads } from './thread.ts';
import type { StartWorker, WorkerHandle } from './worker-link.ts';

// Threads load their code each, which takes its time beside other tests.
vi.setConfig({ testTimeout: 90_000 });

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const network = new SystemNetwork({ accept: 'events', poisonsMemory: true });

const listener = (name: string, body: string, address = '{socket_address: {address: 127.0.0.1, port_value: 0}}', manager = '') => `
  - name: ${name}
    address: ${address}
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: edge${manager}
          route_config:
            virtual_hosts:
            - {name: all, domains: ['*'], routes: [{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: ${body}}}}]}
          http_filters:
          - {name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}`;

async function load(...listeners: readonly string[]) {
  const admin = 'admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}';
  const loaded = await parseBootstrap(`${admin}\nstatic_resources:\n  listeners:${listeners.join('')}`, 'b.yaml', standardFilters);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.value;
}

function begin(loaded: Awaited<ReturnType<typeof load>>, spans: Span[]) {
  return startBootstrapProxy({
    environment: { GREETING: 'good day' },
    hostName: 'here',
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(1),
    logger: silentLogger,
    meter: createMeter(),
    tracer: { record: (span) => void spans.push(span) },
    loaded,
    filters: standardFilters,
    network,
    workers: { count: 2, settings: { poisonsMemory: true } },
    allowsAdminChanges: true,
  });
}

async function start(...listeners: readonly string[]) {
  const spans: Span[] = [];
  return { spans, ...use(await begin(await load(...listeners), spans)) };
}

function use(started: Awaited<ReturnType<typeof begin>>) {
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const running = started.value;
  stops.push(() => running.stop());
  const portOf = (name: string) => running.proxy.listeners().find((one) => one.name === name)?.port ?? 0;
  const admin = `http://127.0.0.1:${running.adminAddress?.port}`;
  return {
    running,
    portOf,
    /** On a connection of its own, so that the system may give it to any worker. */
    async ask(name: string): Promise<string> {
      const client = await connectRaw({ host: '127.0.0.1', port: portOf(name) });
      client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const answer = (await client.readToEnd()).toString('latin1');
      client.end();
      return answer.slice(answer.indexOf('\r\n\r\n') + 4);
    },
    stats: async () => (await fetch(`${admin}/stats?usedonly`)).text(),
    page: async (path: string, method = 'GET') => (await fetch(`${admin}${path}`, { method })).text(),
  };
}

test('two workers serve one address, and their numbers are one', async () => {
  const { ask, stats, page } = await start(listener('a', 'hello'));
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask('a')));
  expect(new Set(answers)).toEqual(new Set(['hello']));
  const text = await stats();
  expect(text).toContain('http.edge.downstream_rq_total: 40\n');
  expect(text).toContain('server.concurrency: 2\n');
  expect(await page('/ready')).toBe('LIVE\n');
});

test('spans of workers come to the tracer of the main thread', async () => {
  const { ask, spans } = await start(listener('a', 'hello', undefined, '\n          tracing: {}'));
  await Promise.all(Array.from({ length: 10 }, () => ask('a')));
  await expect.poll(() => spans.length, { timeout: 20_000 }).toBe(10);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(10);
});

test('a change is in force in all of them when it is said to be', async () => {
  const { ask, running } = await start(listener('a', 'before'));
  const reloaded = await running.reload(await load(listener('a', 'after'), listener('b', 'new')));
  expect(reloaded.problems).toEqual([]);
  const answers = await Promise.all(Array.from({ length: 20 }, async () => [await ask('a'), await ask('b')].join()));
  expect(new Set(answers)).toEqual(new Set(['after,new']));
});

test('an address that is taken keeps all of them as they were', async () => {
  const { ask, running } = await start(listener('a', 'before'));
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  stops.push(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const reloaded = await running.reload(await load(listener('a', 'after'), listener('b', 'new', `{socket_address: {address: 127.0.0.1, port_value: ${port}}}`)));
  expect(reloaded.problems.map(formatProblem).join()).toMatch(/listeners\[1\]\.address: .*EADDRINUSE/);
  expect(new Set(await Promise.all(Array.from({ length: 20 }, () => ask('a'))))).toEqual(new Set(['before']));
});

test('what an operator says is said to all of them', async () => {
  const { page, portOf } = await start(listener('a', 'hello'));
  await page('/healthcheck/fail', 'POST');
  expect(await page('/ready')).toBe('DRAINING\n');
  for (let count = 0; count < 6; count += 1) {
    const client = await connectRaw({ host: '127.0.0.1', port: portOf('a') });
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await client.readHead()).toMatch(/connection: close/i);
    client.end();
  }
});

test('what configuration quotes is the same in all of them, and so is what an operator overrides', async () => {
  const guarded = '{match: {prefix: /, runtime_fraction: {default_value: {numerator: 0}, runtime_key: open}}, direct_response: {status: 200, body: {inline_string: open}}}';
  const routes = `[${guarded}, {match: {prefix: /}, direct_response: {status: 200, body: {environment_variable: GREETING}}}]`;
  const quoting = listener('a', 'x').replace(/routes: \[.*\]\}$/m, `routes: ${routes}}`);
  const loaded = await parseBootstrap(
    `node: {id: one, cluster: edge}
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
layered_runtime: {layers: [{name: admin, admin_layer: {}}]}
static_resources:
  listeners:${quoting}`,
    'b.yaml',
    standardFilters,
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { ask, page } = use(await begin(loaded.value, []));
  const answers = async () => [...new Set(await Promise.all(Array.from({ length: 30 }, () => ask('a'))))];
  expect(await answers()).toEqual(['good day']);
  expect(await page('/runtime_modify?open=100', 'POST')).toContain('OK');
  await expect.poll(answers, { timeout: 20_000 }).toEqual(['open']);
});

test('a drain finishes what runs in each of them, and ends the threads', async () => {
  const { running, ask } = await start(listener('a', 'hello'));
  await ask('a');
  await running.drain({ deadlineMs: 10_000 });
  expect(running.proxy.state).toBe('closed');
});

test('a worker that dies is replaced by one with the configuration in force, and what it counted stays', async () => {
  const handles: WorkerHandle[] = [];
  const threads = createThreads({ workers: 2, nodeCluster: '', poisonsMemory: true });
  const startWorker: StartWorker = (index) => (events) => {
    const handle = threads(index)(events);
    handles.push(handle);
    return handle;
  };
  // Gathers only when it is told to, so that the test knows what was known.
  const timers: Timers = { after: (ms, fn) => systemTimers.after(ms, fn), every: () => ({ cancel() {} }) };
  const meter = createMeter();
  const fleet = await createFleet({ workers: 2, startWorker, network, timers, logger: silentLogger, meter });
  stops.push(() => fleet.close());
  fleet.start();
  // Compiling is the main thread's; here a bootstrap does it.
  const loaded = await load(listener('a', 'hello'));
  const { ConfigApplier } = await import('../config/config-applier.ts');
  const { createFilterContexts } = await import('../filters/filter-context.ts');
  const { noRegexEngine } = await import('../router/regex-engine.ts');
  const { setStaticResources } = await import('../config/static-source.ts');
  const parts = { clock: systemClock, timers, random: createSeededRandom(1), logger: silentLogger, meter };
  const applier = new ConfigApplier({ ...parts, target: fleet, filters: standardFilters, createContext: createFilterContexts(parts), regexEngine: noRegexEngine });
  setStaticResources(loaded.bootstrap, loaded.document.json, applier.store);
  expect(await applier.applyNow()).toEqual([]);
  const [{ port = 0 } = {}] = fleet.listeners();
  const ask = async () => {
    const client = await connectRaw({ host: '127.0.0.1', port });
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const answer = (await client.readToEnd()).toString('latin1');
    client.end();
    return answer.slice(-5);
  };
  for (let count = 0; count < 20; count += 1) expect(await ask()).toBe('hello');
  await fleet.gather();
  const total = () => fleet.meter.collect().find(({ name }) => name === 'envoy_http_downstream_rq_total')?.samples.reduce((sum, { value }) => sum + value, 0);
  expect(total()).toBe(20);
  await handles[0]?.terminate();
  await expect.poll(() => handles.length, { timeout: 20_000 }).toBe(3);
  await expect.poll(async () => {
    await fleet.gather();
    return total();
  }, { timeout: 20_000 }).toBe(20);
  expect(meter.collect().find(({ name }) => name === 'sluice_worker_restarts_total')?.samples[0]?.value).toBe(1);
  // The other one alone must not be what answers: it is ended, too, once the first is back.
  await expect.poll(() => fleet.listeners().length, { timeout: 20_000 }).toBe(1);
  await handles[1]?.terminate();
  await expect.poll(() => ask().catch(() => ''), { timeout: 20_000 }).toBe('hello');
});
