import { afterEach, describe, expect, it } from 'vitest';
import { createTestApiServer, type TestAnswer, type TestApiServer } from '../../testing/test-api-server.ts';
import { hookConfiguration, startTestWebhook, type HookAnswer, type RawAnswer, type TestWebhook } from '../../testing/test-webhook.ts';
import type { JsonObject } from '../json.ts';
import { createHttpsWebhookCaller } from './https-webhook-caller.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';

const hooks: TestWebhook[] = [];
const servers: TestApiServer[] = [];
afterEach(async () => {
  for (const api of servers.splice(0)) api.server.stop();
  await Promise.all(hooks.splice(0).map((hook) => hook.close()));
});

function start(): TestApiServer {
  const api = createTestApiServer({ webhooks: createHttpsWebhookCaller() });
  servers.push(api);
  return api;
}

async function hook(answer: (request: JsonObject) => HookAnswer | RawAnswer | Promise<HookAnswer | RawAnswer> = () => {}): Promise<TestWebhook> {
  const started = await startTestWebhook(answer);
  hooks.push(started);
  return started;
}

async function configure(api: TestApiServer, configuration: JsonObject): Promise<TestAnswer> {
  const answer = await api.send('POST', `${CONFIGURATIONS}/${String(configuration['kind']).toLowerCase()}s`, configuration);
  expect(answer.status, answer.text).toBe(201);
  return answer;
}

const map = (name: string, more: JsonObject = {}): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data: { a: '1' } });
const create = (api: TestApiServer, name: string, more: JsonObject = {}) => api.send('POST', `${MAPS}?fieldManager=test`, map(name, more));

describe('a validating webhook', () => {
  it('is asked what is to be written, by whom, and how', async () => {
    const [api, asked] = [start(), await hook()];
    await configure(api, hookConfiguration('Validating', 'check', asked.clientConfig, { timeoutSeconds: 3 }));
    expect((await create(api, 'm')).status).toBe(201);
    expect(asked.paths).toEqual(['/?timeout=3s']);
    expect(asked.requests).toMatchObject([
      {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        name: 'm',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'sluice', groups: ['system:masters', 'system:authenticated'] },
        object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'm', namespace: 'default', managedFields: [{ manager: 'test' }] }, data: { a: '1' } },
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'test' },
      },
    ]);
  });

  it('sees what was there beside what is to come, and is told of dry runs', async () => {
    const [api, asked] = [start(), await hook()];
    await create(api, 'm');
    await configure(api, hookConfiguration('Validating', 'check', asked.clientConfig));
    await api.send('PATCH', `${MAPS}/m?dryRun=All`, { data: { a: '2' } });
    expect(asked.requests).toMatchObject([{ operation: 'UPDATE', dryRun: true, object: { data: { a: '2' } }, oldObject: { data: { a: '1' } }, options: { kind: 'UpdateOptions', dryRun: ['All'] } }]);
    expect((await api.send('GET', `${MAPS}/m`)).json['data']).toEqual({ a: '1' });
  });

  it('refuses with its reason, in the words of a cluster', async () => {
    const status = { code: 400, reason: 'BadRequest', message: 'validation failed: missing field(s): spec' };
    const [api, asked] = [start(), await hook(() => ({ allowed: false, status }))];
    await configure(api, hookConfiguration('Validating', 'check', asked.clientConfig));
    const answer = await create(api, 'm');
    expect(answer.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'admission webhook "check.example.com" denied the request: validation failed: missing field(s): spec',
      reason: 'BadRequest',
      code: 400,
    });
    expect((await api.send('GET', `${MAPS}/m`)).status).toBe(404);
  });

  it.each([
    [{}, 400, 'admission webhook "check.example.com" denied the request without explanation'],
    [{ reason: 'Because', code: 200 }, 400, 'admission webhook "check.example.com" denied the request: Because'],
    [{ message: 'no', code: 418 }, 418, 'admission webhook "check.example.com" denied the request: no'],
  ])('refuses although it says little: %j', async (status, code, message) => {
    const [api, asked] = [start(), await hook(() => ({ allowed: false, status }))];
    await configure(api, hookConfiguration('Validating', 'check', asked.clientConfig));
    expect((await create(api, 'm')).json).toMatchObject({ code, message });
  });

  it('warns the client', async () => {
    const [api, asked] = [start(), await hook(() => ({ warnings: ['old "field"', 'ünwise'] }))];
    await configure(api, hookConfiguration('Validating', 'check', asked.clientConfig));
    expect((await create(api, 'm')).headers['warning']).toBe('299 - "old \\"field\\"", 299 - "ünwise"');
  });

  it('is asked about deletions, where it wants to be', async () => {
    const [api, asked] = [start(), await hook(({ operation }) => ({ allowed: operation !== 'DELETE' }))];
    const rules = [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], operations: ['*'] }];
    await configure(api, hookConfiguration('Validating', 'check', asked.clientConfig, { rules }));
    await create(api, 'm');
    expect((await api.send('DELETE', `${MAPS}/m`)).status).toBe(400);
    expect((await api.send('DELETE', MAPS)).status).toBe(400);
    expect(asked.requests.slice(1)).toMatchObject(Array.from({ length: 2 }, () => ({ operation: 'DELETE', name: 'm', object: null, oldObject: { data: { a: '1' } } })));
    expect((await api.send('GET', `${MAPS}/m`)).status).toBe(200);
    // Its own configuration can always be taken away.
    expect((await api.send('DELETE', `${CONFIGURATIONS}/validatingwebhookconfigurations/check`)).status).toBe(200);
    expect((await api.send('DELETE', `${MAPS}/m`)).status).toBe(200);
  });

  it('may not change anything', async () => {
    const [api, asked] = [start(), await hook(() => ({ patch: [] }))];
    await configure(api, hookConfiguration('Validating', 'check', asked.clientConfig));
    expect((await create(api, 'm')).json['message']).toBe('Internal error occurred: failed calling webhook "check.example.com": received invalid webhook response: validating webhook may not return response.patch');
  });
});

