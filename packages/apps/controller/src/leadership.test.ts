/** Two controllers of one cluster: one works, and the other takes over where it left off. */
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { KubernetesClient, leases, type ConfigMap } from '@sluice/kubernetes';
import { configurationKind, routeKind, serviceKind } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { expect, test } from 'vitest';
import { composeServingController, type ServingController } from './compose.ts';
import { ControllerWorld } from './testing/index.ts';

/** A further replica in the world of the first. */
function join(world: ControllerWorld, identity: string): ServingController {
  return composeServingController({
    client: new KubernetesClient({ transport: world.server, fieldManager: identity }),
    configService: '127.0.0.1:18000',
    systemNamespace: 'sluice-system',
    identity,
    clock: world.time,
    timers: world.time,
    random: createSeededRandom(2),
    logger: new RecordingLogger(),
    meter: createMeter(),
  });
}

const times: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config-leader-election', namespace: 'sluice-system' },
  data: { 'lease-duration': '15s', 'renew-deadline': '10s', 'retry-period': '2s' },
};

const holder = (world: ControllerWorld) => world.server.find(leases, 'sluice-system/sluice-controller')?.spec?.holderIdentity;

test('the second waits, and takes over at once when the first hands over', async () => {
  const world = new ControllerWorld({ identity: 'first' });
  await world.start(times);
  expect(world.server.find(leases, 'sluice-system/sluice-controller')?.spec).toMatchObject({ holderIdentity: 'first', leaseDurationSeconds: 15 });
  const second = join(world, 'second');
  const started = second.start();
  await world.rest();
  await started;
  expect(second.hasSynced).toBe(true);
  await world.put(aService('hello'));
  expect(world.has(configurationKind, 'hello')).toBe(true);

  const stopped = world.controller.stop();
  await world.rest();
  await stopped;
  await world.time.advanceAsync(3_000);
  expect(holder(world)).toBe('second');
  await world.put(aService('other'));
  expect(world.has(routeKind, 'other')).toBe(true);
  // What was there before is its business too.
  await world.put({ ...world.find(serviceKind, 'hello'), metadata: { ...world.find(serviceKind, 'hello').metadata, labels: { tier: 'front' } } });
  expect(world.find(configurationKind, 'hello').metadata.labels).toMatchObject({ tier: 'front' });
  const ended = second.stop();
  await world.rest();
  await ended;
});

test('nothing is done twice, and what came while nobody led is done by who leads next', async () => {
  const world = new ControllerWorld({ identity: 'first' });
  // Somebody who is gone holds the lease still.
  const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, acquireTime: '2026-01-01T00:00:00.000000Z', renewTime: '2026-01-01T00:00:00.000000Z', leaseTransitions: 0 };
  await world.start<ConfigMap>(times, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace: 'sluice-system', name: 'sluice-controller' }, spec } as never);
  await world.put(aService('hello'));
  expect(world.has(configurationKind, 'hello')).toBe(false);
  await world.time.advanceAsync(20_000);
  expect(holder(world)).toBe('first');
  await world.rest();
  expect(world.has(configurationKind, 'hello')).toBe(true);
  expect(world.has(routeKind, 'hello')).toBe(true);
});
