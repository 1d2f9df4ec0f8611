import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts';
import { configMaps, deployments, namespaces, pods } from './builtin-kinds.ts';
import { KubernetesClient } from './client.ts';
import type { ConfigMap } from './objects/cluster.ts';
import type { Deployment } from './objects/workload.ts';
import { resourcePath } from './resource-kind.ts';
import { FakeApiServer, PushedBody } from './testing/index.ts';
import type { ApiRequest } from './transport.ts';

const reference = { namespace: 'n', name: 'a' };
const configMap: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: reference, data: { x: '1' } };
const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: reference,
  spec: { replicas: 2, selector: {}, template: { spec: { containers: [] } } },
};

function createWorld() {
  const server = new FakeApiServer({ kinds: [configMaps, deployments], clock: new SimulatedTime() });
  return { server, client: new KubernetesClient({ transport: server, fieldManager: 'tester' }) };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('paths', () => {
  test('of groups, namespaces, names and subresources', () => {
    expect(resourcePath(pods)).toBe('/api/v1/pods');
    expect(resourcePath(pods, { namespace: 'n', name: 'a', subresource: 'log' })).toBe(
      '/api/v1/namespaces/n/pods/a/log',
    );
    expect(resourcePath(deployments, { namespace: 'n' })).toBe('/apis/apps/v1/namespaces/n/deployments');
    expect(resourcePath(namespaces, { namespace: 'ignored', name: 'n' })).toBe('/api/v1/namespaces/n');
  });
});

describe('the verbs', () => {
  test('create, find and delete', async () => {
    const { client } = createWorld();
    const resource = client.resource(configMaps);
    const created = await resource.create(configMap);
    expect(created.metadata).toMatchObject({
      generation: 1,
      uid: expect.any(String),
      resourceVersion: expect.any(String),
    });
    expect(isAlreadyExists(await failure(resource.create(configMap)))).toBe(true);

    await resource.delete(reference);
    expect(await resource.find(reference)).toBeUndefined();
    expect(isNotFound(await failure(resource.get(reference)))).toBe(true);
    await expect(resource.delete(reference)).resolves.toBeUndefined();
  });

  test('update only what nobody has changed since', async () => {
    const { client } = createWorld();
    const resource = client.resource(configMaps);
    const first = await resource.create(configMap);
    await resource.update({ ...first, data: { x: '2' } });

    expect(isConflict(await failure(resource.update({ ...first, data: { x: '3' } })))).toBe(true);
    expect((await resource.get(reference)).data).toEqual({ x: '2' });
  });

  test('a status is written apart from the rest', async () => {
    const { client } = createWorld();
    const resource = client.resource(deployments);
    const created = await resource.create({ ...deployment, status: { replicas: 9 } });
    expect(created.status).toBeUndefined();

    await resource.updateStatus({ ...created, spec: { ...created.spec, replicas: 7 }, status: { replicas: 1 } });
    await resource.patchStatus(reference, { readyReplicas: 1 });
    const found = await resource.get(reference);
    expect(found).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 1, readyReplicas: 1 } });
    expect(found.metadata.generation).toBe(1);
  });

  test('scale without touching anything else', async () => {
    const { client } = createWorld();
    const resource = client.resource(deployments);
    await resource.create(deployment);

    expect((await resource.getScale(reference)).spec).toEqual({ replicas: 2 });
    expect((await resource.setScale(reference, 5)).spec).toEqual({ replicas: 5 });
    expect((await resource.get(reference)).spec).toEqual({ ...deployment.spec, replicas: 5 });
  });

  test.each([
    ['merge', { type: 'merge', body: { data: { x: null, y: '2' } } }],
    [
      'JSON',
      {
        type: 'json',
        operations: [
          { op: 'remove', path: '/data/x' },
          { op: 'add', path: '/data/y', value: '2' },
        ],
      },
    ],
  ] as const)('patch by %s', async (_, patch) => {
    const { client } = createWorld();
    await client.resource(configMaps).create(configMap);
    expect((await client.resource(configMaps).patch(reference, patch)).data).toEqual({ y: '2' });
  });

  test('apply creates, and says who and how', async () => {
    const { server, client } = createWorld();
    await client.resource(configMaps).apply(configMap);
    await client
      .resource(configMaps)
      .apply({ ...configMap, data: { x: '2' } }, { force: false, fieldManager: 'other' });

    expect(server.find(configMaps, 'n/a')?.data).toEqual({ x: '2' });
    expect(server.requests).toEqual([
      'PATCH /api/v1/namespaces/n/configmaps/a?fieldManager=tester&force=true',
      'PATCH /api/v1/namespaces/n/configmaps/a?fieldManager=other&force=false',
    ]);
  });

  test('list by label, with kind and version on each item', async () => {
    const { server, client } = createWorld();
    const named = (name: string, labels: Record<string, string>): ConfigMap => ({
      ...configMap,
      metadata: { ...reference, name, labels },
    });
    server.put(named('a', { app: 'x' }), named('b', { app: 'y' }), named('c', {}));
    const list = await client.resource(configMaps).list({ namespace: 'n', labelSelector: 'app=x' });

    expect(list.items.map(({ metadata, kind, apiVersion }) => [metadata.name, kind, apiVersion])).toEqual([
      ['a', 'ConfigMap', 'v1'],
    ]);
  });
});

test('logs are asked for by container and come as text', async () => {
  const sent: ApiRequest[] = [];
  const client = new KubernetesClient({
    fieldManager: 'tester',
    transport: {
      send: async (request) => {
        sent.push(request);
        const body = new PushedBody();
        body.push('first\nsec');
        body.push('ond\n');
        body.end();
        return { status: 200, headers: {}, body };
      },
    },
  });

  expect(await client.logs({ namespace: 'n', pod: 'p', container: 'c', tailLines: 10, previous: true })).toBe(
    'first\nsecond\n',
  );
  expect(sent[0]?.path).toBe('/api/v1/namespaces/n/pods/p/log?container=c&tailLines=10&previous=true');
});

test('an answer that is no Status is quoted', async () => {
  const body = new PushedBody();
  body.push('<html>bad gateway</html>');
  body.end();
  const client = new KubernetesClient({
    fieldManager: 'tester',
    transport: { send: async () => ({ status: 502, headers: {}, body }) },
  });

  await expect(client.resource(pods).get(reference)).rejects.toMatchObject({
    code: 'kubernetes-internal-error',
    message: 'GET /api/v1/namespaces/n/pods/a: answered 502 <html>bad gateway</html>',
  });
});