describe('a mutating webhook', () => {
  it('changes what is written, without owning it', async () => {
    const patch = [{ op: 'add', path: '/data/b', value: '2' }];
    const [api, asked] = [start(), await hook(() => ({ patch }))];
    await configure(api, hookConfiguration('Mutating', 'fill', asked.clientConfig));
    const { json } = await create(api, 'm');
    expect(json).toMatchObject({ data: { a: '1', b: '2' }, metadata: { managedFields: [{ manager: 'test', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } } }] } });
  });

  it('does so for applied configurations and for changes, too', async () => {
    const [api, asked] = [start(), await hook(() => ({ patch: [{ op: 'add', path: '/data/b', value: '2' }] }))];
    await configure(api, hookConfiguration('Mutating', 'fill', asked.clientConfig));
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    expect((await api.send('PATCH', `${MAPS}/m?fieldManager=me`, map('m'), apply)).json).toMatchObject({ data: { a: '1', b: '2' } });
    expect((await api.send('PATCH', `${MAPS}/m?fieldManager=me`, { ...map('m'), data: { a: '3' } }, apply)).json).toMatchObject({ data: { a: '3', b: '2' } });
    expect((await api.send('PUT', `${MAPS}/m`, { ...map('m'), data: {} })).json).toMatchObject({ data: { b: '2' } });
    expect(asked.requests.map(({ operation }) => operation)).toEqual(['CREATE', 'UPDATE', 'UPDATE']);
  });

  it('makes whole what would be refused', async () => {
    const [api, asked] = [start(), await hook(() => ({ patch: [{ op: 'add', path: '/spec/containers', value: [{ name: 'c', image: 'a' }] }] }))];
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }];
    await configure(api, hookConfiguration('Mutating', 'fill', asked.clientConfig, { rules }));
    const { json } = await api.send('POST', '/api/v1/namespaces/default/pods', { metadata: { generateName: 'p-' }, spec: {} });
    // Completed again after it, and unnamed before it.
    expect(json).toMatchObject({ spec: { containers: [{ name: 'c', imagePullPolicy: 'Always' }] } });
    expect(asked.requests[0]).not.toHaveProperty('name');
  });

  it('comes before those that validate, in the order of names', async () => {
    const order: string[] = [];
    const said = (name: string) => hook(({ object }) => {
      order.push(`${name} ${Object.keys((object as JsonObject)['data'] as JsonObject).join('')}`);
      return name === 'v' ? {} : { patch: [{ op: 'add', path: `/data/${name}`, value: '' }] };
    });
    const api = start();
    const [z, v, b] = [await said('z'), await said('v'), await said('b')];
    await configure(api, hookConfiguration('Mutating', 'z', z.clientConfig));
    await configure(api, hookConfiguration('Validating', 'v', v.clientConfig));
    await configure(api, hookConfiguration('Mutating', 'b', b.clientConfig));
    await create(api, 'm');
    expect(order).toEqual(['b a', 'z ab', 'v abz']);
  });

  it('is asked again when another has changed the object, if it wants to be', async () => {
    const fill = (key: string) => hook(() => ({ patch: [{ op: 'add', path: `/data/${key}`, value: '' }] }));
    const api = start();
    const [first, never, last] = [await fill('x'), await fill('n'), await fill('y')];
    await configure(api, hookConfiguration('Mutating', 'a', first.clientConfig, { reinvocationPolicy: 'IfNeeded' }));
    await configure(api, hookConfiguration('Mutating', 'b', never.clientConfig));
    await configure(api, hookConfiguration('Mutating', 'c', last.clientConfig, { reinvocationPolicy: 'IfNeeded' }));
    await create(api, 'm');
    expect([first, never, last].map(({ requests }) => requests.length)).toEqual([2, 1, 1]);
  });

  it('that sends a patch that does not fit fails the write', async () => {
    const [api, asked] = [start(), await hook(() => ({ patch: [{ op: 'remove', path: '/data/none' }] }))];
    await configure(api, hookConfiguration('Mutating', 'fill', asked.clientConfig));
    expect(await create(api, 'm')).toMatchObject({ status: 500, json: { reason: 'InternalError' } });
  });
});

