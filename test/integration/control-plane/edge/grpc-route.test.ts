/** GRPCRoutes: which method goes where, over HTTP/2 on both sides. */
import { grpcRouteKind, type GrpcRoute } from '@sluice/serving';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { aGateway, aGrpcRoute, edgeKinds, gatewayClass, http, to } from './edge-objects.ts';
import { EdgeWorld, type Answer } from './edge-world.ts';

let world: EdgeWorld;
beforeAll(async () => {
  world = await new EdgeWorld({ kinds: edgeKinds, configServer: { gatewayAddresses: ['127.0.0.1'] } }).start();
  world.put(gatewayClass, aGateway('edge', [http()]));
  // Whatever their ports are called: a GRPCRoute's backends speak HTTP/2.
  for (const name of ['one', 'two', 'three']) await world.backend(name, { protocol: 'h2' });
});
afterAll(() => world?.stop());

const call = (host: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  world.ask(host, path, { protocol: 'h2', method: 'POST', headers: { 'content-type': 'application/grpc', te: 'trailers', ...headers }, body: 'x' });

async function declare(name: string, rules: NonNullable<GrpcRoute['spec']['rules']>): Promise<Readonly<Record<string, string>>> {
  world.put(aGrpcRoute(name, rules));
  return eventually(async () => {
    const { status } = await world.client.resource(grpcRouteKind).get({ namespace: 'default', name });
    const conditions = status?.parents?.[0]?.conditions ?? [];
    expect(conditions).not.toEqual([]);
    return Object.fromEntries(conditions.map(({ type, status: state, reason }) => [type, `${state} ${reason}`]));
  });
}

test('a method by service and name, by either alone, and any', async () => {
  await declare('methods', [
    { backendRefs: [to('three')] },
    { matches: [{ method: { service: 'a.A' } }], backendRefs: [to('two')] },
    { matches: [{ method: { service: 'a.A', method: 'Get' } }], backendRefs: [to('one')] },
    { matches: [{ method: { method: 'Ping' } }], backendRefs: [to('one')] },
  ]);
  const at = async (path: string) => (await call('methods.example.com', path)).seen?.backend;
  expect(await Promise.all(['/a.A/Get', '/a.A/Set', '/a.AB/Set', '/b.B/Ping', '/b.B/Other'].map(at))).toEqual(['one', 'two', 'three', 'one', 'three']);
});

test('a method by expression', async () => {
  await declare('regex', [{ matches: [{ method: { type: 'RegularExpression', service: String.raw`a\.[A-Z]`, method: 'Get.*' } }], backendRefs: [to('one')] }]);
  expect((await call('regex.example.com', '/a.A/GetAll')).seen?.backend).toBe('one');
  expect((await call('regex.example.com', '/a.AA/GetAll')).seen).toBeUndefined();
});

test('headers: metadata that a call must have', async () => {
  await declare('metadata', [
    { matches: [{ headers: [{ name: 'version', value: 'two' }] }], backendRefs: [to('two')] },
    { matches: [{ headers: [{ name: 'version', type: 'RegularExpression', value: 't.*' }, { name: 'x', value: '1' }] }], backendRefs: [to('three')] },
    { backendRefs: [to('one')] },
  ]);
  const at = async (headers: Readonly<Record<string, string>>) => (await call('metadata.example.com', '/a.A/Get', headers)).seen?.backend;
  expect(await Promise.all([{ version: 'two' }, { version: 'three', x: '1' }, { version: 'one' }, {}].map(at))).toEqual(['two', 'three', 'one', 'one']);
});

test('headers are changed on the way there and back', async () => {
  const change = { set: [{ name: 'x-changed', value: 'yes' }] };
  await declare('filters', [
    {
      filters: [
        { type: 'RequestHeaderModifier', requestHeaderModifier: change },
        { type: 'ResponseHeaderModifier', responseHeaderModifier: change },
      ],
      backendRefs: [to('one')],
    },
  ]);
  const { seen, headers, status } = await call('filters.example.com', '/a.A/Get');
  expect([status, seen?.version, seen?.headers['x-changed'], headers['x-changed']]).toEqual([200, '2.0', 'yes', 'yes']);
});

test('a copy goes to a mirror', async () => {
  const seen: string[] = [];
  await world.backend('mirror', { protocol: 'h2', handler: (request, response) => void (seen.push(request.url ?? ''), response.end()) });
  await declare('mirrored', [{ filters: [{ type: 'RequestMirror', requestMirror: { backendRef: to('mirror') } }], backendRefs: [to('one')] }]);
  await call('mirrored.example.com', '/a.A/Get');
  await eventually(() => expect(seen).toEqual(['/a.A/Get']));
});

test('a rule may have a name, copies of one share, and sessions', async () => {
  const copies: string[] = [];
  await world.backend('share-mirror', { protocol: 'h2', handler: (request, response) => void (copies.push(request.url ?? ''), response.end()) });
  await declare('parts', [
    { name: 'all', backendRefs: [to('one', { filters: [{ type: 'RequestMirror', requestMirror: { backendRef: to('share-mirror') } }] }), to('two')] },
    { matches: [{ method: { service: 'a.Kept' } }], sessionPersistence: { sessionName: 'home' }, backendRefs: [to('three')] },
  ]);
  let fromOne = 0;
  for (let turn = 0; turn < 20; turn += 1) if ((await call('parts.example.com', '/a.A/Get')).seen?.backend === 'one') fromOne += 1;
  await eventually(() => expect(copies).toHaveLength(fromOne));
  expect((world.held('external_services/parts.example.com') as { routes: { name: string }[] }).routes.map(({ name }) => name)).toContain('GRPCRoute default/parts/all');
  expect(String((await call('parts.example.com', '/a.Kept/Get')).headers['set-cookie'])).toMatch(/^home="[^"]+"; Path=\/a\.Kept; HttpOnly$/);
});

test('shares go by weight, and a backend that cannot be had is told', async () => {
  expect(await declare('shares', [{ backendRefs: [to('one'), to('two')] }])).toMatchObject({ ResolvedRefs: 'True ResolvedRefs' });
  const found = new Set<string | undefined>();
  for (let turn = 0; turn < 50 && found.size < 2; turn += 1) found.add((await call('shares.example.com', '/a.A/Get')).seen?.backend);
  expect([...found].sort()).toEqual(['one', 'two']);
  expect(await declare('lost', [{ backendRefs: [to('nobody')] }])).toMatchObject({ Accepted: 'True Accepted', ResolvedRefs: 'False BackendNotFound' });
});

test('what only HTTPRoutes can have is refused', async () => {
  expect(await declare('redirect', [{ filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'x' } }] }])).toMatchObject({ Accepted: 'False UnsupportedValue' });
});
