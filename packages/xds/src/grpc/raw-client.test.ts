/**
 * The rules of discovery once over real gRPC, said by a raw client: requests as they are, with no machine of ours behind
 * them. The scenario files hold them all; here is what the wire, the method table and the sessions add.
 */
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { createMeter, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import {
  AdsServer,
  createSnapshot,
  fetchClientStatus,
  loadCodec,
  openGrpcServer,
  SnapshotCache,
  typeUrls,
  type Codec,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
  type Resource,
} from '../index.ts';
import { sampleEndpoints, sampleListener, sampleResources, sampleRoutes, sampleSecret } from '../testing/index.ts';
import { configServiceMethods, type StreamMethod } from './methods.ts';

const node = { id: 'raw~1', cluster: 'gateway' };
const revisions = ['a', 'b'].map((name) => ({ name, endpoints: ['127.0.0.2'] }));
const cleanups: (() => void | Promise<void>)[] = [];

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('admin');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

class Service {
  readonly cache = new SnapshotCache();
  readonly ads = new AdsServer({ cache: this.cache, clock: systemClock, timers: systemTimers, logger: silentLogger, meter: createMeter() });
  readonly methods = configServiceMethods(codec);
  port = 0;
  #client: Client | undefined;

  async start(...resources: readonly Resource[]): Promise<this> {
    this.publish(...resources);
    const handlers = { ...this.ads.handlers, onLoadStats() {}, onLoad() {} };
    const server = await openGrpcServer({ address: '127.0.0.1:0', codec, timers: systemTimers, handlers });
    this.port = server.port;
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    this.#client = client;
    cleanups.push(() => server.stop(), () => client.close());
    return this;
  }

  publish(...resources: readonly Resource[]): void {
    const result = createSnapshot(resources, codec, this.cache.get('gateway'));
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    this.cache.set('gateway', result.snapshot);
  }

  open<Request, Response>(method: StreamMethod<Request, Response> | undefined): RawStream<Request, Response> {
    if (!method || !this.#client) throw new Error('no such method');
    const call = this.#client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
    const stream = new RawStream(call);
    cleanups.push(() => call.cancel());
    return stream;
  }
}

class RawStream<Request, Response> {
  readonly responses: Response[] = [];
  status: { readonly code: number; readonly details: string } | undefined;
  readonly #call: ClientDuplexStream<Request, Response>;

  constructor(call: ClientDuplexStream<Request, Response>) {
    this.#call = call;
    call.on('data', (response: Response) => this.responses.push(response));
    call.on('error', () => {});
    call.on('status', (status) => (this.status = status));
  }

  send(request: Request): void {
    this.#call.write(request);
  }

  async next(): Promise<Response> {
    await vi.waitFor(() => expect(this.responses.length).toBeGreaterThan(0), { timeout: 5_000 });
    return this.responses.shift() as Response;
  }
}

function sotw(typeUrl: string, more: Partial<DiscoveryRequest> = {}): DiscoveryRequest {
  return { typeUrl, versionInfo: '', responseNonce: '', resourceNames: [], ...more };
}

function delta(typeUrl: string, more: Partial<DeltaDiscoveryRequest> = {}): DeltaDiscoveryRequest {
  return { typeUrl, subscribe: [], unsubscribe: [], initialVersions: {}, responseNonce: '', ...more };
}

function contentsOf({ resources, removedResources }: DeltaDiscoveryResponse): readonly string[] {
  return [...resources.map(({ name }) => name), ...removedResources.map((name) => `-${name}`)].sort();
}

async function namesIn(response: DiscoveryResponse): Promise<readonly string[]> {
  return response.resources.map(({ typeUrl, value }) => {
    const decoded = codec.decode(typeUrl.slice(typeUrl.indexOf('/') + 1), value);
    return decoded.ok ? String(decoded.value.value['name'] ?? decoded.value.value['cluster_name']) : 'broken';
  }).sort();
}

describe('state of the world', () => {
  test('a wildcard, names, an answer, a stale answer and a change', async () => {
    const service = await new Service().start(...sampleResources(revisions));
    const stream = service.open(service.methods.ads);
    stream.send(sotw(typeUrls.cluster, { node }));
    const clusters = await stream.next();
    expect(await namesIn(clusters)).toEqual(['a', 'b']);
    stream.send(sotw(typeUrls.cluster, { versionInfo: clusters.versionInfo, responseNonce: clusters.nonce }));
    stream.send(sotw(typeUrls.clusterLoadAssignment, { resourceNames: ['a'] }));
    const endpoints = await stream.next();
    expect(await namesIn(endpoints)).toEqual(['a']);
    // Stale: neither an answer nor a subscription.
    stream.send(sotw(typeUrls.clusterLoadAssignment, { resourceNames: ['a', 'b'], responseNonce: 'older' }));
    stream.send(sotw(typeUrls.clusterLoadAssignment, { resourceNames: ['a', 'b'], responseNonce: endpoints.nonce, versionInfo: endpoints.versionInfo }));
    const more = await stream.next();
    expect(await namesIn(more)).toEqual(['b']);
    expect(more.versionInfo).toBe(endpoints.versionInfo);
  });

  test('a type that is not named ends an aggregated stream, and is implied on a stream of one type', async () => {
    const service = await new Service().start(...sampleResources(revisions));
    const aggregated = service.open(service.methods.ads);
    aggregated.send(sotw('', { node }));
    await vi.waitFor(() => expect(aggregated.status).toMatchObject({ code: 3, details: 'type_url is required on an aggregated stream' }));
    const single = service.open(service.methods.types.get(typeUrls.cluster));
    single.send(sotw('', { node }));
    expect((await single.next()).typeUrl).toBe(typeUrls.cluster);
  });

  test('more than the 4 MiB that gRPC takes by default reaches a client that allows it', async () => {
    const many = Array.from({ length: 300 }, (_unused, index) => ({ name: `default/${'x'.repeat(15_000)}-${index}`, endpoints: ['127.0.0.2'] }));
    const service = await new Service().start(...many.map(sampleEndpoints));
    const client = new Client(`127.0.0.1:${service.port}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
    const { path, requestSerialize, responseDeserialize } = service.methods.ads;
    const stream = new RawStream(client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize));
    cleanups.push(() => client.close());
    stream.send(sotw(typeUrls.clusterLoadAssignment, { node, resourceNames: many.map(({ name }) => name) }));
    expect((await stream.next()).resources).toHaveLength(300);
  });
});

test.each([
  ['LDS', typeUrls.listener, []],
  ['RDS', typeUrls.routeConfiguration, ['routes']],
  ['CDS', typeUrls.cluster, []],
  ['EDS', typeUrls.clusterLoadAssignment, ['a']],
  ['SDS', typeUrls.secret, ['cert']],
] as const)('%s has streams of its own, in both variants', async (_short, typeUrl, names) => {
  const service = await new Service().start(...sampleResources(revisions), sampleSecret('cert'));
  const stream = service.open(service.methods.types.get(typeUrl));
  stream.send(sotw('', { node, resourceNames: names }));
  const response = await stream.next();
  expect(response.typeUrl).toBe(typeUrl);
  expect(response.resources.length).toBeGreaterThan(0);
  const deltaStream = service.open(service.methods.deltaTypes.get(typeUrl));
  deltaStream.send(delta('', { node, subscribe: names }));
  const answer = await deltaStream.next();
  expect(answer.typeUrl).toBe(typeUrl);
  expect(answer.resources.map(({ resource }) => resource?.typeUrl)).toEqual(response.resources.map((resource) => resource.typeUrl));
});

describe('delta', () => {
  test('what is there, what is not, what changes and what goes', async () => {
    const service = await new Service().start(...sampleResources(revisions));
    const stream = service.open(service.methods.deltaAds);
    stream.send(delta(typeUrls.clusterLoadAssignment, { node, subscribe: ['a', 'b', 'never'] }));
    const first = await stream.next();
    expect(contentsOf(first)).toEqual(['-never', 'a', 'b']);
    stream.send(delta(typeUrls.clusterLoadAssignment, { responseNonce: first.nonce }));
    service.publish(...sampleResources([{ name: 'a', endpoints: ['127.0.0.9'] }]));
    const second = await stream.next();
    expect(contentsOf(second)).toEqual(['-b', 'a']);
  });

  test('a client that comes back with its versions, to another replica, gets what differs', async () => {
    const one = await new Service().start(...sampleResources(revisions));
    const before = one.open(one.methods.deltaAds);
    before.send(delta(typeUrls.cluster, { node }));
    const held = Object.fromEntries((await before.next()).resources.map(({ name, version }) => [name, version]));
    expect(Object.keys(held).sort()).toEqual(['a', 'b']);

    const [first] = revisions.map((revision) => ({ ...revision, connectTimeoutSeconds: 9 }));
    const another = await new Service().start(...sampleResources([...(first ? [first] : []), ...revisions.slice(1)]));
    const after = another.open(another.methods.deltaAds);
    after.send(delta(typeUrls.cluster, { node, initialVersions: held }));
    expect(contentsOf(await after.next())).toEqual(['a']);
  });

  test('a large first state comes in parts below the 4 MiB that gRPC takes by default', async () => {
    const many = Array.from({ length: 300 }, (_unused, index) => ({ name: `default/${'x'.repeat(15_000)}-${index}`, endpoints: ['127.0.0.2'] }));
    const service = await new Service().start(...many.map(sampleEndpoints));
    const stream = service.open(service.methods.deltaAds);
    stream.send(delta(typeUrls.clusterLoadAssignment, { node, subscribe: many.map(({ name }) => name) }));
    const received = new Set<string>();
    let parts = 0;
    for (; received.size < 300; parts += 1) {
      const part = await stream.next();
      for (const { name } of part.resources) received.add(name);
      stream.send(delta(typeUrls.clusterLoadAssignment, { responseNonce: part.nonce }));
    }
    expect(parts).toBeGreaterThan(4);
  });
});

describe('client status', () => {
  test('tells for each client and resource what it has, and why it does not', async () => {
    const service = await new Service().start(...sampleResources(revisions));
    const stream = service.open(service.methods.deltaAds);
    stream.send(delta(typeUrls.cluster, { node }));
    const clusters = await stream.next();
    stream.send(delta(typeUrls.cluster, { responseNonce: clusters.nonce, errorDetail: { code: 3, message: 'CDS: a: cannot be used' } }));
    stream.send(delta(typeUrls.clusterLoadAssignment, { subscribe: ['a', 'never'] }));
    await stream.next();
    const answer = await fetchClientStatus({ address: `127.0.0.1:${service.port}`, codec, request: { exclude_resource_contents: true } });
    expect(answer).toMatchObject({
      config: [
        {
          node: { id: 'raw~1', cluster: 'gateway' },
          generic_xds_configs: expect.arrayContaining([
            expect.objectContaining({ name: 'a', config_status: 'ERROR', client_status: 'NACKED', error_state: expect.objectContaining({ details: 'CDS: a: cannot be used' }) }),
            expect.objectContaining({ name: 'b', config_status: 'SYNCED', client_status: 'ACKED' }),
            expect.objectContaining({ type_url: typeUrls.clusterLoadAssignment, name: 'a', config_status: 'STALE' }),
            expect.objectContaining({ name: 'never', config_status: 'NOT_SENT', client_status: 'DOES_NOT_EXIST' }),
          ]),
        },
      ],
    });
  });

  test('has the contents unless they are not wanted, of the nodes that are', async () => {
    const service = await new Service().start(sampleListener(), sampleRoutes([]));
    const stream = service.open(service.methods.ads);
    stream.send(sotw(typeUrls.listener, { node }));
    await stream.next();
    const ask = (exact: string) =>
      fetchClientStatus({ address: `127.0.0.1:${service.port}`, codec, request: { node_matchers: [{ node_id: { exact } }] } });
    expect(await ask('nobody')).toEqual({});
    expect(await ask('raw~1')).toMatchObject({ config: [{ generic_xds_configs: [{ xds_config: { '@type': typeUrls.listener, name: 'http' } }] }] });
  });

  test('refuses a matcher that it does not know, with its path', async () => {
    const service = await new Service().start();
    const request = { node_matchers: [{ node_id: { safe_regex: { regex: '.*' } } }] };
    await expect(fetchClientStatus({ address: `127.0.0.1:${service.port}`, codec, request })).rejects.toThrow(/node_matchers\[0\]\.node_id\.safe_regex: is not supported/);
  });
});
