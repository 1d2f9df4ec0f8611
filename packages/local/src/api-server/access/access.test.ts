import { describe, expect, it } from 'vitest';
import { createTestApiServer, type TestApiServer } from '../../testing/test-api-server.ts';
import { objectAt, textAt, type JsonObject } from '../json.ts';
import type { AccessOptions } from './access.ts';
import type { Attributes } from './rules.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMIN = { authorization: 'Bearer admin' };

interface Heard {
  readonly who: string;
  readonly attributes: Attributes;
  readonly allowed: boolean;
}

/** A server that checks rights, with an administrator and a person who is nobody yet. */
function createGuarded(more: Partial<AccessOptions> = {}): { api: TestApiServer; heard: Heard[]; as: (token: string) => Record<string, string> } {
  const heard: Heard[] = [];
  const api = createTestApiServer({
    access: {
      mode: 'rbac',
      tokens: { admin: { username: 'root', groups: ['system:masters'] }, jane: { username: 'jane', groups: ['developers'] } },
      ...more,
      onDecision: ({ username }, attributes, { allowed }) => heard.push({ who: username, attributes, allowed }),
    },
  });
  return { api, heard, as: (token) => ({ authorization: `Bearer ${token}` }) };
}

const bind = (api: TestApiServer, name: string, rules: JsonObject[], subject: JsonObject, namespace = 'default') =>
  Promise.all([
    api.send('POST', `${RBAC}/namespaces/${namespace}/roles`, { metadata: { name }, rules }, ADMIN),
    api.send('POST', `${RBAC}/namespaces/${namespace}/rolebindings`, { metadata: { name }, roleRef: { kind: 'Role', name }, subjects: [subject] }, ADMIN),
  ]);

async function robotToken(api: TestApiServer, body: JsonObject = {}): Promise<string> {
  await api.send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } }, ADMIN);
  const made = await api.send('POST', '/api/v1/namespaces/default/serviceaccounts/robot/token', { spec: body }, ADMIN);
  expect(made.status).toBe(201);
  return textAt(objectAt(made.json, 'status'), 'token');
}

