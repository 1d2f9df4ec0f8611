import { configMaps, type ConfigMap } from '@sluice/kubernetes';
import { revisionKind, routeKind, serviceKind, type TrafficTarget } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { describe, expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

const annotations = { 'serving.knative.dev/rollout-duration': '100s' };

async function deploy(world: ControllerWorld, image: string, metadata: object = {}, traffic?: readonly TrafficTarget[]): Promise<void> {
  const { spec, metadata: made } = aService('hello', { spec: { containers: [{ image }] }, metadata, ...(traffic ? { traffic } : {}) });
  const stored = world.has(serviceKind, 'hello') ? world.find(serviceKind, 'hello') : undefined;
  await world.put({ ...aService('hello'), ...stored, metadata: { ...stored?.metadata, ...made }, spec });
}

function shares(world: ControllerWorld): string {
  const traffic = world.find(routeKind, 'hello').status?.traffic ?? [];
  return traffic.map(({ revisionName = '', percent }) => `${revisionName.slice(-1)}:${percent}`).join(' ');
}

async function created(metadata: object = { annotations }): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start();
  await deploy(world, 'a', metadata);
  await world.bringUp('hello-00001');
  return world;
}

describe('a new revision takes over', () => {
  test('step by step over the duration, while the route says that it is under way', async () => {
    const world = await created();
    expect(shares(world)).toBe('1:100');
    await deploy(world, 'b');
    expect(shares(world)).toBe('1:100');
    await world.bringUp('hello-00002');
    expect(shares(world)).toBe('1:99 2:1');
    expect(world.condition(routeKind, 'hello', 'IngressReady')).toMatchObject({ status: 'Unknown', reason: 'RolloutInProgress' });
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'Unknown', reason: 'RolloutInProgress' });
    const seen: number[] = [];
    for (let second = 0; second < 110; second += 10) {
      await world.time.advanceAsync(10_000);
      await world.rest();
      const traffic = world.find(routeKind, 'hello').status?.traffic ?? [];
      expect(traffic.reduce((sum, { percent = 0 }) => sum + percent, 0)).toBe(100);
      seen.push(traffic.find(({ revisionName }) => revisionName === 'hello-00002')?.percent ?? 0);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen[4]).toBeGreaterThan(40);
    expect(seen[4]).toBeLessThan(60);
    expect(shares(world)).toBe('2:100');
    expect(world.condition(serviceKind, 'hello', 'Ready')).toMatchObject({ status: 'True' });
  });

  test('and the one before it is in use until it has nothing left', async () => {
    const world = await created();
    await deploy(world, 'b');
    await world.bringUp('hello-00002');
    const state = () => world.find(revisionKind, 'hello-00001').metadata.labels?.['serving.knative.dev/routingState'];
    expect(state()).toBe('active');
    await world.time.advanceAsync(120_000);
    await world.rest();
    expect([shares(world), state()]).toEqual(['2:100', 'reserve']);
  });

  test('from where a restarted controller finds it', async () => {
    const world = await created();
    await deploy(world, 'b');
    await world.bringUp('hello-00002');
    await world.time.advanceAsync(30_000);
    await world.rest();
    const before = shares(world);
    const next = new ControllerWorld();
    const kinds = [serviceKind, routeKind, revisionKind] as const;
    await next.start(...kinds.flatMap((kind) => world.server.list<ReturnType<typeof world.find>>(kind as typeof serviceKind)));
    expect(before).toMatch(/^1:\d+ 2:\d+$/);
    expect(Number(/2:(\d+)/.exec(shares(next))?.[1])).toBeGreaterThanOrEqual(Number(/2:(\d+)/.exec(before)?.[1]));
  });

  test('at once where nobody asks for a rollout, and then no state is kept', async () => {
    const world = await created({});
    await deploy(world, 'b');
    await world.bringUp('hello-00002');
    expect(shares(world)).toBe('2:100');
    expect(world.find(routeKind, 'hello').status?.annotations).not.toHaveProperty(['networking.internal.knative.dev/rollout']);
  });

  test('over the duration of the cluster, which is followed as it is now', async () => {
    const world = new ControllerWorld();
    const map = (seconds: string): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config-network', namespace: 'sluice-system' },
      data: { 'rollout-duration': seconds },
    });
    await world.start(map('100'));
    await deploy(world, 'a');
    await world.bringUp('hello-00001');
    await deploy(world, 'b');
    await world.bringUp('hello-00002');
    expect(shares(world)).toBe('1:99 2:1');
    const stored = world.server.list(configMaps).find(({ metadata }) => metadata.name === 'config-network') as ConfigMap;
    await world.put({ ...stored, data: { 'rollout-duration': '0' } });
    expect(shares(world)).toBe('2:100');
  });
});

test('only what follows the latest revision rolls, and a tag with it', async () => {
  const world = await created();
  const traffic = [
    { revisionName: 'hello-00001', percent: 30 },
    { latestRevision: true, percent: 70, tag: 'beta' },
  ];
  await deploy(world, 'b', {}, traffic);
  await world.bringUp('hello-00002');
  await world.time.advanceAsync(120_000);
  await world.rest();
  await deploy(world, 'c', {}, traffic);
  await world.bringUp('hello-00003');
  const { traffic: told = [], annotations: notes = {} } = world.find(routeKind, 'hello').status ?? {};
  expect(told.map(({ revisionName, percent, tag = '' }) => [revisionName, percent, tag])).toEqual([
    ['hello-00001', 30, ''],
    ['hello-00002', 69, 'beta'],
    ['hello-00003', 1, 'beta'],
  ]);
  const { configurations } = JSON.parse(notes['networking.internal.knative.dev/rollout'] ?? '{}') as { configurations: { tag?: string; revisions: object[] }[] };
  expect(configurations.find(({ tag }) => tag === 'beta')?.revisions).toEqual([
    { revisionName: 'hello-00002', percent: 99 },
    { revisionName: 'hello-00003', percent: 1 },
  ]);
});
