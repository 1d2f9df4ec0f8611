/**
 * gRPC's own xDS client, which we have not written, against the composed config service over real connections: objects
 * go in at one end, and at the other calls reach the pods they should.
 */
import { composeConfigServer, type ConfigServer } from '@sluice/config-server';
import {
  activatorSlice,
  podAutoscalerObject,
  revisionObject,
  routeObject,
  serverlessServiceObject,
} from '@sluice/config-server/testing';
import { createMeter, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { configMaps, endpointSlices, KubernetesClient, type EndpointSlice, type KubernetesObject } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { ingressKind, podAutoscalerKind, revisionKind, routeKind, serverlessServiceKind, type Revision } from '@sluice/serving';
import { defaultTranslateOptions } from '@sluice/translator';
import { loadCodec, openGrpcServer, typeUrls, type Codec } from '@sluice/xds';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { eventually } from '../../support/eventually.ts';
import { startGrpcBackend, type GrpcBackend } from './proxyless/grpc-backend.ts';
import { startProxylessClient, type ProxylessClient } from './proxyless/proxyless-client.ts';

const kinds = [revisionKind, routeKind, podAutoscalerKind, serverlessServiceKind, ingressKind, endpointSlices, configMaps];
const target = 'xds:///greeter.default.svc.cluster.local';

const api = new FakeApiServer({ kinds, clock });
const stops: (() => unknown)[] = [];
let codec: Codec;
let service: ConfigServer;
let port = 0;
let client: ProxylessClient;
/** While true, assignments are published in a way that gRPC's clients refuse. */
let isPushBad = false;

beforeAll(async () => {
  codec = await loadCodec('core');
  service = await startConfigServer();
  ({ port } = service);
  client = await startProxylessClient(`127.0.0.1:${port}`, 'shop');
  stops.push(() => client.stop());
});

afterAll(async () => {
  await service.stop();
  for (const stop of stops.toReversed()) await stop();
});

async function startConfigServer(): Promise<ConfigServer> {
  const composed = composeConfigServer({
    client: new KubernetesClient({ transport: api, fieldManager: 'test' }),
    codec: { ...codec, encode: (name, value) => codec.encode(name, isPushBad ? spoilt(name, value) : value) },
    listen: (handlers) => openGrpcServer({ address: `127.0.0.1:${port}`, codec, handlers, timers }),
    systemNamespace: 'sluice-system',
    identity: 'config-server-0',
    translate: defaultTranslateOptions,
    clock,
    timers,
    random,
    logger: new RecordingLogger(),
    meter: createMeter(),
  });
  await composed.start();
  await eventually(() => expect(composed.isReady).toBe(true));
  return composed;
}

/** An assignment whose localities have no name is what gRPC's clients refuse, and neither we nor Envoy do. */
function spoilt(messageName: string, value: Parameters<Codec['encode']>[1]): typeof value {
  if (!messageName.endsWith('ClusterLoadAssignment')) return value;
  const endpoints = (value['endpoints'] ?? []) as readonly (typeof value)[];
  return { ...value, endpoints: endpoints.map(({ locality: _locality, ...rest }) => rest) };
}

function grpcRevision(name: string): Revision {
  const revision = revisionObject(name);
  return { ...revision, spec: { ...revision.spec, containers: [{ image: 'app', ports: [{ name: 'h2c', containerPort: 8080 }] }] } };
}

/** One slice per pod, since each has its own port here. */
function sliceOf(revision: string, { name, port: podPort }: GrpcBackend): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${revision}-${name}`, namespace: 'default', labels: { 'kubernetes.io/service-name': `${revision}-private` } },
    addressType: 'IPv4',
    ports: [{ name: 'http2', port: podPort, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  };
}

async function backend(name: string): Promise<GrpcBackend> {
  const started = await startGrpcBackend(name);
  stops.push(() => started.stop());
  return started;
}

const sum = (answers: Readonly<Record<string, number>>) => Object.values(answers).reduce((total, count) => total + count, 0);
const statusOfClient = () => service.status().nodes.find(({ node }) => node.cluster === 'shop');

test('calls follow a weighted split, and the client reports them', async () => {
  const pods = { a: await backend('a'), b: await backend('b'), c: await backend('c') };
  api.put<KubernetesObject>(
    ...['greeter-00001', 'greeter-00002'].flatMap((name) => [
      grpcRevision(name),
      podAutoscalerObject(name),
      // Requests of others go by an activator to the second; this one's client goes to the pods.
      serverlessServiceObject(name, name === 'greeter-00002' ? 'Proxy' : 'Serve'),
    ]),
    activatorSlice(['127.0.0.9']),
    routeObject('greeter', { 'greeter-00001': 80, 'greeter-00002': 20 }),
    sliceOf('greeter-00001', pods.a),
    sliceOf('greeter-00001', pods.b),
    sliceOf('greeter-00002', pods.c),
  );
  const answers = await client.call(target, 5_000);
  expect(sum(answers)).toBe(5_000);
  expect(Object.keys(answers).toSorted()).toEqual(['a', 'b', 'c']);
  expect(Math.abs((answers['c'] ?? 0) / 5_000 - 0.2)).toBeLessThan(0.02);
  // Round robin within the revision.
  expect(Math.abs((answers['a'] ?? 0) - (answers['b'] ?? 0))).toBeLessThan(100);

  await eventually(() => {
    const reported = service.status().clusters.filter(({ node }) => node.cluster === 'shop');
    const issued = Object.fromEntries(reported.map(({ cluster, issuedRequests }) => [cluster, issuedRequests]));
    expect(issued).toEqual({ 'default/greeter-00001': 5_000 - (answers['c'] ?? 0), 'default/greeter-00002': answers['c'] });
    expect(reported.map(({ errorRequests, requestsInProgress }) => [errorRequests, requestsInProgress])).toEqual([[0, 0], [0, 0]]);
  });
});

test('no call fails while pods come and go', async () => {
  const d = await backend('d');
  const calls = client.call(target, 3_000);
  api.put(sliceOf('greeter-00001', d));
  await eventually(async () => expect(await client.call(target, 50)).toHaveProperty('d'));
  api.remove(endpointSlices, 'default/greeter-00001-a');
  const during = await calls;
  expect(Object.keys(during).filter((name) => !['a', 'b', 'c', 'd'].includes(name))).toEqual([]);
  await eventually(async () => expect(await client.call(target, 100)).not.toHaveProperty('a'));
});

test('a config service that is away is not missed, and what changed meanwhile is taken when it is back', async () => {
  await service.stop();
  const meanwhile = await client.call(target, 500);
  expect(Object.keys(meanwhile).toSorted()).toEqual(['b', 'c', 'd']);
  api.put(sliceOf('greeter-00002', await backend('f')));
  service = await startConfigServer();
  const seen = new Set<string>();
  await eventually(
    async () => {
      for (const name of Object.keys(await client.call(target, 50))) seen.add(name);
      expect(seen).toContain('f');
    },
    { withinMs: 60_000 },
  );
  expect([...seen].toSorted()).toEqual(['b', 'c', 'd', 'f']);
});

test('all calls move to another revision without one that fails', async () => {
  const calls = client.call(target, 3_000);
  api.put(routeObject('greeter', { 'greeter-00002': 100 }));
  await eventually(async () => expect(Object.keys(await client.call(target, 50)).toSorted()).toEqual(['c', 'f']));
  expect(Object.keys(await calls).filter((name) => !['b', 'c', 'd', 'f'].includes(name))).toEqual([]);
});

test('what it refuses changes nothing for it, and what it said is known; the next good push is taken', async () => {
  const e = await backend('e');
  isPushBad = true;
  api.put(sliceOf('greeter-00002', e));
  await eventually(() => {
    const endpoints = statusOfClient()?.types.find(({ typeUrl }) => typeUrl === typeUrls.clusterLoadAssignment);
    expect(endpoints?.rejection).toMatch(/locality/i);
  });
  expect(Object.keys(await client.call(target, 200)).toSorted()).toEqual(['c', 'f']);
  isPushBad = false;
  // Only what is different is sent again: one more pod.
  api.put(sliceOf('greeter-00002', await backend('g')));
  await eventually(async () => expect(await client.call(target, 50)).toHaveProperty('e'));
  const endpoints = statusOfClient()?.types.find(({ typeUrl }) => typeUrl === typeUrls.clusterLoadAssignment);
  expect(endpoints?.rejection).toBeUndefined();
});

test('a revision that goes while the config service is away takes no call with it when it is back', async () => {
  api.put(routeObject('greeter', { 'greeter-00001': 50, 'greeter-00002': 50 }));
  await eventually(async () => expect(Object.keys(await client.call(target, 200)).toSorted()).toEqual(['b', 'c', 'd', 'e', 'f', 'g']));
  await service.stop();
  api.put(routeObject('greeter', { 'greeter-00001': 100 }));
  api.remove(revisionKind, 'default/greeter-00002');
  api.remove(podAutoscalerKind, 'default/greeter-00002');
  api.remove(serverlessServiceKind, 'default/greeter-00002');
  service = await startConfigServer();
  const seen = new Set<string>();
  await eventually(
    async () => {
      const answers = Object.keys(await client.call(target, 50, { waits: false }));
      for (const name of answers) seen.add(name);
      expect(answers.toSorted()).toEqual(['b', 'd']);
    },
    { withinMs: 60_000 },
  );
  expect([...seen].filter((name) => !['b', 'c', 'd', 'e', 'f', 'g'].includes(name))).toEqual([]);
  await eventually(() => {
    const clusters = statusOfClient()?.types.find(({ typeUrl }) => typeUrl === typeUrls.cluster);
    expect(clusters?.names).toEqual(['default/greeter-00001']);
    expect(clusters?.acceptedVersion).toBe(clusters?.sentVersion);
  });
});

test('a name that is no gRPC Service does not exist for it', async () => {
  const answers = await client.call('xds:///nobody.default.svc.cluster.local', 1, { deadlineMs: 1_000 });
  expect(Object.keys(answers)[0]).toMatch(/DEADLINE_EXCEEDED|UNAVAILABLE/);
});
