import { deployments, events, type Deployment } from '@sluice/kubernetes';
import { configurationKind, podAutoscalerKind, revisionKind, routeKind, serviceKind } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { describe, expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

async function createWorld(): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start();
  await world.put(aService('hello'));
  return world;
}

describe('failures surface on the object that caused them', () => {
  test('a program that exits: code and last lines, up to the Service', async () => {
    const world = await createWorld();
    await world.put(
      world.pod('hello-00001', {
        containerStatuses: [
          {
            name: 'user-container',
            ready: false,
            restartCount: 1,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 3, message: 'Error: no database\n    at start\n' } },
          },
        ],
      }),
    );

    const message = 'Container failed with exit code 3 (user-container): Error: no database\n    at start';
    expect(world.condition(revisionKind, 'hello-00001', 'ContainerHealthy')).toMatchObject({
      status: 'False',
      reason: 'ExitCode3',
      message,
    });
    expect(world.condition(revisionKind, 'hello-00001', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ExitCode3',
      message,
    });
    expect(world.condition(configurationKind, 'hello', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'RevisionFailed',
      message: `Revision "hello-00001" failed with message: ${message}.`,
    });
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'False', reason: 'RevisionFailed' });
    expect(world.find(podAutoscalerKind, 'hello-00001').spec.reachability).toBe('Unreachable');
    expect(world.server.list(events)).toContainEqual(
      expect.objectContaining({ type: 'Warning', reason: 'ExitCode3', message }),
    );
  });

  test('a program that listens elsewhere: where, and where it should', async () => {
    const world = await createWorld();
    await world.put(
      world.pod('hello-00001', {
        conditions: [
          {
            type: 'local.sluice.dev/ListensOnPort',
            status: 'False',
            reason: 'WrongPort',
            message: 'listens on 3000, PORT is 8080',
          },
        ],
      }),
    );

    expect(world.condition(revisionKind, 'hello-00001', 'ContainerHealthy')).toMatchObject({
      status: 'False',
      reason: 'WrongPort',
      message: 'listens on 3000, PORT is 8080',
    });
  });

  test('an image that cannot be run: what the kubelet says of it', async () => {
    const world = await createWorld();
    await world.put(
      world.pod('hello-00001', {
        containerStatuses: [
          {
            name: 'user-container',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ImageWithoutCommand', message: 'set a command' } },
          },
        ],
      }),
    );

    expect(world.condition(revisionKind, 'hello-00001', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ImageWithoutCommand',
      message: 'set a command',
    });
  });

  test('a container that is only being made is no failure', async () => {
    const world = await createWorld();
    await world.put(
      world.pod('hello-00001', {
        containerStatuses: [
          {
            name: 'user-container',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ContainerCreating' } },
          },
        ],
      }),
    );

    expect(world.condition(revisionKind, 'hello-00001', 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'Deploying',
    });
  });

  test('a deployment that makes no progress', async () => {
    const world = await createWorld();
    const deployment = world.find<Deployment>(deployments, 'hello-00001-deployment');
    const condition = {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'it timed out',
    } as const;
    await world.put({ ...deployment, status: { conditions: [condition] } } as Deployment);

    expect(world.condition(revisionKind, 'hello-00001', 'ResourcesAvailable')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'it timed out',
    });
  });

  test('what went wrong stays told after the pods have been taken away', async () => {
    const world = await createWorld();
    const pod = world.pod('hello-00001', {
      containerStatuses: [
        { name: 'user-container', ready: false, restartCount: 1, state: { terminated: { exitCode: 1 } } },
      ],
    });
    await world.put(pod);
    const deployment = world.find<Deployment>(deployments, 'hello-00001-deployment');
    await world.put({ ...deployment, spec: { ...deployment.spec, replicas: 0 } });

    expect(world.condition(revisionKind, 'hello-00001', 'ContainerHealthy')).toMatchObject({
      status: 'False',
      message: 'Container failed with exit code 1 (user-container): it wrote nothing',
    });
  });

  test('and is forgotten once it has come up after all', async () => {
    const world = await createWorld();
    await world.put(
      world.pod('hello-00001', {
        containerStatuses: [
          { name: 'user-container', ready: false, restartCount: 1, state: { terminated: { exitCode: 1 } } },
        ],
      }),
    );
    await world.bringUp('hello-00001');

    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
  });

  test('a failing new revision leaves the old one serving', async () => {
    const world = await createWorld();
    await world.bringUp('hello-00001');
    await world.put(aService('hello', { spec: { containers: [{ image: 'example/broken' }] } }));
    await world.put(
      world.pod('hello-00002', {
        containerStatuses: [
          {
            name: 'user-container',
            ready: false,
            restartCount: 1,
            state: { terminated: { exitCode: 1, message: 'boom' } },
          },
        ],
      }),
    );

    expect(world.condition(serviceKind, 'hello', 'ConfigurationsReady')).toMatchObject({
      status: 'False',
      reason: 'RevisionFailed',
    });
    expect(world.condition(serviceKind, 'hello', 'RoutesReady')).toMatchObject({ status: 'True' });
    expect(world.find(serviceKind, 'hello').status).toMatchObject({
      latestCreatedRevisionName: 'hello-00002',
      latestReadyRevisionName: 'hello-00001',
      traffic: [{ revisionName: 'hello-00001', percent: 100 }],
    });
    expect(world.find(podAutoscalerKind, 'hello-00001').spec.reachability).toBe('Reachable');
  });

  test('an invalid spec is refused with all reasons, and what ran before runs on', async () => {
    const world = await createWorld();
    await world.bringUp('hello-00001');
    await world.put(
      aService('hello', {
        spec: { containerConcurrency: -1, timeoutSeconds: 9999 },
        traffic: [{ latestRevision: true, percent: 90 }],
      }),
    );

    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'InvalidSpec',
      message: [
        'Traffic targets sum to 90, want 100: spec.traffic',
        'expected 0 <= -1 <= 1000: spec.template.spec.containerConcurrency',
        'expected 0 <= 9999 <= 600: spec.template.spec.timeoutSeconds',
      ].join('\n'),
    });
    expect(world.condition(serviceKind, 'hello', 'RoutesReady')).toMatchObject({ status: 'True' });
    expect(world.names(revisionKind)).toEqual(['default/hello-00001']);
    expect(world.find(serviceKind, 'hello').status?.traffic).toMatchObject([{ revisionName: 'hello-00001' }]);
  });

  test.each([
    ['Service', serviceKind],
    ['Configuration', configurationKind],
    ['Route', routeKind],
    ['Revision', revisionKind],
  ])('a %s without any spec is told what is missing', async (kind, descriptor) => {
    const world = await createWorld();
    await world.put({ apiVersion: 'serving.knative.dev/v1', kind, metadata: { name: 'empty', namespace: 'default' } });

    const missing = kind === 'Route' ? 'Traffic targets sum to 0, want 100: spec.traffic' : 'missing field(s): spec.';
    expect(world.condition(descriptor, 'empty', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'InvalidSpec',
      message: expect.stringContaining(missing),
    });
    expect(world.logger.events.filter(({ event }) => event === 'reconcile failed')).toEqual([]);
  });

  test('a rule that changes does not stop a revision that runs', async () => {
    const world = await createWorld();
    await world.put(aService('slow', { spec: { timeoutSeconds: 500 } }));
    await world.bringUp('slow-00001');
    await world.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config-defaults', namespace: 'sluice-system' },
      data: { 'max-revision-timeout-seconds': '400' },
    });

    expect(world.condition(revisionKind, 'slow-00001', 'Ready')).toMatchObject({ status: 'True' });
    expect(world.find(routeKind, 'slow').status?.traffic).toMatchObject([{ revisionName: 'slow-00001', percent: 100 }]);
  });

  test('scaling annotations are checked by the rules of the autoscaler', async () => {
    const world = await createWorld();
    await world.put(aService('other', { template: { annotations: { 'autoscaling.knative.dev/window': '1s' } } }));

    expect(world.condition(serviceKind, 'other', 'Ready')).toMatchObject({
      status: 'False',
      message: 'expected 6s <= 1s <= 1h0m0s: spec.template.metadata.annotations.autoscaling.knative.dev/window',
    });
  });

  test('traffic for a revision that is not there: the route says which', async () => {
    const world = await createWorld();
    await world.bringUp('hello-00001');
    await world.put(aService('hello', { traffic: [{ revisionName: 'hello-00009', percent: 100 }] }));

    expect(world.condition(routeKind, 'hello', 'AllTrafficAssigned')).toMatchObject({
      status: 'False',
      reason: 'RevisionMissing',
      message: 'Revision "hello-00009" referenced in traffic not found.',
    });
    expect(world.find(routeKind, 'hello').status?.traffic).toMatchObject([{ revisionName: 'hello-00001' }]);
    expect(world.find(podAutoscalerKind, 'hello-00001').spec.reachability).toBe('Reachable');
  });

  test('a bad ConfigMap is refused as a whole and the last good one stays', async () => {
    const world = await createWorld();
    await world.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config-defaults', namespace: 'sluice-system' },
      data: { 'revision-timeout-seconds': 'soon', 'container-concurrency': '5' },
    });
    await world.put(aService('other'));

    expect(world.find(revisionKind, 'other-00001').spec).toMatchObject({
      timeoutSeconds: 300,
      containerConcurrency: 0,
    });
    expect(world.logger.events).toContainEqual(
      expect.objectContaining({
        event: 'config refused',
        fields: expect.objectContaining({
          problems: ['data.revision-timeout-seconds: invalid value: soon, want a whole number of at least 0'],
        }),
      }),
    );
  });
});

test('a Configuration that is slow to come is waited for, not missed', async () => {
  const world = new ControllerWorld();
  await world.start();
  world.server.fail({ status: 500 });
  await world.put(aService('hello'));

  expect(world.names(routeKind)).toEqual(['default/hello']);
  expect(world.server.list(events).filter(({ type }) => type === 'Warning')).toEqual([]);
});
