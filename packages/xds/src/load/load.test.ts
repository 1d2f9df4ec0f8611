/** Load from a proxy through the service to an autoscaler, on a virtual clock. */
import { createMeter, createSeededRandom, silentLogger, type MessageStreamHandler } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';

import { createInMemoryTransport } from '../testing/index.ts';
import type { LoadServerStream, LoadStatsServerStream, LoadStatsTransport } from '../transport.ts';
import { createLoadReporter, type ClusterLoad } from './load-reporter.ts';
import { LoadServer } from './load-server.ts';
import type { Node } from '../discovery.ts';
import type { ClusterStats, LoadStatsRequest, LoadStatsResponse } from './load-stats.ts';
import { createLoadSubscriber } from './load-subscriber.ts';
import type { RevisionLoad, StreamLoadRequest, StreamLoadResponse } from './revision-load.ts';

class World {
  readonly time = new SimulatedTime();
  readonly server = new LoadServer({ clock: this.time, logger: silentLogger, meter: createMeter() });
  readonly transport = createInMemoryTransport({
    timers: this.time,
    delayMs: () => 1,
    handlers: {
      onAds: () => {},
      onLoadStats: (stream) => this.server.acceptReports(stream),
      onLoad: (stream) => this.server.acceptSubscriber(stream),
    },
  });
  readonly received: { readonly at: number; readonly load: RevisionLoad }[] = [];
  readonly #base = { transport: this.transport, timers: this.time, random: createSeededRandom(1), logger: silentLogger };

  subscriber(namespaces: readonly string[] = []) {
    const subscriber = createLoadSubscriber({
      ...this.#base,
      subscriber: 'autoscaler-0',
      namespaces,
      onLoad: (load) => this.received.push({ at: this.time.now(), load }),
    });
    subscriber.start();
    this.time.advance(5);
    return subscriber;
  }

  reporter(cluster: string, loads: readonly ClusterLoad[], transport: LoadStatsTransport = this.transport) {
    const calls: { readonly at: number; readonly only: string | undefined }[] = [];
    const reporter = createLoadReporter({
      ...this.#base,
      transport,
      clock: this.time,
      node: { id: `${cluster}~1`, cluster, metadata: { POD_NAME: 'pod-1' } },
      source: (now, only) => {
        calls.push({ at: now, only });
        return loads.filter((load) => only === undefined || load.cluster === only);
      },
    });
    return { reporter, calls };
  }
}

function loadOf(cluster: string): ClusterLoad {
  return {
    cluster,
    address: { host: '127.0.0.9', port: 8012 },
    requestsInProgress: 1,
    averageConcurrentRequests: 0.5,
    averageProxiedConcurrentRequests: 0,
    requestCount: 2,
    proxiedRequestCount: 0,
  };
}

describe('reporter', () => {
  test('reports each second, with the time that really passed', () => {
    const world = new World();
    world.subscriber();
    world.reporter('sluice-queue-proxy', [loadOf('default/a')]).reporter.start();
    world.time.advance(3_050);
    expect(world.received.map(({ load }) => load.intervalMs)).toEqual([1_000, 1_000, 1_000]);
    expect(world.received[0]?.load).toMatchObject({ source: 'SIDECAR', podName: 'pod-1', namespace: 'default', revision: 'a' });
  });

  test('names endpoints only to a server that asks for them', () => {
    const world = new World();
    const reports: LoadStatsRequest[] = [];
    const transport = createInMemoryTransport({
      timers: world.time,
      handlers: {
        onAds: () => {},
        onLoad: () => {},
        onLoadStats: (stream) =>
          stream.listen({
            onMessage: (request) => {
              reports.push(request);
              if (reports.length > 1) return;
              stream.send({ sendAllClusters: false, clusters: ['default/a'], reportingIntervalMs: 500, reportEndpoints: false });
            },
            onEnd: () => {},
          }),
      },
    });
    world.reporter('sluice-queue-proxy', [loadOf('default/a'), loadOf('default/b')], transport).reporter.start();
    world.time.advance(550);
    expect(reports[1]?.clusterStats).toMatchObject([
      { clusterName: 'default/a', localities: [{ issuedRequests: 2, metrics: { concurrency_avg: { requests: 1, total: 0.5 } }, endpoints: [] }] },
    ]);
  });

  test('a first request is reported at once, for its revision alone', () => {
    const world = new World();
    world.subscriber();
    const { reporter, calls } = world.reporter('sluice-activator', [loadOf('default/a'), loadOf('default/b')]);
    reporter.start();
    world.time.advance(300);
    calls.length = 0;
    const askedAt = world.time.now();
    reporter.reportNow('default/b');
    world.time.advance(5);
    expect(calls).toEqual([{ at: askedAt, only: 'default/b' }]);
    expect(world.received.map(({ load }) => load.revision)).toEqual(['b']);
    expect(world.received[0]?.load).toMatchObject({ source: 'ACTIVATOR', intervalMs: 0 });
    // Two hops of 1 ms, and nothing that waits in between.
    expect((world.received[0]?.at ?? 0) - askedAt).toBe(2);
  });

  test('a first request that comes while the service is away is reported when it is back', () => {
    const world = new World();
    world.transport.reachable = false;
    const { reporter } = world.reporter('sluice-activator', [loadOf('default/a')]);
    reporter.start();
    reporter.reportNow('default/a');
    world.time.advance(100);
    world.transport.reachable = true;
    world.subscriber();
    world.time.advance(550);
    expect(world.received.map(({ load }) => load.intervalMs)).toEqual([0]);
    expect(reporter.connected).toBe(true);
  });

  test('what piled up while the service was away is not reported as load of now', () => {
    const world = new World();
    world.subscriber();
    const { reporter, calls } = world.reporter('sluice-queue-proxy', [loadOf('default/a')]);
    reporter.start();
    world.time.advance(1_500);
    world.transport.reachable = false;
    world.time.advance(10_000);
    world.transport.reachable = true;
    world.time.advance(60_000);
    const pauses = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? 0));
    expect(Math.max(...pauses)).toBeGreaterThan(10_000);
    expect(Math.max(...world.received.map(({ load }) => load.intervalMs))).toBe(1_000);
  });

  test('stops when told', () => {
    const world = new World();
    world.subscriber();
    const { reporter } = world.reporter('sluice-queue-proxy', [loadOf('default/a')]);
    reporter.start();
    world.time.advance(1_500);
    reporter.stop();
    world.time.advance(10_000);
    expect(world.received).toHaveLength(1);
  });
});

