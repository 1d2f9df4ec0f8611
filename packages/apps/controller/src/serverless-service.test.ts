import { endpointSlices, services as coreServices, type EndpointSlice, type KubernetesObject, type Service as CoreService } from '@sluice/kubernetes';
import { routeKind, serverlessServiceKind, type ServerlessService } from '@sluice/serving';
import { activatorSlice, aServerlessService, aService, podSlice } from '@sluice/serving/testing';
import { expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

async function createWorld(sks: ServerlessService): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start(aService('hello'));
  await world.put(sks);
  return world;
}

function slice(...addresses: string[]): EndpointSlice {
  return complete(podSlice('hello-00001', addresses));
}

function complete(view: ReturnType<typeof podSlice>): EndpointSlice {
  return {
    ...view,
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
  } as EndpointSlice;
}

test('the private Service selects the pods of its revision and no others', async () => {
  const world = await createWorld(aServerlessService('hello-00001', 'Proxy'));
  const { spec, metadata } = world.find(coreServices, 'hello-00001-private');

  expect(Object.keys(spec.selector ?? {})).toEqual(['serving.knative.dev/revisionUID']);
  expect(spec.ports?.map(({ name, port, targetPort }) => [name, port, targetPort])).toEqual([
    ['http', 80, 8012],
    ['https', 443, 8112],
    ['http-autometric', 9090, 'http-autometric'],
    ['http-usermetric', 9091, 'http-usermetric'],
    ['http-istio', 8012, 8012],
  ]);
  expect(metadata.labels).toMatchObject({ 'networking.internal.knative.dev/serviceType': 'Private' });
  expect(world.find(serverlessServiceKind, 'hello-00001').status).toMatchObject({
    serviceName: 'hello-00001',
    privateServiceName: 'hello-00001-private',
  });
});

test('it says whether there are ready pods, and since when activators stand in', async () => {
  const world = await createWorld(aServerlessService('hello-00001', 'Serve'));
  const said = () =>
    ['EndpointsPopulated', 'ActivatorEndpointsPopulated'].map((type) =>
      world.condition(serverlessServiceKind, 'hello-00001', type),
    );
  expect(said()).toMatchObject([
    { status: 'False', reason: 'NoHealthyBackends' },
    { status: 'True', severity: 'Info' },
  ]);

  await world.put(slice('!10.0.0.1'));
  expect(said()).toMatchObject([{ status: 'False' }, { status: 'True' }]);

  await world.put(slice('10.0.0.1'));
  expect(said()).toMatchObject([{ status: 'True' }, { status: 'False' }]);

  const before = said()[1]?.lastTransitionTime;
  await world.time.advanceAsync(5000);
  world.server.remove(endpointSlices, 'default/hello-00001-private-a');
  await world.rest();
  expect(said()).toMatchObject([{ status: 'False' }, { status: 'True' }]);
  expect(said()[1]?.lastTransitionTime).not.toBe(before);
});

test('it waits for the Deployment that it refers to', async () => {
  const world = new ControllerWorld();
  await world.start(aServerlessService('hello-00001', 'Proxy'));
  expect(world.has(coreServices, 'hello-00001-private')).toBe(false);

  await world.put(aService('hello'));
  expect(world.has(coreServices, 'hello-00001-private')).toBe(true);
});

test('others’ gateways find the way behind the public Service, which ours do without', async () => {
  const world = new ControllerWorld();
  await world.start<KubernetesObject>(aService('hello'), complete(activatorSlice(['10.9.0.1'])));
  await world.put<KubernetesObject>(aServerlessService('hello-00001', 'Proxy'), slice('10.0.0.1'));
  await world.bringUp('hello-00001');
  const ingressClass = (name: string) => world.put(aService('hello', { metadata: { annotations: { 'networking.knative.dev/ingress-class': name } } }));
  const behind = () => world.server.list(endpointSlices).filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'hello-00001').flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses));
  expect([world.has(coreServices, 'hello-00001'), behind()]).toEqual([false, []]);

  await ingressClass('kourier.ingress.networking.knative.dev');
  expect(world.find(coreServices, 'hello-00001').spec.selector).toBeUndefined();
  expect(behind()).toEqual(['10.9.0.1']);
  await world.put(complete(activatorSlice(['10.9.0.1', '10.9.0.2'])));
  expect(behind()).toEqual(['10.9.0.1', '10.9.0.2']);

  await world.put({ ...world.find(serverlessServiceKind, 'hello-00001'), spec: aServerlessService('hello-00001', 'Serve').spec });
  expect(behind()).toEqual(['10.0.0.1']);
  await world.put(slice('10.0.0.1', '10.0.0.2'));
  expect(behind()).toEqual(['10.0.0.1', '10.0.0.2']);

  await ingressClass('sluice.ingress.networking.knative.dev');
  expect([world.has(coreServices, 'hello-00001'), behind()]).toEqual([false, []]);
});

test('it says when the public Service’s name is somebody else’s', async () => {
  const world = await createWorld(aServerlessService('hello-00001', 'Proxy'));
  await world.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'hello-00001', namespace: 'default' }, spec: {} } as CoreService);
  await world.bringUp('hello-00001');
  expect(world.condition(serverlessServiceKind, 'hello-00001', 'EndpointsPopulated')).toMatchObject({ reason: 'NoHealthyBackends' });
  await world.put(aService('hello', { metadata: { annotations: { 'networking.knative.dev/ingress-class': 'kourier.ingress.networking.knative.dev' } } }));
  expect(world.condition(routeKind, 'hello', 'IngressReady')).toMatchObject({ status: 'Unknown' });
  expect(world.condition(serverlessServiceKind, 'hello-00001', 'EndpointsPopulated')).toMatchObject({
    status: 'False',
    reason: 'NotOwned',
    message: 'There is an existing Service "hello-00001" that we do not own.',
  });
});
