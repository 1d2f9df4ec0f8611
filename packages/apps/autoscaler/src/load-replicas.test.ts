import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import type { EndpointSlice } from '@sluice/kubernetes';
import { LoadServer, type RevisionLoad } from '@sluice/xds';
import { createInMemoryTransport } from '@sluice/xds/testing';
import { describe, expect, test } from 'vitest';

import { LoadReplicas, replicasOf, serviceOf } from './load-replicas.ts';

const service = 'config-server.sluice-system:18000';

/** Config services that do not know of each other, and an autoscaler that hears them. */
class World {
  readonly time = new SimulatedTime();
  readonly heard: string[] = [];
  readonly reporting: boolean[] = [];
  readonly opened: string[] = [];
  readonly #replicas = new Map<string, ReturnType<World['createReplica']>>();
  readonly load = new LoadReplicas({
    serviceAddress: service,
    subscriber: 'autoscaler-0',
    open: async (address) => {
      this.opened.push(address);
      const { transport } = this.replica(address);
      return { openLoad: () => transport.openLoad(), close() {} };
    },
    timers: this.time,
    random: createSeededRandom(1),
    logger: silentLogger,
    onLoad: ({ podName }: RevisionLoad) => this.heard.push(podName),
    onReporting: (isReporting) => this.reporting.push(isReporting),
  });

  replica(address: string) {
    const known = this.#replicas.get(address);
    if (known) return known;
    const made = this.createReplica();
    this.#replicas.set(address, made);
    return made;
  }

  createReplica() {
    const server = new LoadServer({ clock: this.time, logger: silentLogger, meter: createMeter() });
    const transport = createInMemoryTransport({
      timers: this.time,
      handlers: { onAds() {}, onLoadStats: (stream) => server.acceptReports(stream), onLoad: (stream) => server.acceptSubscriber(stream) },
    });
    return { server, transport };
  }

  async set(...addresses: readonly string[]): Promise<void> {
    this.load.setReplicas(addresses);
    await this.time.advanceAsync(50);
  }

  /** A pod that is connected to a replica reports once. */
  async report(address: string, podName: string): Promise<void> {
    const stream = this.replica(address).transport.openLoadStats();
    stream.listen({ onMessage() {}, onEnd() {} });
    stream.send({ node: { id: podName, cluster: 'sluice-queue-proxy', metadata: { POD_NAME: podName } }, clusterStats: [] });
    const counts = { requestsInProgress: 1, issuedRequests: 1, successfulRequests: 0, errorRequests: 0, metrics: {} };
    const localities = [{ locality: { region: '', zone: '', subZone: '' }, priority: 0, ...counts, endpoints: [] }];
    stream.send({ clusterStats: [{ clusterName: 'default/a', droppedRequests: 0, droppedByCategory: {}, intervalMs: 1_000, localities }] });
    await this.time.advanceAsync(10);
    stream.end();
  }
}

describe('replicas', () => {
  test('are all heard, each once, whichever a pod reports to', async () => {
    const world = new World();
    await world.set('10.0.0.1:18000', '10.0.0.2:18000');
    await world.set('10.0.0.1:18000', '10.0.0.2:18000');
    await world.report('10.0.0.1:18000', 'pod-1');
    await world.report('10.0.0.2:18000', 'pod-2');
    expect(world.heard).toEqual(['pod-1', 'pod-2']);
    expect(world.opened).toEqual(['10.0.0.1:18000', '10.0.0.2:18000']);
    expect(world.reporting).toEqual([true]);
  });

  test('that join interrupt nothing', async () => {
    const world = new World();
    await world.set('10.0.0.1:18000');
    await world.set('10.0.0.1:18000', '10.0.0.2:18000');
    expect(world.reporting).toEqual([true]);
  });

  test('that are lost while they should be there make reports doubtful until they are back', async () => {
    const world = new World();
    await world.set('10.0.0.1:18000', '10.0.0.2:18000');
    world.replica('10.0.0.2:18000').transport.reachable = false;
    expect(world.reporting).toEqual([true, false]);
    world.replica('10.0.0.2:18000').transport.reachable = true;
    await world.time.advanceAsync(10_000);
    expect(world.reporting).toEqual([true, false, true]);
  });

  test('that are lost and then taken away leave the others in charge', async () => {
    const world = new World();
    await world.set('10.0.0.1:18000', '10.0.0.2:18000');
    world.replica('10.0.0.2:18000').transport.reachable = false;
    await world.set('10.0.0.1:18000');
    expect(world.reporting).toEqual([true, false, true]);
  });

  test('that leave in order are heard to the end, and not missed', async () => {
    const world = new World();
    await world.set('10.0.0.1:18000', '10.0.0.2:18000');
    await world.set('10.0.0.1:18000');
    await world.report('10.0.0.2:18000', 'late');
    world.replica('10.0.0.2:18000').server.stop();
    await world.time.advanceAsync(60_000);
    expect(world.heard).toEqual(['late']);
    expect(world.reporting).toEqual([true]);
    expect(world.opened).toHaveLength(2);
  });

  test('that are ready and never reached are missed after a while', async () => {
    const world = new World();
    world.replica('10.0.0.2:18000').transport.reachable = false;
    await world.set('10.0.0.1:18000', '10.0.0.2:18000');
    expect(world.reporting).toEqual([true]);
    await world.time.advanceAsync(6_000);
    expect(world.reporting).toEqual([true, false]);
  });
});

test('without a known replica the Service itself is asked, and left as soon as there is one', async () => {
  const world = new World();
  await world.set();
  expect(world.opened).toEqual([service]);
  await world.set('10.0.0.1:18000');
  await world.report(service, 'heard twice');
  expect(world.heard).toEqual([]);
});

test.each([
  ['config-server:18000', 'sluice-system/config-server'],
  ['config-server.mesh:18000', 'mesh/config-server'],
  ['config-server.mesh.svc.cluster.local:18000', 'mesh/config-server'],
  ['config.example.com:18000', undefined],
  ['127.0.0.1:18000', undefined],
  ['[::1]:18000', undefined],
  ['localhost:18000', undefined],
])('%s is the Service %s', (address, expected) => {
  expect(serviceOf(address, 'sluice-system')).toBe(expected);
});

test('the replicas are the ready addresses at the port of gRPC', () => {
  const slice = (name: string, addresses: Record<string, boolean>): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name },
    addressType: 'IPv4',
    ports: [{ name: 'metrics', port: 9090 }, { name: 'grpc', port: 18_000 }],
    endpoints: Object.entries(addresses).map(([address, ready]) => ({ addresses: [address], conditions: { ready } })),
  });
  expect(replicasOf([slice('a', { '10.0.0.2': true, '10.0.0.3': false }), slice('b', { '10.0.0.1': true, '10.0.0.2': true })])).toEqual([
    '10.0.0.1:18000',
    '10.0.0.2:18000',
  ]);
});
