/** The machines over real gRPC: what scenario files show without sockets holds on the wire too. */
import { createMeter, createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { afterEach, expect, test, vi } from 'vitest';

import {
  AdsServer,
  createAdsClient,
  createLoadReporter,
  createLoadSubscriber,
  createSnapshot,
  loadCodec,
  LoadServer,
  openGrpcServer,
  openGrpcTransport,
  replaceType,
  SnapshotCache,
  typeUrls,
  type Codec,
  type ConfigServiceTransport,
  type GrpcServer,
  type Resource,
  type RevisionLoad,
  type Snapshot,
} from '../index.ts';
import { RecordingConsumer, sampleEndpoints, sampleResources } from '../testing/index.ts';

const node = { id: 'gateway~127.0.0.1~gateway-0.sluice-system', cluster: 'sluice-gateway' };
const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function snapshotOf(resources: readonly Resource[], codec: Codec): Snapshot {
  const result = createSnapshot(resources, codec);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.snapshot;
}

interface Service {
  readonly cache: SnapshotCache;
  readonly ads: AdsServer;
  readonly load: LoadServer;
  readonly server: GrpcServer;
}

async function startService(codec: Codec, port = 0): Promise<Service> {
  const shared = { clock: systemClock, timers: systemTimers, logger: silentLogger, meter: createMeter() };
  const cache = new SnapshotCache();
  const ads = new AdsServer({ ...shared, cache, controlPlane: 'test' });
  const load = new LoadServer({ ...shared, reportingIntervalMs: 20 });
  const server = await openGrpcServer({
    address: `127.0.0.1:${port}`,
    codec,
    timers: systemTimers,
    handlers: {
      ...ads.handlers,
      onLoadStats: (stream) => load.acceptReports(stream),
      onLoad: (stream) => load.acceptSubscriber(stream),
    },
  });
  cleanups.push(() => server.stop());
  return { cache, ads, load, server };
}

async function connect(codec: Codec, port: number): Promise<ConfigServiceTransport> {
  const transport = await openGrpcTransport({ address: `127.0.0.1:${port}`, codec });
  cleanups.push(() => transport.close());
  return transport;
}

function startClient(codec: Codec, transport: ConfigServiceTransport) {
  const consumer = new RecordingConsumer();
  const client = createAdsClient({
    node,
    transport,
    codec,
    consumer,
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(1),
    logger: silentLogger,
    meter: createMeter(),
  });
  cleanups.push(() => client.stop());
  client.start();
  return { client, consumer };
}

test('a client gets everything, follows changes, and is left alone by a server that returns unchanged', async () => {
  const codec = await loadCodec('core');
  const revisions = [{ name: 'default/a', endpoints: ['127.0.0.2'] }];
  const snapshot = snapshotOf(sampleResources(revisions), codec);
  const first = await startService(codec);
  first.cache.set('sluice-gateway', snapshot);
  const { port } = first.server;
  const { client, consumer } = startClient(codec, await connect(codec, port));
  await vi.waitFor(() => expect(consumer.log).toEqual(['CDS +default/a', 'connected', 'EDS +default/a', 'LDS +http', 'RDS +routes']));

  const moved = replaceType(snapshot, typeUrls.clusterLoadAssignment, [sampleEndpoints({ name: 'default/a', endpoints: ['127.0.0.3'] })], codec);
  if (!moved.ok) throw new Error('not a snapshot');
  first.cache.set('sluice-gateway', moved.snapshot);
  await vi.waitFor(() => expect(consumer.log.slice(5)).toEqual(['EDS +default/a']));
  await vi.waitFor(() => {
    const [status] = first.ads.status();
    expect(status?.types.map(({ sentVersion, acceptedVersion }) => sentVersion === acceptedVersion)).toEqual([true, true, true, true]);
  });

  await first.server.stop();
  await vi.waitFor(() => expect(consumer.log.slice(6)).toEqual(['disconnected']));
  expect(client.held(typeUrls.cluster).size).toBe(1);

  const second = await startService(codec, port);
  second.cache.set('sluice-gateway', moved.snapshot);
  await vi.waitFor(() => expect(client.connected).toBe(true), { timeout: 5_000 });
  await vi.waitFor(() => expect(second.ads.status()[0]?.types.length).toBe(4));
  // The same content again is answered, and told to nobody.
  expect(consumer.log.slice(7)).toEqual(['connected']);
});

test('a refused resource is reported with its reason and leaves what was held', async () => {
  const codec = await loadCodec('core');
  const { cache, ads, server } = await startService(codec);
  const { client, consumer } = startClient(codec, await connect(codec, server.port));
  const good = [{ name: 'default/a', endpoints: ['127.0.0.2'] }];
  cache.set('sluice-gateway', snapshotOf(sampleResources(good), codec));
  await vi.waitFor(() => expect(client.held(typeUrls.routeConfiguration).size).toBe(1));
  const before = client.held(typeUrls.cluster).get('default/a');

  consumer.refusing.set('default/a', 'cannot be used');
  const bad = [{ name: 'default/a', endpoints: ['127.0.0.2'], connectTimeoutSeconds: 7 }];
  cache.set('sluice-gateway', snapshotOf(sampleResources(bad), codec));
  await vi.waitFor(() => {
    const clusters = ads.status()[0]?.types.find(({ typeUrl }) => typeUrl === typeUrls.cluster);
    expect(clusters?.rejection).toBe('CDS: default/a: cannot be used');
  });
  expect(client.held(typeUrls.cluster).get('default/a')).toBe(before);

  client.stop();
  await vi.waitFor(() => expect(ads.status()).toEqual([]));
});

test('a client that comes before the service is served when there is one', async () => {
  const codec = await loadCodec('core');
  const first = await startService(codec);
  const { port } = first.server;
  await first.server.stop();
  const { consumer } = startClient(codec, await connect(codec, port));
  const second = await startService(codec, port);
  second.cache.set('sluice-gateway', snapshotOf(sampleResources([{ name: 'default/a', endpoints: ['127.0.0.2'] }]), codec));
  await vi.waitFor(() => expect(consumer.log).toHaveLength(5), { timeout: 2_000 });
});

test('load reported by a sidecar reaches the autoscaler, with a codec that knows nothing but load', async () => {
  const codec = await loadCodec('load');
  const { load, server } = await startService(await loadCodec('core'));
  const received: RevisionLoad[] = [];
  const subscriber = createLoadSubscriber({
    subscriber: 'autoscaler-0',
    transport: await connect(codec, server.port),
    timers: systemTimers,
    random: createSeededRandom(1),
    logger: silentLogger,
    onLoad: (report) => received.push(report),
  });
  cleanups.push(() => subscriber.stop());
  subscriber.start();
  const reporter = createLoadReporter({
    node: { id: 'sidecar', cluster: 'sluice-queue-proxy', metadata: { POD_NAME: 'hello-00001-abc' } },
    transport: await connect(codec, server.port),
    source: () => [
      {
        cluster: 'default/hello-00001',
        address: { host: '127.0.0.9', port: 8012 },
        requestsInProgress: 3,
        averageConcurrentRequests: 2.5,
        averageProxiedConcurrentRequests: 0.5,
        requestCount: 40,
        proxiedRequestCount: 8,
      },
    ],
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(2),
    logger: silentLogger,
  });
  cleanups.push(() => reporter.stop());
  reporter.start();
  await vi.waitFor(() => expect(received.length).toBeGreaterThan(2));
  expect(received[1]).toMatchObject({
    namespace: 'default',
    revision: 'hello-00001',
    podName: 'hello-00001-abc',
    source: 'SIDECAR',
    averageConcurrentRequests: 2.5,
    averageProxiedConcurrentRequests: 0.5,
    requestCount: 40,
    proxiedRequestCount: 8,
    requestsInProgress: 3,
  });
  expect(load.loads()).toHaveLength(1);
});
