/** The controllers of serving against the embedded API server: real kinds, real ownership, real garbage collection. */
import { readdirSync, readFileSync } from 'node:fs';
import { composeServingController } from '@sluice/controller';
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import {
  customResourceDefinitions,
  deployments,
  KubernetesClient,
  services as coreServices,
  type CustomResourceDefinition,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import { createApiServer, createInProcessTransport, createMemoryStorage } from '@sluice/local';
import {
  configurationKind,
  podAutoscalerKind,
  revisionKind,
  routeKind,
  serverlessServiceKind,
  serviceKind,
} from '@sluice/serving';
import { aServerlessService, aService } from '@sluice/serving/testing';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const definitions = new URL('../../../charts/sluice-crds/templates/', import.meta.url);
const reference = { namespace: 'default', name: 'hello' };
const kinds: readonly ResourceKind[] = [
  serviceKind,
  configurationKind,
  routeKind,
  revisionKind,
  podAutoscalerKind,
  serverlessServiceKind,
  deployments,
];

async function createWorld() {
  const time = new SimulatedTime();
  const base = { clock: time, timers: time, random: createSeededRandom(1), logger: new RecordingLogger() };
  const server = createApiServer({ ...base, storage: createMemoryStorage() });
  const client = (fieldManager: string) =>
    new KubernetesClient({ transport: createInProcessTransport(server), fieldManager });
  const user = client('user');
  for (const file of readdirSync(definitions)) {
    const definition = parse(readFileSync(new URL(file, definitions), 'utf8')) as CustomResourceDefinition;
    await user.resource(customResourceDefinitions).create(definition);
  }
  const controller = composeServingController({
    ...base,
    client: client('sluice-controller'),
    configService: '127.0.0.1:18000',
    systemNamespace: 'sluice-system',
    meter: createMeter(),
  });
  const started = controller.start();
  await time.advanceAsync(100);
  await started;
  return { time, user, controller, logger: base.logger };
}

type World = Awaited<ReturnType<typeof createWorld>>;

/** `kind/name@version` of everything there is. */
async function everything({ user }: World): Promise<string[]> {
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await user.resource<KubernetesObject>(kind).list({ namespace: 'default' });
      return items.map(({ metadata }) => `${kind.kind}/${metadata.name}@${metadata.resourceVersion}`);
    }),
  );
  return found.flat();
}

test('a Service becomes a Deployment, and then nothing is written any more', async () => {
  const world = await createWorld();
  await world.user.resource(serviceKind).create(aService('hello', { spec: { containerConcurrency: 10 } }));
  await world.user.resource(serverlessServiceKind).create(aServerlessService('hello-00001', 'Proxy'));
  await world.time.advanceAsync(1000);

  const atRest = await everything(world);
  expect(atRest.map((line) => line.split('@')[0]).sort()).toEqual([
    'Configuration/hello',
    'Deployment/hello-00001-deployment',
    'PodAutoscaler/hello-00001',
    'Revision/hello-00001',
    'Route/hello',
    'ServerlessService/hello-00001',
    'Service/hello',
  ]);
  const privateService = await world.user
    .resource(coreServices)
    .get({ namespace: 'default', name: 'hello-00001-private' });
  expect(privateService.spec.selector).toHaveProperty(['serving.knative.dev/revisionUID']);

  // Long enough for watches to be renewed and everything to be looked at again.
  await world.time.advanceAsync(20 * 60_000);
  expect(await everything(world)).toEqual(atRest);
  expect(world.logger.events.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
});

test('a changed Service makes the next revision, by patch as by apply', async () => {
  const world = await createWorld();
  const resource = world.user.resource(serviceKind);
  await resource.apply(aService('hello'));
  await world.time.advanceAsync(1000);
  await resource.patch(reference, {
    type: 'merge',
    body: { spec: { template: { spec: { containerConcurrency: 3 } } } },
  });
  await world.time.advanceAsync(1000);
  await resource.apply(aService('hello', { spec: { containerConcurrency: 4 } }));
  await world.time.advanceAsync(1000);

  const { items } = await world.user.resource(revisionKind).list({ namespace: 'default' });
  expect(items.map(({ metadata, spec }) => [metadata.name, spec.containerConcurrency])).toEqual([
    ['hello-00001', 0],
    ['hello-00002', 3],
    ['hello-00003', 4],
  ]);
  expect((await resource.get(reference)).status?.latestCreatedRevisionName).toBe('hello-00003');
});

test('the scale of a Deployment is not taken back', async () => {
  const world = await createWorld();
  await world.user.resource(serviceKind).create(aService('hello'));
  await world.time.advanceAsync(1000);
  const deployment = { namespace: 'default', name: 'hello-00001-deployment' };
  await world.user.resource(deployments).setScale(deployment, 0);
  await world.time.advanceAsync(60_000);

  expect((await world.user.resource(deployments).get(deployment)).spec.replicas).toBe(0);
});

test('with the Service goes everything beneath it', async () => {
  const world = await createWorld();
  await world.user.resource(serviceKind).create(aService('hello'));
  await world.time.advanceAsync(1000);
  expect(await everything(world)).toHaveLength(6);

  await world.user.resource(serviceKind).delete(reference);
  await world.time.advanceAsync(1000);
  expect(await everything(world)).toEqual([]);
  expect(world.logger.events.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
});
