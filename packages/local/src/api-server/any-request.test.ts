import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestApiServer, type TestApiServer } from '../testing/test-api-server.ts';
import type { JsonObject } from './json.ts';

const CONTAINERS = [{ name: 'c', image: 'x', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] }];
/** Objects that exist before the requests, by their collection; requests are variations of them. */
const OBJECTS: Readonly<Record<string, JsonObject>> = {
  '/api/v1/namespaces/default/pods': { spec: { containers: CONTAINERS } },
  '/api/v1/namespaces/default/services': { spec: { ports: [{ port: 80 }], selector: { a: 'b' } } },
  '/api/v1/namespaces/default/configmaps': { data: { a: '1' } },
  '/api/v1/namespaces/default/secrets': { stringData: { a: '1' } },
  '/api/v1/namespaces': {},
  '/apis/apps/v1/namespaces/default/deployments': {
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: CONTAINERS } } },
  },
  '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices': { addressType: 'IPv4', endpoints: [{ addresses: ['127.1.1.1'] }], ports: [{ port: 80 }] },
  '/apis/events.k8s.io/v1/namespaces/default/events': { reason: 'X', regarding: { kind: 'Pod', name: 'p' } },
  '/apis/example.com/v1/namespaces/default/things': { spec: { size: 1, list: [{ name: 'a' }] } },
};
const DEFINITION: JsonObject = {
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Thing', plural: 'things' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  size: { type: 'integer', default: 1 },
                  list: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', properties: { name: { type: 'string' } } } },
                  open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
};
const PATCH_TYPES = ['merge-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'json-patch+json', 'apply-patch+yaml', 'nonsense'];
const ACCEPTS = ['', '', '', 'application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'text/html'];

/** Names that mean something, so that values land in places that are read. */
const key = fc.constantFrom('name', 'labels', 'a', 'template', 'spec', 'containers', 'env', 'replicas', 'size', 'list', 'open', 'selector', 'matchLabels', 'ports', 'port', 'protocol', 'conditions', 'type', '$patch', '__proto__');
const scalar = fc.oneof(fc.constantFrom('x', 'a', 'b', 'delete', 'replace', 'NodePort', ''), fc.integer({ min: -1, max: 99 }), fc.boolean(), fc.constant(null), fc.string());
const json = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'medium' }, scalar, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(key, tie('value'), { maxKeys: 4 })),
})).value;
const metadata = fc.record(
  {
    labels: fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof({ weight: 9, arbitrary: fc.constantFrom('1', '2') }, { weight: 1, arbitrary: json })),
    finalizers: fc.array(fc.constantFrom('example.com/x', 'foregroundDeletion', 'orphan'), { maxLength: 2 }),
    ownerReferences: fc.array(fc.constant({ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'nobody' }), { maxLength: 1 }),
    managedFields: fc.oneof(fc.constant([]), json),
  },
  { requiredKeys: [] },
);
const plausible = fc.record(
  {
    replicas: fc.integer({ min: 0, max: 3 }),
    size: fc.integer({ min: 0, max: 3 }),
    open: json,
    list: fc.array(fc.record({ name: fc.constantFrom('a', 'b') }), { maxLength: 2 }),
    ports: fc.array(fc.record({ name: fc.constantFrom('a', 'b'), port: fc.integer({ min: 1, max: 99 }) }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const part = fc.oneof({ weight: 4, arbitrary: plausible }, { weight: 1, arbitrary: json });
const data = fc.oneof({ weight: 4, arbitrary: fc.dictionary(fc.constantFrom('a', 'b'), fc.constant('MQ==')) }, { weight: 1, arbitrary: json });
const change = fc.record({ metadata, spec: part, status: part, data }, { requiredKeys: [] });
const operations = fc.array(
  fc.record({ op: fc.constantFrom('add', 'replace', 'remove', 'test'), path: fc.constantFrom('/metadata/labels', '/spec', '/spec/replicas', '/spec/ports/0', '/status', '/data/a', '/metadata/finalizers'), value: json }),
  { minLength: 1, maxLength: 3 },
);
const reading = fc.dictionary(
  fc.constantFrom('labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'includeObject', 'dryRun', 'fieldValidation'),
  fc.oneof(fc.string(), fc.constantFrom('a=b', 'a in (b', '1', '0', 'true', 'x')),
  { maxKeys: 2 },
);
const writing = fc.record(
  { fieldManager: fc.constantFrom('m', 'n'), force: fc.constantFrom('true', 'false'), dryRun: fc.constant('All'), propagationPolicy: fc.constantFrom('Foreground', 'Orphan', 'Background') },
  { requiredKeys: [] },
);
const query = fc.oneof({ weight: 1, arbitrary: reading }, { weight: 3, arbitrary: writing });
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'PATCH', 'PATCH', 'DELETE', 'HEAD'),
  collection: fc.constantFrom(...Object.keys(OBJECTS)),
  part: fc.constantFrom('', '/x', '/x', '/x', '/x/status', '/x/scale', '/new'),
  query,
  patchType: fc.constantFrom(...PATCH_TYPES),
  accept: fc.constantFrom(...ACCEPTS),
  change,
  operations,
  junk: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.oneof(fc.string(), fc.uint8Array({ maxLength: 40 })) }),
});
type AnyRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