describe('a write that others overtake while a webhook thinks', () => {
  it('is tried anew when it names no version, and refused when it does', async () => {
    const api = start();
    await create(api, 'm');
    let isFirst = true;
    const slow = await hook(async ({ object }) => {
      if (((object as JsonObject)['data'] as JsonObject)['other'] !== undefined || !isFirst) return {};
      isFirst = false;
      await api.send('PATCH', `${MAPS}/m`, { data: { other: '1' } });
      return {};
    });
    await configure(api, hookConfiguration('Validating', 'check', slow.clientConfig));
    expect((await api.send('PATCH', `${MAPS}/m`, { data: { mine: '1' } })).json['data']).toEqual({ a: '1', other: '1', mine: '1' });
    const stale = (await api.send('GET', `${MAPS}/m`)).json;
    isFirst = true;
    await api.send('PATCH', `${MAPS}/m`, { data: { other: null } });
    const { status, json } = await api.send('PUT', `${MAPS}/m`, stale);
    expect([status, json['reason']]).toEqual([409, 'Conflict']);
  });
});

describe('webhooks that cannot be asked', () => {
  it.each([
    ['nobody listens', () => Promise.resolve('https://127.0.0.1:9/'), 'Post "https://127.0.0.1:9/?timeout=1s": dial tcp 127.0.0.1:9: connect: connection refused'],
    ['it cuts the connection', async () => (await hook(() => { throw new Error('cut'); })).url, 'EOF'],
    ['it takes too long', async () => (await hook(() => new Promise(() => {}))).url, 'context deadline exceeded'],
    ['it is not found', async () => (await hook(() => ({ code: 404, text: '' }))).url, 'failed to call webhook: the server could not find the requested resource'],
    ['it fails', async () => (await hook(() => ({ code: 500, text: 'oh' }))).url, 'failed to call webhook: an error on the server ("oh") has prevented the request from succeeding'],
    ['it says something else', async () => (await hook(() => ({ code: 200, text: '{"kind":"Pod"}' }))).url, 'received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=Pod'],
  ])('stop the write or let it pass, as configured: %s', async (_why, place, words) => {
    const api = start();
    const { clientConfig } = await hook();
    const config = { ...clientConfig, url: await place() };
    await configure(api, hookConfiguration('Validating', 'check', config, { timeoutSeconds: 1 }));
    const { status, json } = await create(api, 'm');
    expect([status, json['reason']]).toEqual([500, 'InternalError']);
    expect(json['message']).toMatch(/^Internal error occurred: failed calling webhook "check.example.com": /);
    expect(json['message']).toContain(words);
    const path = `${CONFIGURATIONS}/validatingwebhookconfigurations/check`;
    await api.send('PATCH', path, [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }], { 'content-type': 'application/json-patch+json' });
    expect((await create(api, 'm')).status).toBe(201);
  });

  it('are not believed without the authority that the configuration names', async () => {
    const [api, asked] = [start(), await hook()];
    await configure(api, hookConfiguration('Validating', 'check', { url: asked.url }));
    expect((await create(api, 'm')).json['message']).toContain('tls: failed to verify certificate: x509: certificate signed by unknown authority');
    expect(asked.requests).toEqual([]);
  });
});