describe('a server that checks rights', () => {
  it('refuses whoever shows nothing or something false, and says as whom', async () => {
    const { api, as } = createGuarded();
    const nobody = await api.send('GET', '/api/v1/pods');
    expect([nobody.status, nobody.json['message']]).toEqual([403, 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope']);
    const liar = await api.send('GET', '/api/v1/pods', undefined, as('made up'));
    expect([liar.status, liar.json['reason'], liar.json['message']]).toEqual([401, 'Unauthorized', 'Unauthorized']);
    expect((await api.send('GET', '/healthz')).status).toBe(200);
    expect((await api.send('GET', '/metrics', undefined, as('jane'))).json['message']).toBe('forbidden: User "jane" cannot get path "/metrics"');
  });

  it('takes a list by a name for a question about that one', async () => {
    const { api, as } = createGuarded();
    await bind(api, 'own', [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['own'], verbs: ['list', 'watch'] }], { kind: 'Group', name: 'developers' });
    const ask = async (query: string) => (await api.send('GET', `/api/v1/namespaces/default/secrets${query}`, undefined, as('jane'))).status;
    expect(await ask('?fieldSelector=metadata.name%3Down')).toBe(200);
    expect(await ask('?fieldSelector=type%3DOpaque,metadata.name%3Down')).toBe(200);
    expect(await ask('?fieldSelector=metadata.name%3Dother')).toBe(403);
    expect(await ask('?fieldSelector=metadata.name!%3Down')).toBe(403);
    expect(await ask('')).toBe(403);
  });

  it('asks for the right to create of whoever applies what is not there', async () => {
    const { api, as } = createGuarded();
    const apply = async (name: string) => (await api.send('PATCH', `/api/v1/namespaces/default/configmaps/${name}?fieldManager=jane`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, { ...as('jane'), 'content-type': 'application/apply-patch+yaml' })).status;
    await bind(api, 'patcher', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }], { kind: 'Group', name: 'developers' });
    expect(await apply('a')).toBe(403);
    await bind(api, 'maker', [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['a'], verbs: ['create'] }], { kind: 'Group', name: 'developers' });
    expect([await apply('a'), await apply('a'), await apply('b')]).toEqual([201, 200, 403]);
  });

  it('guards owners where it is told to: what blocks their deletion is made by those who may update their finalizers', async () => {
    const make = async (guardsOwners: boolean, finalizers: boolean) => {
      const { api, as } = createGuarded({ guardsOwners });
      await api.send('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 'owner' } }, ADMIN);
      const rights = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }, ...(finalizers ? [{ apiGroups: [''], resources: ['secrets/finalizers'], verbs: ['update'] }] : [])];
      await bind(api, 'maker', rights, { kind: 'Group', name: 'developers' });
      const owner = (blockOwnerDeletion: boolean) => [{ apiVersion: 'v1', kind: 'Secret', name: 'owner', uid: 'u', blockOwnerDeletion }];
      const send = async (name: string, blocks: boolean) => (await api.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name, ownerReferences: owner(blocks) } }, as('jane'))).status;
      return [await send('a', true), await send('b', false)];
    };
    expect(await make(false, false)).toEqual([201, 201]);
    expect(await make(true, false)).toEqual([403, 201]);
    expect(await make(true, true)).toEqual([201, 201]);
  });

  it('lets people do what a role in their namespace allows, and nothing beside it', async () => {
    const { api, as } = createGuarded();
    await bind(api, 'reader', [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] }], { kind: 'Group', name: 'developers' });
    const ask = async (method: string, path: string) => (await api.send(method, path, method === 'POST' ? { metadata: { name: 'x' } } : undefined, as('jane'))).status;
    expect(await ask('GET', '/api/v1/namespaces/default/pods')).toBe(200);
    expect(await ask('GET', '/api/v1/namespaces/default/pods/none/log')).toBe(404);
    expect(await ask('GET', '/api/v1/namespaces/default/pods?watch=true')).toBe(403);
    expect(await ask('POST', '/api/v1/namespaces/default/pods')).toBe(403);
    expect(await ask('GET', '/api/v1/namespaces/kube-system/pods')).toBe(403);
    expect(await ask('GET', '/api/v1/pods')).toBe(403);
    expect(await ask('GET', '/api/v1/namespaces/default/secrets')).toBe(403);
  });

  it('knows objects by their names where a role names them', async () => {
    const { api, as } = createGuarded();
    await bind(api, 'one', [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['get', 'list', 'update'] }], { kind: 'User', name: 'jane' });
    const get = async (path: string) => (await api.send('GET', `/api/v1/namespaces/default/configmaps${path}`, undefined, as('jane'))).status;
    expect([await get('/mine'), await get('/other'), await get('')]).toEqual([404, 403, 403]);
  });

  it('knows service accounts by their tokens, until these or the accounts end', async () => {
    const { api, as } = createGuarded();
    const token = await robotToken(api);
    await bind(api, 'robots', [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['*'] }], { kind: 'ServiceAccount', name: 'robot', namespace: 'default' });
    const list = async () => (await api.send('GET', '/apis/apps/v1/namespaces/default/deployments', undefined, as(token))).status;
    expect(await list()).toBe(200);
    await api.time.advanceAsync(3_599_000);
    expect(await list()).toBe(200);
    await api.time.advanceAsync(1_000);
    expect(await list()).toBe(401);
    const another = await robotToken(api);
    await api.send('DELETE', '/api/v1/namespaces/default/serviceaccounts/robot', undefined, ADMIN);
    expect((await api.send('GET', '/api', undefined, as(another))).status).toBe(401);
  });

  it('takes a token for others only where others ask', async () => {
    const { api, as } = createGuarded();
    const token = await robotToken(api, { audiences: ['mesh'] });
    expect((await api.send('GET', '/api', undefined, as(token))).status).toBe(401);
    const review = async (spec: JsonObject) => objectAt((await api.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec }, ADMIN)).json, 'status');
    expect(await review({ token, audiences: ['mesh'] })).toMatchObject({ authenticated: true, audiences: ['mesh'], user: { username: 'system:serviceaccount:default:robot' } });
    expect(await review({ token, audiences: ['other'] })).toMatchObject({ error: '[invalid bearer token, token audiences ["mesh"] is invalid for the target audiences ["other"]]' });
    expect(await review({ token: 'made up' })).toEqual({ user: {}, error: 'invalid bearer token' });
  });

  it('lets somebody be another where a role allows that', async () => {
    const { api } = createGuarded();
    const whoAmI = async (headers: Record<string, string>) => (await api.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, headers)).json;
    expect(await whoAmI({ ...ADMIN, 'impersonate-user': 'jane', 'impersonate-group': 'developers' })).toMatchObject({
      status: { userInfo: { username: 'jane', groups: ['developers', 'system:authenticated'] } },
    });
    expect(await whoAmI({ authorization: 'Bearer jane', 'impersonate-user': 'root' })).toMatchObject({ code: 403, message: 'users "root" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope' });
  });

  it('tells each decision, so that a run can show what was denied', async () => {
    const { api, heard, as } = createGuarded();
    await api.send('GET', '/api/v1/namespaces/default/pods/x/log', undefined, as('jane'));
    expect(heard).toEqual([
      { who: 'jane', allowed: false, attributes: { kind: 'resource', verb: 'get', group: '', resource: 'pods', subresource: 'log', namespace: 'default', name: 'x' } },
    ]);
  });
});

describe('an open server', () => {
  it('lets everybody in, and still answers from the roles what others may do', async () => {
    const api = createTestApiServer();
    const review = async (user: string) => {
      const spec = { user, resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'default' } };
      return objectAt((await api.send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec })).json, 'status');
    };
    expect(await review('system:serviceaccount:default:robot')).toEqual({ allowed: false });
    await bind(api, 'reader', [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }], { kind: 'ServiceAccount', name: 'robot', namespace: 'default' });
    expect(await review('system:serviceaccount:default:robot')).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to ServiceAccount "robot/default"',
    });
    const own = await api.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } } });
    expect(own.json['status']).toEqual({ allowed: true });
  });
});