function bodyOf(one: AnyRequest, contentType: string): string | Uint8Array {
  if (one.junk !== null) return one.junk;
  if (contentType.includes('json-patch')) return JSON.stringify(one.operations);
  if (one.method === 'PATCH' && !contentType.includes('apply')) return JSON.stringify(one.change);
  const name = one.part.startsWith('/x') ? 'x' : 'new';
  const base = OBJECTS[one.collection] ?? {};
  return JSON.stringify({ ...base, ...one.change, metadata: { name, ...one.change.metadata } });
}

async function createFilledServer(): Promise<TestApiServer> {
  const api = createTestApiServer();
  await api.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', DEFINITION);
  for (const [path, object] of Object.entries(OBJECTS)) {
    expect((await api.send('POST', path, { metadata: { name: 'x' }, ...object })).status).toBe(201);
  }
  return api;
}

describe('any sequence of requests', () => {
  it('is answered, none through a fault of the server, and every watch sees what a list would show', async () => {
    let successes = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 8, maxLength: 20 }), async (requests) => {
        const api = await createFilledServer();
        const watches = await Promise.all(Object.keys(OBJECTS).map((path) => api.watch(`${path}?watch=true`)));
        for (const one of requests) {
          const search = new URLSearchParams({ ...one.query });
          const type = one.method === 'PATCH' ? `application/${one.patchType}` : 'application/json';
          const headers = { 'content-type': type, accept: one.accept };
          const answer = api.server.handle({ method: one.method, path: `${one.collection}${one.part}?${search}`, headers, body: bodyOf(one, type) });
          // A list at a version of the future waits three seconds.
          await api.time.advanceAsync(search.has('resourceVersion') ? 3001 : 1);
          if ((await answer).status < 300 && one.method !== 'GET') successes += 1;
        }
        await api.time.advanceAsync(100);
        expect(api.logger.events).toEqual([]);
        for (const [index, path] of Object.keys(OBJECTS).entries()) {
          const seen = new Map<string, unknown>();
          for (const event of watches[index]?.events ?? []) {
            const object = event['object'] as { metadata: { name: string } };
            if (event['type'] === 'DELETED') seen.delete(object.metadata.name);
            else seen.set(object.metadata.name, object.metadata);
          }
          const { items } = (await api.send('GET', path)).json as { items?: { metadata: { name: string } }[] };
          const listed = new Map((items ?? []).map((item) => [item.metadata.name, item.metadata]));
          for (const [name, one] of listed) if (seen.has(name) || path !== '/api/v1/namespaces') expect(seen.get(name)).toEqual(one);
          expect([...seen.keys()].filter((name) => !listed.has(name))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
    // Or the variations have lost touch with what the server accepts.
    expect(successes).toBeGreaterThan(50);
  });
});
