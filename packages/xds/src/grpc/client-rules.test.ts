/** The rules of the scenario files for clients, once each over real gRPC: a peer that is played by hand. */
import { createMeter, createSeededRandom, silentLogger, systemClock, systemTimers, type MessageStream } from '@sluice/kernel';
import { afterEach, expect, test, vi } from 'vitest';

import { createAdsClient, loadCodec, openGrpcServer, openGrpcTransport, typeUrls, type AdsClient, type Codec, type DeltaDiscoveryRequest, type DeltaDiscoveryResponse, type DiscoveryRequest, type DiscoveryResponse, type EncodedResource } from '../index.ts';
import { RecordingConsumer } from '../testing/index.ts';
import { encodeWrappedResource } from '../wire/delta-wire.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A server's end of the newest stream, and all that was said on any. */
class Peer<Request, Response> {
  readonly heard: Request[] = [];
  stream: MessageStream<Request, Response> | undefined;
  streams = 0;
  #taken = 0;

  accept(stream: MessageStream<Request, Response>): void {
    this.stream = stream;
    this.streams += 1;
    stream.listen({ onMessage: (request) => void this.heard.push(request), onEnd() {} });
  }

  /** The requests since this was called last, when there are so many. */
  async next(count: number): Promise<readonly Request[]> {
    await vi.waitFor(() => expect(this.heard.length - this.#taken).toBeGreaterThanOrEqual(count), { timeout: 10_000, interval: 10 });
    const found = this.heard.slice(this.#taken);
    this.#taken = this.heard.length;
    return found;
  }
}

async function connect(variant: 'sotw' | 'delta') {
  const codec = await loadCodec('core');
  const sotw = new Peer<DiscoveryRequest, DiscoveryResponse>();
  const delta = new Peer<DeltaDiscoveryRequest, DeltaDiscoveryResponse>();
  const server = await openGrpcServer({
    address: '127.0.0.1:0',
    codec,
    timers: systemTimers,
    handlers: { onAds: (stream) => sotw.accept(stream), onDeltaAds: (stream) => delta.accept(stream), onLoadStats: (stream) => stream.end(), onLoad: (stream) => stream.end() },
  });
  cleanups.push(() => server.stop());
  const transport = await openGrpcTransport({ address: `127.0.0.1:${server.port}`, codec });
  cleanups.push(() => transport.close());
  const consumer = new RecordingConsumer();
  const shared = { node: { id: 'proxy', cluster: 'group' }, codec, consumer, clock: systemClock, timers: systemTimers, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() };
  const client: AdsClient = variant === 'delta' ? createAdsClient({ ...shared, variant, transport }) : createAdsClient({ ...shared, transport });
  cleanups.push(() => client.stop());
  client.start();
  return { codec, sotw, delta, client, consumer };
}

function clusterOf(codec: Codec, name: string): EncodedResource {
  const encoded = codec.encode('envoy.config.cluster.v3.Cluster', { name, type: 'EDS', eds_cluster_config: { eds_config: { ads: {} } } });
  if (!encoded.ok) throw new Error('a cluster is encoded');
  return { typeUrl: typeUrls.cluster, value: encoded.value };
}

test('state of the world: the node once, answers with nonces, refusals with every reason, versions that survive a stream', async () => {
  const { codec, sotw, consumer, client } = await connect('sotw');
  const first = await sotw.next(2);
  expect(first.map(({ node }) => node?.id)).toEqual(['proxy', undefined]);
  expect(first.map(({ resourceNames }) => resourceNames)).toEqual([[], []]);

  sotw.stream?.send({ typeUrl: typeUrls.cluster, versionInfo: '1', nonce: 'a', resources: [clusterOf(codec, 'x'), clusterOf(codec, 'y')] });
  expect((await sotw.next(2)).map(({ typeUrl, versionInfo, responseNonce, resourceNames }) => [typeUrl, versionInfo, responseNonce, resourceNames])).toEqual([
    [typeUrls.cluster, '1', 'a', []],
    [typeUrls.clusterLoadAssignment, '', '', ['x', 'y']],
  ]);

  consumer.refusing.set('z', 'is not wanted');
  sotw.stream?.send({ typeUrl: typeUrls.cluster, versionInfo: '2', nonce: 'b', resources: [clusterOf(codec, 'x'), clusterOf(codec, 'y'), clusterOf(codec, 'z'), { typeUrl: typeUrls.cluster, value: Uint8Array.of(255) }] });
  const [refusal] = await sotw.next(1);
  expect(refusal).toMatchObject({ versionInfo: '1', responseNonce: 'b', errorDetail: { code: 3, message: expect.stringMatching(/^CDS: #3: .*; z: is not wanted$/) } });
  expect([...client.held(typeUrls.cluster).keys()]).toEqual(['x', 'y']);

  sotw.stream?.end({ code: 14, details: 'gone' });
  const again = await sotw.next(3);
  expect(again.map(({ versionInfo, responseNonce, node }) => [versionInfo, responseNonce, node?.id])).toEqual([['1', '', 'proxy'], ['', '', undefined], ['', '', undefined]]);
});

test('state of the world: a wrapped resource runs out when nobody renews it', async () => {
  const { codec, sotw, consumer } = await connect('sotw');
  await sotw.next(2);
  const wrapper = { typeUrl: 'type.googleapis.com/envoy.service.discovery.v3.Resource', value: encodeWrappedResource({ name: 'x', version: '1', resource: clusterOf(codec, 'x'), ttlMs: 100 }) };
  sotw.stream?.send({ typeUrl: typeUrls.cluster, versionInfo: '1', nonce: 'a', resources: [wrapper] });
  await vi.waitFor(() => expect(consumer.log).toEqual(['CDS +x', 'connected', 'CDS -x']), { timeout: 10_000 });
});

test('delta: differences only, answers with nonces, wishes without, and what is held told on a new stream', async () => {
  const { codec, delta, client, consumer } = await connect('delta');
  const first = await delta.next(2);
  expect(first.map(({ subscribe, initialVersions, responseNonce }) => [subscribe, initialVersions, responseNonce])).toEqual([[[], {}, ''], [[], {}, '']]);

  delta.stream?.send({ typeUrl: typeUrls.cluster, systemVersionInfo: '', nonce: 'a', resources: [{ name: 'x', version: '7', resource: clusterOf(codec, 'x') }], removedResources: [] });
  expect((await delta.next(2)).map(({ typeUrl, responseNonce, subscribe }) => [typeUrl, responseNonce, subscribe])).toEqual([
    [typeUrls.cluster, 'a', []],
    [typeUrls.clusterLoadAssignment, '', ['x']],
  ]);

  // On demand, beside everything; the service says at once what it does not have.
  client.refer('somebody', [{ typeUrl: typeUrls.cluster, name: 'far' }]);
  expect((await delta.next(1))[0]).toMatchObject({ typeUrl: typeUrls.cluster, responseNonce: '', subscribe: ['far'] });
  delta.stream?.send({ typeUrl: typeUrls.cluster, systemVersionInfo: '', nonce: 'b', resources: [], removedResources: ['far'] });
  expect((await delta.next(1))[0]).toMatchObject({ responseNonce: 'b' });
  expect(consumer.log.at(-1)).toBe('missing CDS far');

  // A heartbeat renews, and says nothing else.
  delta.stream?.send({ typeUrl: typeUrls.cluster, systemVersionInfo: '', nonce: 'c', resources: [{ name: 'x', version: '7', ttlMs: 60_000 }], removedResources: [] });
  expect((await delta.next(1))[0]).toMatchObject({ responseNonce: 'c' });
  expect([...client.held(typeUrls.cluster).keys()]).toEqual(['x']);

  delta.stream?.end({ code: 14, details: 'gone' });
  expect((await delta.next(2)).map(({ typeUrl, subscribe, initialVersions }) => [typeUrl, subscribe, initialVersions]).slice(0, 2)).toEqual([
    [typeUrls.cluster, ['*', 'far'], { x: '7' }],
    [typeUrls.clusterLoadAssignment, ['x'], {}],
  ]);
});
