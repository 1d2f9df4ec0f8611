import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { configMaps } from './builtin-kinds.ts';
import { KubernetesClient } from './client.ts';
import { addFinalizer, hasFinalizer, isBeingDeleted, removeFinalizer } from './finalizers.ts';
import type { ConfigMap } from './objects/cluster.ts';
import { FakeApiServer } from './testing/index.ts';

const finalizer = 'test.sluice.dev/outside';

function createWorld(metadata: object = {}) {
  const server = new FakeApiServer({ kinds: [configMaps], clock: new SimulatedTime() });
  server.put<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n', ...metadata } });
  const resource = new KubernetesClient({ transport: server, fieldManager: 'test' }).resource(configMaps);
  const present = () => server.find(configMaps, 'n/a');
  return { server, resource, present };
}

test('a finalizer is put there once, beside those of others', async () => {
  const { server, resource, present } = createWorld({ finalizers: ['other.dev/x'] });
  const marked = await addFinalizer(resource, present() as ConfigMap, finalizer);
  expect(marked && hasFinalizer(marked, finalizer)).toBe(true);
  expect(present()?.metadata.finalizers).toEqual(['other.dev/x', finalizer]);
  server.writes.length = 0;
  await addFinalizer(resource, present() as ConfigMap, finalizer);
  expect(server.writes).toEqual([]);
});

test('nothing is begun for what is going already', async () => {
  const { server, resource, present } = createWorld({ finalizers: ['other.dev/x'], deletionTimestamp: '2026-01-01T00:00:00Z' });
  expect(isBeingDeleted(present() as ConfigMap)).toBe(true);
  expect(await addFinalizer(resource, present() as ConfigMap, finalizer)).toBeUndefined();
  expect(server.writes).toEqual([]);
});

test('an old copy is no reason to undo what another has written meanwhile', async () => {
  const { server, resource, present } = createWorld();
  const old = present() as ConfigMap;
  server.put<ConfigMap>({ ...old, metadata: { ...old.metadata, finalizers: ['other.dev/late'] } });
  await addFinalizer(resource, old, finalizer);
  expect(present()?.metadata.finalizers).toEqual(['other.dev/late', finalizer]);
});

test('taking the last one away leaves none, and what has gone needs none', async () => {
  const { server, resource, present } = createWorld({ finalizers: [finalizer] });
  const marked = present() as ConfigMap;
  const freed = await removeFinalizer(resource, marked, finalizer);
  expect(freed?.metadata.finalizers ?? []).toEqual([]);
  server.remove(configMaps, 'n/a');
  expect(await removeFinalizer(resource, marked, finalizer)).toBeUndefined();
});