describe('a webhook behind a Service', () => {
  it('is found by its EndpointSlice, under the name of the Service', async () => {
    const [api, asked] = [start(), await hook()];
    const { caBundle = '' } = asked.clientConfig;
    const service = { name: 'hook', namespace: 'default', path: '/check', port: 8443 };
    await configure(api, hookConfiguration('Validating', 'check', { service, caBundle }));
    const missing = (await create(api, 'm')).json['message'];
    expect(missing).toContain('Post "https://hook.default.svc:8443/check?timeout=10s": service "hook" not found');
    await api.send('POST', '/api/v1/namespaces/default/services', { metadata: { name: 'hook' }, spec: { ports: [{ name: 'https', port: 8443 }] } });
    expect((await create(api, 'm')).json['message']).toContain('no endpoints available for service "hook"');
    const slice = { addressType: 'IPv4', ports: [{ name: 'https', port: asked.port }], endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }] };
    await api.send('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', { metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } }, ...slice });
    expect((await create(api, 'm')).status).toBe(201);
    expect(asked.paths).toEqual(['/check?timeout=10s']);
  });
});

describe('a scale', () => {
  it('is shown as such, and may be changed', async () => {
    const [api, asked] = [start(), await hook(() => ({ patch: [{ op: 'replace', path: '/spec/replicas', value: 5 }] }))];
    const container = { name: 'c', image: 'a' };
    const spec = { selector: { matchLabels: { app: 'd' } }, template: { metadata: { labels: { app: 'd' } }, spec: { containers: [container] } } };
    const place = '/apis/apps/v1/namespaces/default/deployments';
    await api.send('POST', place, { metadata: { name: 'd' }, spec });
    const rules = [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments/scale'], operations: ['UPDATE'] }];
    await configure(api, hookConfiguration('Mutating', 'scale', asked.clientConfig, { rules }));
    expect((await api.send('PATCH', `${place}/d/scale`, { spec: { replicas: 3 } })).json).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    expect((await api.send('GET', `${place}/d`)).json).toMatchObject({ spec: { replicas: 5 } });
    expect(asked.requests).toMatchObject([{ kind: { group: 'autoscaling', kind: 'Scale' }, resource: { resource: 'deployments' }, subResource: 'scale', object: { spec: { replicas: 3 } }, oldObject: { spec: { replicas: 1 } } }]);
  });
});
