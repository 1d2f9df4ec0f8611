import { describe, expect, it } from 'vitest';
import { createTestApiServer, type TestApiServer } from '../../testing/test-api-server.ts';
import { objectAt, textAt, type JsonObject } from '../json.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

async function make(api: TestApiServer, name: string, owners: readonly JsonObject[] = [], more: JsonObject = {}): Promise<JsonObject> {
  const answer = await api.send('POST', MAPS, { metadata: { name, ownerReferences: [...owners], ...more } });
  expect(answer.status).toBe(201);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name,
    uid: textAt(objectAt(answer.json, 'metadata'), 'uid'),
    controller: owners.length === 0,
    blockOwnerDeletion: true,
  };
}

const exists = async (api: TestApiServer, name: string): Promise<boolean> => (await api.send('GET', `${MAPS}/${name}`)).status === 200;
const settle = (api: TestApiServer): Promise<void> => api.time.advanceAsync(100);

describe('dependents', () => {
  it('go after their owner, all the way down', async () => {
    const api = createTestApiServer();
    const a = await make(api, 'a');
    const b = await make(api, 'b', [a]);
    await make(api, 'c', [b]);
    await settle(api);
    await api.send('DELETE', `${MAPS}/a`, { propagationPolicy: 'Background' });
    expect([await exists(api, 'a'), await exists(api, 'b')]).toEqual([false, true]);
    await settle(api);
    expect([await exists(api, 'b'), await exists(api, 'c')]).toEqual([false, false]);
  });

  it('stay while another owner is left, and lose only the reference', async () => {
    const api = createTestApiServer();
    const a = await make(api, 'a');
    const b = await make(api, 'b');
    await make(api, 'c', [a, b]);
    await api.send('DELETE', `${MAPS}/a`);
    await settle(api);
    const left = await api.send('GET', `${MAPS}/c`);
    expect(objectAt(left.json, 'metadata')['ownerReferences']).toMatchObject([{ name: 'b' }]);
  });

  it('go first in the foreground, and hold their owner with their finalizers', async () => {
    const api = createTestApiServer();
    const a = await make(api, 'a');
    await make(api, 'b', [a], { finalizers: ['example.com/hold'] });
    const deleted = await api.send('DELETE', `${MAPS}/a`, { propagationPolicy: 'Foreground' });
    expect(objectAt(deleted.json, 'metadata')).toMatchObject({ finalizers: ['foregroundDeletion'], deletionTimestamp: '2026-01-01T00:00:00Z' });
    await settle(api);
    expect([await exists(api, 'a'), await exists(api, 'b')]).toEqual([true, true]);

    await api.send('PATCH', `${MAPS}/b`, { metadata: { finalizers: null } });
    await settle(api);
    expect([await exists(api, 'a'), await exists(api, 'b')]).toEqual([false, false]);
  });

  it('are set free when orphaned', async () => {
    const api = createTestApiServer();
    const a = await make(api, 'a');
    await make(api, 'b', [a]);
    await api.send('DELETE', `${MAPS}/a`, { propagationPolicy: 'Orphan' });
    await settle(api);
    expect(await exists(api, 'a')).toBe(false);
    const free = await api.send('GET', `${MAPS}/b`);
    expect(objectAt(free.json, 'metadata')['ownerReferences']).toBeUndefined();
  });

  it('of an owner that never was go too; one of the same name does not count', async () => {
    const api = createTestApiServer();
    const a = await make(api, 'a');
    await make(api, 'b', [{ ...a, uid: 'another' }]);
    await settle(api);
    expect([await exists(api, 'a'), await exists(api, 'b')]).toEqual([true, false]);
  });

  it('are collected by the next server when this one was stopped in between', async () => {
    const storage = createMemoryStorage();
    const first = createTestApiServer({ storage });
    const a = await make(first, 'a');
    await make(first, 'b', [a]);
    await settle(first);
    await first.send('DELETE', `${MAPS}/a`);
    first.server.stop();

    const second = createTestApiServer({ storage });
    await settle(second);
    expect(await exists(second, 'b')).toBe(false);
  });
});

