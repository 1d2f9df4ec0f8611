import { deployments, events, services as coreServices, type KubernetesObject } from '@sluice/kubernetes';
import { configurationKind, podAutoscalerKind, revisionKind, routeKind, serviceKind } from '@sluice/serving';
import { aRoute, aService } from '@sluice/serving/testing';
import { describe, expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

async function createWorld(): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start();
  return world;
}

describe('from a Service to its pods', () => {
  test('a new Service gets all that is beneath it, in one go', async () => {
    const world = await createWorld();
    await world.put(aService('hello', { spec: { containerConcurrency: 10 } }));

    expect(world.find(configurationKind, 'hello').spec).toEqual({
      template: { spec: { containers: [{ image: 'example/hello' }], containerConcurrency: 10 } },
    });
    expect(world.find(routeKind, 'hello').spec.traffic).toEqual([
      { configurationName: 'hello', latestRevision: true, percent: 100 },
    ]);
    expect(world.find(revisionKind, 'hello-00001').spec).toMatchObject({
      containerConcurrency: 10,
      timeoutSeconds: 300,
    });
    expect(world.find(deployments, 'hello-00001-deployment').spec).toMatchObject({
      replicas: 1,
      template: { spec: { containers: [{ name: 'user-container' }, { name: 'queue-proxy' }] } },
    });
    expect(world.find(podAutoscalerKind, 'hello-00001').spec).toMatchObject({
      containerConcurrency: 10,
      scaleTargetRef: { kind: 'Deployment', name: 'hello-00001-deployment' },
    });
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'Unknown' });
  });

  test('it becomes ready with its revision, and says where it is', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');

    expect(world.condition(revisionKind, 'hello-00001', 'Ready')).toMatchObject({ status: 'True' });
    expect(world.find(serviceKind, 'hello').status).toMatchObject({
      observedGeneration: 1,
      latestCreatedRevisionName: 'hello-00001',
      latestReadyRevisionName: 'hello-00001',
      url: 'http://hello.default.example.com',
      address: { url: 'http://hello.default.svc.cluster.local' },
      traffic: [{ revisionName: 'hello-00001', latestRevision: true, percent: 100 }],
    });
    for (const type of ['Ready', 'ConfigurationsReady', 'RoutesReady']) {
      expect(world.condition(serviceKind, 'hello', type)).toMatchObject({ status: 'True' });
    }
  });

  test('it stays ready while it sleeps', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');
    await world.putToSleep('hello-00001');

    expect(world.condition(revisionKind, 'hello-00001', 'Active')).toMatchObject({
      status: 'False',
      reason: 'NoTraffic',
      severity: 'Info',
    });
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
  });

  test('at rest nothing is written, however often it is looked at', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');
    await world.rest();
    world.server.writes.length = 0;
    world.server.cutWatches();
    world.server.compact();
    await world.time.advanceAsync(60_000);

    expect(world.server.writes).toEqual([]);
  });

  test('a changed template makes a second revision, which takes over when it is ready', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');
    await world.put(aService('hello', { spec: { containers: [{ image: 'example/hello:2' }] } }));

    expect(world.find(routeKind, 'hello').status?.traffic).toMatchObject([
      { revisionName: 'hello-00001', percent: 100 },
    ]);
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'Unknown' });

    await world.bringUp('hello-00002');
    expect(world.find(serviceKind, 'hello').status).toMatchObject({
      latestReadyRevisionName: 'hello-00002',
      traffic: [{ revisionName: 'hello-00002', percent: 100 }],
    });
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
  });

  test('the revision that lost its traffic goes into reserve and counts as unreachable', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');
    expect(world.find(podAutoscalerKind, 'hello-00001').spec.reachability).toBe('Reachable');

    await world.put(aService('hello', { spec: { containers: [{ image: 'example/hello:2' }] } }));
    await world.bringUp('hello-00002');

    expect(world.find(revisionKind, 'hello-00001').metadata).toMatchObject({
      labels: { 'serving.knative.dev/routingState': 'reserve' },
      annotations: { 'serving.knative.dev/routingStateModified': expect.stringMatching(/^2026-01-01T00:00:\d\dZ$/) },
    });
    expect(world.find(revisionKind, 'hello-00001').metadata.annotations).not.toHaveProperty(
      'serving.knative.dev/routes',
    );
    expect(world.find(revisionKind, 'hello-00002').metadata.annotations).toMatchObject({
      'serving.knative.dev/routes': 'hello',
    });
    expect(world.find(podAutoscalerKind, 'hello-00001').spec.reachability).toBe('Unreachable');
    expect(world.find(podAutoscalerKind, 'hello-00002').spec.reachability).toBe('Reachable');
  });

  test('traffic is split between two revisions, and a tag has its own URL', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');
    await world.put(
      aService('hello', {
        spec: { containers: [{ image: 'example/hello:2' }] },
        traffic: [
          { revisionName: 'hello-00001', percent: 90 },
          { latestRevision: true, percent: 10, tag: 'canary' },
        ],
      }),
    );
    await world.bringUp('hello-00002');

    expect(world.find(serviceKind, 'hello').status?.traffic).toEqual([
      { revisionName: 'hello-00001', latestRevision: false, percent: 90 },
      {
        revisionName: 'hello-00002',
        latestRevision: true,
        percent: 10,
        tag: 'canary',
        url: 'http://canary-hello.default.example.com',
      },
    ]);
    expect(world.find(podAutoscalerKind, 'hello-00001').spec.reachability).toBe('Reachable');
  });

  test('what is removed from the Service is removed below, and what others wrote there stays', async () => {
    const world = await createWorld();
    await world.put(
      aService('hello', { metadata: { labels: { 'networking.knative.dev/visibility': 'cluster-local' } } }),
    );
    await world.bringUp('hello-00001');
    expect(world.find(routeKind, 'hello').status?.url).toBe('http://hello.default.svc.cluster.local');

    await world.put(aService('hello'));
    expect(world.find(routeKind, 'hello').status?.url).toBe('http://hello.default.example.com');
    expect(world.find(configurationKind, 'hello').metadata.annotations).toMatchObject({
      'serving.knative.dev/routes': 'hello',
    });
  });

  test('the autoscaler keeps the number of pods when the deployment is made anew', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    const deployment = world.find(deployments, 'hello-00001-deployment');
    await world.put({ ...deployment, spec: { ...deployment.spec, replicas: 7 } });
    await world.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config-deployment', namespace: 'sluice-system' },
      data: { 'queue-sidecar-image': 'another/queue' },
    });

    const { spec } = world.find(deployments, 'hello-00001-deployment');
    expect(spec.replicas).toBe(7);
    expect(spec.template.spec.containers[1]?.image).toBe('another/queue');
  });

  test('with the Service goes everything beneath', async () => {
    const world = await createWorld();
    await world.put(aService('hello'));
    await world.bringUp('hello-00001');
    world.server.remove(serviceKind, 'default/hello');
    await world.rest();

    for (const kind of [serviceKind, configurationKind, routeKind, revisionKind, podAutoscalerKind, deployments]) {
      expect(world.names(kind)).toEqual([]);
    }
    expect(world.logger.events.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('controllers that begin again on what is there write nothing', async () => {
    const before = await createWorld();
    await before.put(aService('hello', { traffic: [{ latestRevision: true, percent: 100, tag: 'now' }] }));
    await before.bringUp('hello-00001');
    await before.putToSleep('hello-00001');

    const after = new ControllerWorld();
    for (const kind of [serviceKind, configurationKind, routeKind, revisionKind, podAutoscalerKind, deployments, coreServices]) {
      after.server.put(...before.server.list<KubernetesObject>(kind));
    }
    await after.start();
    await after.time.advanceAsync(60_000);

    expect(after.server.writes).toEqual([]);
  });

  test('a route that went while nobody watched lets its revisions go', async () => {
    const before = await createWorld();
    await before.put(aService('hello'));
    await before.bringUp('hello-00001');
    const revision = before.find(revisionKind, 'hello-00001');
    expect(revision.metadata.annotations).toMatchObject({ 'serving.knative.dev/routes': 'hello' });

    const after = new ControllerWorld();
    await after.start({ ...revision, metadata: { ...revision.metadata, ownerReferences: [] } });

    expect(after.find(revisionKind, 'hello-00001').metadata.labels).toMatchObject({
      'serving.knative.dev/routingState': 'reserve',
    });
  });

  test('a route of its own may follow several Configurations', async () => {
    const world = await createWorld();
    await world.put(aService('one'), aService('two'));
    await world.bringUp('one-00001');
    await world.put(
      aRoute('both', [
        { configurationName: 'one', percent: 50 },
        { configurationName: 'two', percent: 50 },
      ]),
    );
    expect(world.condition(routeKind, 'both', 'AllTrafficAssigned')).toMatchObject({
      status: 'Unknown',
      reason: 'RevisionMissing',
    });

    await world.bringUp('two-00001');
    expect(world.find(routeKind, 'both').status).toMatchObject({
      url: 'http://both.default.example.com',
      traffic: [
        { revisionName: 'one-00001', percent: 50 },
        { revisionName: 'two-00001', percent: 50 },
      ],
    });
    expect(world.find(revisionKind, 'one-00001').metadata.annotations).toMatchObject({
      'serving.knative.dev/routes': 'both,one',
    });

    world.server.remove(routeKind, 'default/both');
    await world.rest();
    expect(world.find(revisionKind, 'one-00001').metadata).toMatchObject({
      labels: { 'serving.knative.dev/routingState': 'active' },
      annotations: { 'serving.knative.dev/routes': 'one' },
    });
  });

  test('writes that meet another writer, or a server in trouble, are made again', async () => {
    const world = await createWorld();
    world.server.fail(
      ...Array.from({ length: 6 }, (_, index) =>
        index % 2 === 0 ? { status: 409, reason: 'Conflict' } : { status: 500 },
      ),
    );
    await world.put(aService('hello'));
    await world.time.advanceAsync(5000);

    expect(world.has(deployments, 'hello-00001-deployment')).toBe(true);
    expect(world.controller.isIdle).toBe(true);
  });

  test('a Configuration that belongs to nobody is left alone, and the Service says so', async () => {
    const world = await createWorld();
    const { template } = aService('hello').spec;
    await world.put({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Configuration',
      metadata: { name: 'hello', namespace: 'default' },
      spec: { template },
    });
    await world.put(aService('hello'));

    expect(world.find(configurationKind, 'hello').metadata.ownerReferences).toBeUndefined();
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'NotOwned',
      message: 'There is an existing Configuration "hello" that we do not own.',
    });
  });

  test('a named template is taken once: another program under the same name is refused', async () => {
    const world = await createWorld();
    await world.put(aService('hello', { template: { name: 'hello-first' } }));
    await world.bringUp('hello-first');
    await world.put(
      aService('hello', { template: { name: 'hello-first' }, spec: { containers: [{ image: 'example/other' }] } }),
    );

    expect(world.condition(configurationKind, 'hello', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'RevisionFailed',
    });
    expect(world.find(routeKind, 'hello').status?.traffic).toMatchObject([{ revisionName: 'hello-first' }]);
    expect(world.server.list(events).map((event) => event.reason)).toContain('RevisionFailed');
  });
});
