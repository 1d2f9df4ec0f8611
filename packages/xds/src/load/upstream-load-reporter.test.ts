/** Load of a proxy's clusters, as a server asks for it, on a virtual clock. */
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';

import { createInMemoryTransport } from '../testing/index.ts';
import type { LoadStatsServerStream } from '../transport.ts';
import type { LoadStatsRequest, LoadStatsResponse } from './load-stats.ts';
import { createUpstreamLoadReporter, statsOfUpstream, type UpstreamHostLoad, type UpstreamLoad } from './upstream-load-reporter.ts';

const north = { region: 'north', zone: 'a', subZone: '' };
const south = { region: 'south', zone: 'a', subZone: '' };

function host(address: string, fields: Partial<UpstreamHostLoad> = {}): UpstreamHostLoad {
  return { address: { host: address, port: 80 }, locality: north, priority: 0, issued: 4, succeeded: 2, failed: 1, inProgress: 1, busyMs: 500, metrics: {}, ...fields };
}

const load: UpstreamLoad = {
  name: 'app',
  serviceName: 'svc',
  elapsedMs: 1_000,
  dropped: 3,
  droppedByCategory: { throttle: 2 },
  hosts: [
    host('10.0.0.1', { metrics: { 'named_metrics.queue': { requests: 2, total: 5 } } }),
    host('10.0.0.2', { busyMs: 1_500, metrics: { 'named_metrics.queue': { requests: 1, total: 1 } } }),
    host('10.0.0.3', { locality: south }),
    host('10.0.0.4', { priority: 1 }),
  ],
};

class World {
  readonly time = new SimulatedTime();
  readonly meter = createMeter();
  readonly reports: { readonly at: number; readonly request: LoadStatsRequest }[] = [];
  readonly measured: (readonly string[] | undefined)[] = [];
  readonly taken: (readonly string[] | undefined)[] = [];
  loads: readonly UpstreamLoad[] = [load];
  server: LoadStatsServerStream | undefined;
  readonly transport = createInMemoryTransport({
    timers: this.time,
    handlers: {
      onAds: () => {},
      onLoad: () => {},
      onLoadStats: (stream) => {
        this.server = stream;
        stream.listen({ onMessage: (request) => this.reports.push({ at: this.time.now(), request }), onEnd: () => {} });
      },
    },
  });
  readonly reporter = createUpstreamLoadReporter({
    node: { id: 'edge-1', cluster: 'edge' },
    transport: this.transport,
    source: {
      measure: (names) => this.measured.push(names),
      take: async (names) => {
        this.taken.push(names);
        return this.loads;
      },
    },
    timers: this.time,
    random: createSeededRandom(1),
    logger: silentLogger,
    meter: this.meter,
  });

  async ask(response: Partial<LoadStatsResponse> = {}): Promise<void> {
    this.server?.send({ sendAllClusters: true, clusters: [], reportingIntervalMs: 1_000, reportEndpoints: false, ...response });
    await this.time.advanceAsync(1);
  }

  count(name: string): number {
    return this.meter.collect().find((family) => family.name === `envoy_load_reporter_${name}`)?.samples[0]?.value ?? 0;
  }
}

async function start(): Promise<World> {
  const world = new World();
  world.reporter.start();
  await world.time.advanceAsync(1);
  return world;
}

test('says who it is and that it can report all clusters, and then waits to be asked', async () => {
  const world = await start();
  await world.time.advanceAsync(10_000);
  expect(world.reports.map(({ request }) => request)).toEqual([{ node: { id: 'edge-1', cluster: 'edge', clientFeatures: ['envoy.lrs.supports_send_all_clusters'] }, clusterStats: [] }]);
  expect(world.measured).toEqual([]);
});

test('reports at the interval asked for, also that there is nothing to report', async () => {
  const world = await start();
  await world.ask({ reportingIntervalMs: 2_000 });
  await world.time.advanceAsync(2_000);
  world.loads = [];
  await world.time.advanceAsync(2_000);
  expect(world.reports.slice(1).map(({ request }) => request.clusterStats.length)).toEqual([1, 0]);
  expect((world.reports[2]?.at ?? 0) - (world.reports[1]?.at ?? 0)).toBe(2_000);
  expect(world.count('requests')).toBe(1);
  expect(world.count('responses')).toBe(2);
});

test('each response says anew what is wanted, and how often', async () => {
  const world = await start();
  await world.ask();
  await world.time.advanceAsync(1_000);
  await world.ask({ sendAllClusters: false, clusters: ['app', 'gone'], reportingIntervalMs: 500 });
  await world.time.advanceAsync(1_000);
  expect(world.measured).toEqual([undefined, ['app', 'gone']]);
  expect(world.taken).toEqual([undefined, ['app', 'gone'], ['app', 'gone']]);
});

test('comes back when the stream is lost, and waits to be asked again', async () => {
  const world = await start();
  await world.ask();
  world.transport.reachable = false;
  await world.time.advanceAsync(5_000);
  world.transport.reachable = true;
  await world.time.advanceAsync(60_000);
  expect(world.reports.at(-1)?.request.node?.id).toBe('edge-1');
  expect(world.reporter.connected).toBe(false);
  await world.ask();
  expect(world.reporter.connected).toBe(true);
  expect(world.count('errors')).toBeGreaterThan(0);
  expect(world.count('retries')).toBe(world.count('errors'));
});

test('localities and priorities are apart, with the mean in flight over the time that passed', () => {
  const stats = statsOfUpstream(load, false);
  expect(stats).toMatchObject({ clusterName: 'app', clusterServiceName: 'svc', intervalMs: 1_000, droppedRequests: 3, droppedByCategory: { throttle: 2 } });
  expect(stats.localities).toEqual([
    {
      locality: north,
      priority: 0,
      issuedRequests: 8,
      successfulRequests: 4,
      errorRequests: 2,
      requestsInProgress: 2,
      metrics: { concurrency_avg: { requests: 1, total: 2 }, 'named_metrics.queue': { requests: 3, total: 6 } },
      endpoints: [],
    },
    expect.objectContaining({ locality: south, priority: 0, issuedRequests: 4 }),
    expect.objectContaining({ locality: north, priority: 1, issuedRequests: 4 }),
  ]);
});

test('endpoints are apart only for a server that wants them so', () => {
  const [first] = statsOfUpstream(load, true).localities;
  expect(first?.endpoints).toMatchObject([
    { address: { host: '10.0.0.1', port: 80 }, issuedRequests: 4, metrics: { concurrency_avg: { total: 0.5 }, 'named_metrics.queue': { requests: 2, total: 5 } } },
    { address: { host: '10.0.0.2', port: 80 }, metrics: { concurrency_avg: { total: 1.5 } } },
  ]);
});
