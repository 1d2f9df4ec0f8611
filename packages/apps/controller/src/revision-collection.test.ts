import { configMaps, events, type ConfigMap } from '@sluice/kubernetes';
import { revisionKind, serviceKind } from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { describe, expect, test } from 'vitest';
import { ControllerWorld } from './testing/index.ts';

const hourMs = 3_600_000;

function gcMap(data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-gc', namespace: 'sluice-system' }, data };
}

/** Three generations, of which the last has the traffic. */
async function threeRevisions(data: Record<string, string>): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  await world.start(gcMap(data));
  for (const image of ['a', 'b', 'c']) {
    const service = aService('hello', { spec: { containers: [{ image }] } });
    const stored = world.has(serviceKind, 'hello') ? world.find(serviceKind, 'hello') : service;
    await world.put({ ...stored, spec: service.spec });
    const names = world.names(revisionKind);
    await world.bringUp((names.at(-1) ?? '').replace('default/', ''));
  }
  return world;
}

describe('revisions that nobody uses', () => {
  test('go when their time has come, and not before', async () => {
    const world = await threeRevisions({ 'min-non-active-revisions': '0' });
    await world.time.advanceAsync(47 * hourMs);
    expect(world.names(revisionKind)).toHaveLength(3);
    await world.time.advanceAsync(2 * hourMs);
    expect(world.names(revisionKind)).toEqual(['default/hello-00003']);
  });

  test('stay where the cluster keeps some', async () => {
    const world = await threeRevisions({ 'min-non-active-revisions': '1' });
    await world.time.advanceAsync(49 * hourMs);
    expect(world.names(revisionKind)).toEqual(['default/hello-00002', 'default/hello-00003']);
  });

  test('go at once when the cluster keeps fewer from now on', async () => {
    const world = await threeRevisions({});
    expect(world.names(revisionKind)).toHaveLength(3);
    const [map] = world.server.list(configMaps).filter(({ metadata }) => metadata.name === 'config-gc');
    await world.put({ ...(map as ConfigMap), data: { 'min-non-active-revisions': '0', 'max-non-active-revisions': '0' } });
    expect(world.names(revisionKind)).toEqual(['default/hello-00003']);
  });

  test('stay as they are while the rules cannot be read', async () => {
    const world = await threeRevisions({});
    const [map] = world.server.list(configMaps).filter(({ metadata }) => metadata.name === 'config-gc');
    await world.put({ ...(map as ConfigMap), data: { 'min-non-active-revisions': '0', 'max-non-active-revisions': 'none' } });
    expect(world.names(revisionKind)).toHaveLength(3);
    const [event] = world.server.list(events).filter(({ involvedObject }) => involvedObject.name === 'config-gc');
    expect(event).toMatchObject({ type: 'Warning', reason: 'Refused' });
    expect(event?.message).toBe('data.max-non-active-revisions: invalid value: none, want a whole number of at least 0');
  });
});
