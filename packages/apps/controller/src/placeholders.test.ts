import { endpointSlices, objectKey, services as coreServices, type KubernetesObject, type Service as CoreService } from '@sluice/kubernetes';
import { ingressKind, routeKind, serviceKind, type TrafficTarget } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { describe, expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

const tagged: readonly TrafficTarget[] = [
  { latestRevision: true, percent: 100 },
  { latestRevision: true, percent: 0, tag: 'beta' },
];
const elsewhere = { 'networking.knative.dev/ingress-class': 'other.ingress.networking.knative.dev' };

async function serving(traffic: readonly TrafficTarget[] = tagged, annotations?: Record<string, string>): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start(aService('hello', { traffic, ...(annotations ? { metadata: { annotations } } : {}) }));
  await world.bringUp('hello-00001');
  return world;
}

function placeholders(world: ControllerWorld): string[] {
  return world.server.list(coreServices).filter(({ metadata }) => metadata.labels?.['serving.knative.dev/route'] !== undefined).map(({ metadata, spec }) => `${metadata.name} ${spec.externalName ?? spec.clusterIP ?? spec.type}`);
}

function ready(world: ControllerWorld) {
  return world.condition(routeKind, 'hello', 'IngressReady');
}

describe('the Services that stand for a route', () => {
  test('are there for it and for each tag, and lead to our gateways', async () => {
    const world = await serving();
    const gateways = 'sluice-gateway-internal.sluice-system.svc.cluster.local';
    expect(placeholders(world)).toEqual([`hello ${gateways}`, `beta-hello ${gateways}`]);
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
    expect(world.find(routeKind, 'hello').status?.address?.url).toBe('http://hello.default.svc.cluster.local');
  });

  test('go with their tag, and with the route', async () => {
    const world = await serving();
    await world.put(aService('hello', { traffic: [{ latestRevision: true, percent: 100 }] }));
    expect(placeholders(world)).toHaveLength(1);
    world.server.remove(serviceKind, 'default/hello');
    await world.rest();
    expect(world.server.list(coreServices).filter(({ metadata }) => metadata.name === 'hello')).toEqual([]);
  });

  test('are put right when somebody meddles with where they lead, and keep what people write on them', async () => {
    const world = await serving();
    const service = world.find(coreServices, 'hello');
    await world.put({ ...service, metadata: { ...service.metadata, labels: { ...service.metadata.labels, mine: 'yes' } }, spec: { ...service.spec, externalName: 'elsewhere.example.org' } });
    expect(world.find(coreServices, 'hello')).toMatchObject({ metadata: { labels: { mine: 'yes' } }, spec: { externalName: 'sluice-gateway-internal.sluice-system.svc.cluster.local' } });
  });

  test('say of a tag that it is the cluster’s alone, by a label', async () => {
    const world = await serving();
    const urls = () => world.find(routeKind, 'hello').status?.traffic?.map(({ url }) => url);
    expect(urls()).toEqual([undefined, 'http://beta-hello.default.example.com']);
    await label(world, 'beta-hello', { 'networking.knative.dev/visibility': 'cluster-local' });
    expect(urls()).toEqual([undefined, 'http://beta-hello.default.svc.cluster.local']);
    expect(world.find(routeKind, 'hello').status?.url).toBe('http://hello.default.example.com');
    expect(ready(world)).toMatchObject({ status: 'True' });
    await label(world, 'beta-hello', {});
    expect(urls()).toEqual([undefined, 'http://beta-hello.default.example.com']);
  });

  test('may say so of the route itself, whose tags stay visible', async () => {
    const world = await serving();
    await label(world, 'hello', { 'networking.knative.dev/visibility': 'cluster-local' });
    const { status } = world.find(routeKind, 'hello');
    expect([status?.url, status?.traffic?.[1]?.url]).toEqual(['http://hello.default.svc.cluster.local', 'http://beta-hello.default.example.com']);
  });
});

describe('a name that is somebody else’s', () => {
  const foreign: CoreService = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'beta-hello', namespace: 'default' }, spec: { ports: [{ port: 80 }] } };

  test('is left alone and said, and what was served is served', async () => {
    const world = await serving([{ latestRevision: true, percent: 100 }]);
    await world.put(foreign);
    await world.put(aService('hello', { traffic: tagged }));
    expect(ready(world)).toMatchObject({ status: 'False', reason: 'NotOwned', message: 'There is an existing placeholder Service "beta-hello" that we do not own.' });
    expect(world.find(routeKind, 'hello').status?.traffic).toHaveLength(1);
    expect(world.find(coreServices, 'beta-hello').spec).toEqual(foreign.spec);
  });

  test('is taken once it is free', async () => {
    const world = new ControllerWorld();
    await world.start<KubernetesObject>(foreign, aService('hello', { traffic: tagged }));
    await world.bringUp('hello-00001');
    expect(ready(world)).toMatchObject({ status: 'False', reason: 'NotOwned' });
    world.server.remove(coreServices, objectKey(foreign));
    await world.time.advanceAsync(11_000);
    await world.rest();
    expect(ready(world)).toMatchObject({ status: 'True' });
    expect(placeholders(world)).toHaveLength(2);
  });
});

describe('where others serve the route, its name', () => {
  async function says(world: ControllerWorld, entry: object): Promise<void> {
    const ingress = world.find(ingressKind, 'hello');
    await world.put({ ...ingress, status: { observedGeneration: ingress.metadata.generation ?? 0, conditions: [{ type: 'Ready', status: 'True' }], privateLoadBalancer: { ingress: [entry] } } });
  }

  test('leads to its own host until they say where they are, and then there', async () => {
    const world = await serving([{ latestRevision: true, percent: 100 }], elsewhere);
    expect(placeholders(world)).toEqual(['hello hello.default.example.com']);
    await says(world, { domainInternal: 'kourier-internal.kourier-system.svc.cluster.local' });
    expect(placeholders(world)).toEqual(['hello kourier-internal.kourier-system.svc.cluster.local']);
  });

  test('has their address behind it when they have no name, and is made anew when they get one', async () => {
    const world = await serving([{ latestRevision: true, percent: 100 }], elsewhere);
    await says(world, { ip: '192.0.2.1' });
    expect(placeholders(world)).toEqual(['hello None']);
    const addresses = () => world.find(endpointSlices, 'hello').endpoints.flatMap((endpoint) => endpoint.addresses);
    expect(addresses()).toEqual(['192.0.2.1']);
    await says(world, { ip: '192.0.2.2' });
    expect(addresses()).toEqual(['192.0.2.2']);
    await says(world, { domainInternal: 'them.example.org' });
    expect(placeholders(world)).toEqual(['hello them.example.org']);
    expect(world.has(endpointSlices, 'hello')).toBe(false);
  });
});

async function label(world: ControllerWorld, name: string, labels: Record<string, string>): Promise<void> {
  const service = world.find(coreServices, name);
  const { 'networking.knative.dev/visibility': _, ...kept } = service.metadata.labels ?? {};
  await world.put({ ...service, metadata: { ...service.metadata, labels: { ...kept, ...labels } } });
}