describe('server', () => {
  test('a subscriber hears of its namespaces only', () => {
    const world = new World();
    world.subscriber(['team']);
    world.reporter('sluice-queue-proxy', [loadOf('default/a'), loadOf('team/b')]).reporter.start();
    world.time.advance(1_050);
    expect(world.received.map(({ load }) => load.revision)).toEqual(['b']);
  });

  test('reports of proxies that are no part of a revision, and of clusters that are none, are passed over', () => {
    const world = new World();
    world.subscriber();
    world.reporter('sluice-gateway', [loadOf('default/a')]).reporter.start();
    world.reporter('sluice-queue-proxy', [loadOf('app')]).reporter.start();
    world.time.advance(2_000);
    expect(world.received).toEqual([]);
  });

  test('a subscription stands before there is any load, and comes back by itself', () => {
    const world = new World();
    const subscriber = world.subscriber();
    expect(subscriber.connected).toBe(true);
    world.transport.reachable = false;
    expect(subscriber.connected).toBe(false);
    world.transport.reachable = true;
    world.time.advance(5_000);
    expect(subscriber.connected).toBe(true);
  });

  test('a subscriber that reads slowly gets the newest report per pod when it reads on', () => {
    const world = new World();
    const stream = new SlowStream();
    world.server.acceptSubscriber(stream);
    stream.handler?.onMessage({ subscriber: 'slow', namespaces: [] });
    world.reporter('sluice-queue-proxy', [loadOf('default/a')]).reporter.start();
    world.time.advance(5_050);
    stream.handler?.onDrain?.();
    const [confirmation, first, second, ...others] = stream.sent;
    expect(confirmation?.loads).toEqual([]);
    expect(others).toEqual([]);
    expect(second?.loads).toHaveLength(1);
    expect((second?.loads[0]?.receivedAt ?? 0) - (first?.loads[0]?.receivedAt ?? 0)).toBe(4_000);
  });

  test('what reporters say of their clusters is summed while they are connected', () => {
    const world = new World();
    const stream = world.transport.openLoadStats();
    stream.listen({ onMessage: () => {}, onEnd: () => {} });
    stream.send({ node: { id: 'client-1', cluster: 'shop' }, clusterStats: [] });
    for (const requestsInProgress of [3, 1]) stream.send({ clusterStats: [reportOf(requestsInProgress)] });
    world.time.advance(10);
    expect(world.server.clusters()).toMatchObject([
      {
        node: { id: 'client-1' },
        cluster: 'default/a',
        issuedRequests: 20,
        successfulRequests: 14,
        errorRequests: 4,
        droppedRequests: 6,
        droppedByCategory: { lb: 4 },
        requestsInProgress: 1,
        last: { localities: [{ locality: { zone: 'z1' } }] },
      },
    ]);
    stream.end();
    world.time.advance(10);
    expect(world.server.clusters()).toEqual([]);
  });

  test('who understands it is asked for all clusters, others for those they have, and anew when these change', () => {
    const time = new SimulatedTime();
    let clusters = ['a', 'b'];
    const server = new LoadServer({ clock: time, logger: silentLogger, meter: createMeter(), clustersOf: ({ id }) => [...clusters, id] });
    const transport = createInMemoryTransport({ timers: time, handlers: { onAds() {}, onLoad() {}, onLoadStats: (stream) => server.acceptReports(stream) } });
    const connect = (node: Node) => {
      const asked: LoadStatsResponse[] = [];
      const stream = transport.openLoadStats();
      stream.listen({ onMessage: (response) => asked.push(response), onEnd: () => {} });
      stream.send({ node, clusterStats: [] });
      time.advance(5);
      return { asked, stream };
    };
    const modern = connect({ id: 'modern', cluster: 'edge', clientFeatures: ['envoy.lrs.supports_send_all_clusters'] });
    const plain = connect({ id: 'plain', cluster: 'edge' });
    expect(modern.asked).toEqual([{ sendAllClusters: true, clusters: [], reportingIntervalMs: 1_000, reportEndpoints: true }]);
    expect(plain.asked).toEqual([{ sendAllClusters: false, clusters: ['a', 'b', 'plain'], reportingIntervalMs: 1_000, reportEndpoints: true }]);
    for (const { stream } of [modern, plain]) stream.send({ clusterStats: [] });
    time.advance(5);
    clusters = ['a', 'c'];
    for (const { stream } of [modern, plain]) stream.send({ clusterStats: [] });
    time.advance(5);
    expect(modern.asked).toHaveLength(1);
    expect(plain.asked.slice(1)).toMatchObject([{ clusters: ['a', 'c', 'plain'] }]);
  });

  test('the first report after a pause goes at once, and those that follow within five milliseconds together', () => {
    const time = new SimulatedTime();
    const server = new LoadServer({ clock: time, timers: time, logger: silentLogger, meter: createMeter() });
    const subscriber = new SlowStream(true);
    server.acceptSubscriber(subscriber);
    subscriber.handler?.onMessage({ subscriber: 'autoscaler', namespaces: [] });
    const reporter = new FedStream();
    server.acceptReports(reporter);
    const report = () => reporter.handler?.onMessage({ node: { id: 'pod', cluster: 'sluice-queue-proxy', metadata: { POD_NAME: 'pod' } }, clusterStats: [reportOf(1)] });
    const sizes = () => subscriber.sent.slice(1).map(({ loads }) => loads.length);
    report();
    expect(sizes()).toEqual([1]);
    time.advance(1);
    report();
    report();
    time.advance(3.9);
    expect(sizes()).toEqual([1]);
    time.advance(0.2);
    expect(sizes()).toEqual([1, 2]);
    time.advance(10);
    report();
    expect(sizes()).toEqual([1, 2, 1]);
  });

  test('a pod that reports no more is forgotten', () => {
    const world = new World();
    const { reporter } = world.reporter('sluice-queue-proxy', [loadOf('default/a')]);
    reporter.start();
    world.time.advance(1_500);
    reporter.stop();
    expect(world.server.loads()).toHaveLength(1);
    world.time.advance(3_000);
    expect(world.server.loads()).toEqual([]);
  });
});