describe('a deleted namespace', () => {
  it('is emptied, takes nothing new, and goes when nothing is left', async () => {
    const api = createTestApiServer();
    await api.send('POST', '/api/v1/namespaces', { metadata: { name: 'demo' } });
    await api.send('POST', '/api/v1/namespaces/demo/configmaps', { metadata: { name: 'plain' } });
    await api.send('POST', '/api/v1/namespaces/demo/configmaps', { metadata: { name: 'held', finalizers: ['example.com/h'] } });
    const deleted = await api.send('DELETE', '/api/v1/namespaces/demo');
    expect(deleted.json).toMatchObject({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Terminating' } });
    await settle(api);

    expect((await api.send('GET', '/api/v1/namespaces/demo/configmaps/plain')).status).toBe(404);
    const refused = await api.send('POST', '/api/v1/namespaces/demo/configmaps', { metadata: { name: 'late' } });
    expect(refused.json).toMatchObject({
      code: 403,
      message: 'configmaps "late" is forbidden: unable to create new content in namespace demo because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });

    await api.send('PATCH', '/api/v1/namespaces/demo/configmaps/held', { metadata: { finalizers: null } });
    await settle(api);
    expect((await api.send('GET', '/api/v1/namespaces/demo')).status).toBe(404);
  });
});

describe('a namespace that somebody holds', () => {
  it('stays, without being written over and over', async () => {
    const api = createTestApiServer();
    await api.send('POST', '/api/v1/namespaces', { metadata: { name: 'demo', finalizers: ['example.com/h'] } });
    await api.send('DELETE', '/api/v1/namespaces/demo');
    await settle(api);
    const held = await api.send('GET', '/api/v1/namespaces/demo');
    expect(held.json['spec']).toEqual({});
    await settle(api);
    expect((await api.send('GET', '/api/v1/namespaces/demo')).text).toBe(held.text);
    await api.send('PATCH', '/api/v1/namespaces/demo', { metadata: { finalizers: null } });
    expect((await api.send('GET', '/api/v1/namespaces/demo')).status).toBe(404);
  });
});

describe('a definition', () => {
  const definition = (name: string, kind: string): JsonObject => ({
    metadata: { name: `${name}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind, plural: name },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
        { name: 'v1beta1', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
      ],
    },
  });
  const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

  it('serves its kind at once, in every version, and again after a restart', async () => {
    const storage = createMemoryStorage();
    const first = createTestApiServer({ storage });
    await first.send('POST', DEFINITIONS, definition('things', 'Thing'));
    const made = await first.send('POST', '/apis/example.com/v1beta1/namespaces/default/things', { metadata: { name: 't' }, spec: { a: 1 } });
    expect(made.json).toMatchObject({ apiVersion: 'example.com/v1beta1', kind: 'Thing', spec: { a: 1 } });
    first.server.stop();

    const second = createTestApiServer({ storage });
    const found = await second.send('GET', '/apis/example.com/v1/namespaces/default/things/t');
    expect(found.json).toMatchObject({ apiVersion: 'example.com/v1', spec: { a: 1 } });
  });

  it('whose kind is taken is not accepted, and does not disturb the other', async () => {
    const api = createTestApiServer();
    await api.send('POST', DEFINITIONS, definition('things', 'Thing'));
    await api.send('POST', DEFINITIONS, definition('items', 'Thing'));
    await settle(api);
    const second = await api.send('GET', `${DEFINITIONS}/items.example.com`);
    expect(objectAt(second.json, 'status')['conditions']).toMatchObject([{ type: 'NamesAccepted', status: 'False' }, { type: 'Established', status: 'False' }]);
    expect((await api.send('GET', '/apis/example.com/v1/things')).status).toBe(200);
    expect((await api.send('GET', '/apis/example.com/v1/items')).status).toBe(404);
  });

  it('waits for objects that are held', async () => {
    const api = createTestApiServer();
    await api.send('POST', DEFINITIONS, definition('things', 'Thing'));
    await api.send('POST', '/apis/example.com/v1/namespaces/default/things', { metadata: { name: 't', finalizers: ['example.com/h'] } });
    await settle(api);
    await api.send('DELETE', `${DEFINITIONS}/things.example.com`);
    await settle(api);
    expect((await api.send('GET', `${DEFINITIONS}/things.example.com`)).status).toBe(200);
    await api.send('PATCH', '/apis/example.com/v1/namespaces/default/things/t', { metadata: { finalizers: null } });
    await settle(api);
    expect((await api.send('GET', `${DEFINITIONS}/things.example.com`)).status).toBe(404);
    expect(api.logger.events).toEqual([]);
  });
});