/** As a gRPC client sends it: localities, and no endpoints. */
function reportOf(requestsInProgress: number): ClusterStats {
  return {
    clusterName: 'default/a',
    intervalMs: 1_000,
    droppedRequests: 3,
    droppedByCategory: { lb: 2 },
    localities: [
      {
        locality: { region: '', zone: 'z1', subZone: '' },
        priority: 0,
        issuedRequests: 10,
        successfulRequests: 7,
        errorRequests: 2,
        requestsInProgress,
        metrics: {},
        endpoints: [],
      },
    ],
  };
}

/** A stream whose peer never keeps up, unless told otherwise. */
class SlowStream implements LoadServerStream {
  readonly sent: StreamLoadResponse[] = [];
  handler: MessageStreamHandler<StreamLoadRequest> | undefined;
  readonly #keepsUp: boolean;

  constructor(keepsUp = false) {
    this.#keepsUp = keepsUp;
  }

  listen(handler: MessageStreamHandler<StreamLoadRequest>): void {
    this.handler = handler;
  }
  send(message: StreamLoadResponse): boolean {
    this.sent.push(message);
    return this.#keepsUp;
  }
  end(): void {}
}

/** A proxy's stream into which a test speaks. */
class FedStream implements LoadStatsServerStream {
  handler: MessageStreamHandler<LoadStatsRequest> | undefined;

  listen(handler: MessageStreamHandler<LoadStatsRequest>): void {
    this.handler = handler;
  }
  send(): boolean {
    return true;
  }
  end(): void {}
}
