/** Each field of an HTTPRoute, from the object to what the program behind is asked and the client is told. */
import { httpRouteKind, type GatewayRouteStatus, type HttpRoute, type HttpRouteRule } from '@sluice/serving';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { aGateway, aGrant, anHttpRoute, edgeKinds, gatewayClass, http, to, type RouteSettings } from './edge-objects.ts';
import { EdgeWorld, serviceObjects, type Answer } from './edge-world.ts';

let world: EdgeWorld;
beforeAll(async () => {
  world = await new EdgeWorld({ kinds: edgeKinds, configServer: { gatewayAddresses: ['127.0.0.1'] } }).start();
  world.put(gatewayClass, aGateway('edge', [http({ allowedRoutes: { namespaces: { from: 'All' } } })]));
  for (const name of ['one', 'two', 'three']) await world.backend(name);
  await world.backend('far', { namespace: 'other' });
});
afterAll(() => world?.stop());

async function conditionsOf(name: string, namespace = 'default'): Promise<Readonly<Record<string, string>>> {
  const { status } = (await world.client.resource(httpRouteKind).get({ namespace, name })) as { status?: GatewayRouteStatus };
  return Object.fromEntries((status?.parents?.[0]?.conditions ?? []).map(({ type, status: state, reason }) => [type, `${state} ${reason}`]));
}

/** Puts a route in and waits until its status says what became of it. */
async function declare(name: string, rules: readonly HttpRouteRule[], settings: RouteSettings = {}): Promise<void> {
  world.put(anHttpRoute(name, rules, settings));
  await eventually(async () => {
    const route = await world.client.resource(httpRouteKind).get({ namespace: settings.namespace ?? 'default', name });
    expect(route.status?.parents?.[0]?.conditions[0]?.type).toBe('Accepted');
  });
}

const backendOf = ({ seen, status }: Answer): string => seen?.backend ?? String(status);

describe('matches', () => {
  test('a path: exact before the longest beginning, which ends where a segment ends', async () => {
    await declare('path', [
      { matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [to('one')] },
      { matches: [{ path: { type: 'PathPrefix', value: '/a/' } }], backendRefs: [to('two')] },
      { matches: [{ path: { type: 'Exact', value: '/a/b' } }], backendRefs: [to('three')] },
    ]);
    const at = async (path: string) => backendOf(await world.ask('path.example.com', path));
    expect(await Promise.all(['/', '/x', '/a', '/a/', '/a/c', '/ab', '/a/b', '/a/b/', '/A'].map(at))).toEqual(['one', 'one', 'two', 'two', 'two', 'one', 'three', 'two', 'one']);
  });

  test('a path by an expression, which is for all of it', async () => {
    await declare('regex', [{ matches: [{ path: { type: 'RegularExpression', value: '/v[0-9]+/.*' } }], backendRefs: [to('one')] }]);
    const at = async (path: string) => backendOf(await world.ask('regex.example.com', path));
    expect(await Promise.all(['/v1/x', '/v22/', '/v/x', '/a/v1/x'].map(at))).toEqual(['one', 'one', '404', '404']);
  });

  test('headers: all of them, by value or by expression, in any case of their names', async () => {
    await declare('headers', [
      { matches: [{ headers: [{ name: 'X-One', value: 'a' }, { name: 'X-Two', type: 'RegularExpression', value: 'b+' }, { name: 'x-one', value: 'ignored' }] }], backendRefs: [to('one')] },
      { matches: [{ headers: [{ name: 'X-One', value: 'a' }] }], backendRefs: [to('two')] },
    ]);
    const at = async (headers: Record<string, string>) => backendOf(await world.ask('headers.example.com', '/', { headers }));
    expect(await Promise.all([{ 'x-one': 'a', 'x-two': 'bbb' }, { 'x-one': 'a' }, { 'x-one': 'a', 'x-two': 'bc' }, { 'x-one': 'A' }].map(at))).toEqual(['one', 'two', 'two', '404']);
  });

  test('query parameters, by value or by expression', async () => {
    await declare('query', [
      { matches: [{ queryParams: [{ name: 'animal', value: 'whale' }, { name: 'n', type: 'RegularExpression', value: '[0-9]+' }] }], backendRefs: [to('one')] },
      { matches: [{ queryParams: [{ name: 'animal', value: 'whale' }] }], backendRefs: [to('two')] },
    ]);
    const at = async (query: string) => backendOf(await world.ask('query.example.com', `/?${query}`));
    expect(await Promise.all(['animal=whale&n=12', 'animal=whale', 'n=x&animal=whale', 'animal=dolphin', 'Animal=whale'].map(at))).toEqual(['one', 'two', 'two', '404', '404']);
  });

  test('a method, which is more than none', async () => {
    await declare('method', [{ backendRefs: [to('one')] }, { matches: [{ method: 'POST' }], backendRefs: [to('two')] }]);
    expect(backendOf(await world.ask('method.example.com'))).toBe('one');
    expect(backendOf(await world.ask('method.example.com', '/', { method: 'POST' }))).toBe('two');
  });

  test('several matches of a rule: any of them', async () => {
    await declare('any', [{ matches: [{ path: { value: '/a' } }, { headers: [{ name: 'x', value: '1' }] }], backendRefs: [to('one')] }]);
    expect(backendOf(await world.ask('any.example.com', '/a'))).toBe('one');
    expect(backendOf(await world.ask('any.example.com', '/b', { headers: { x: '1' } }))).toBe('one');
    expect(backendOf(await world.ask('any.example.com', '/b'))).toBe('404');
  });

  test('which rule is asked first does not depend on where it stands: longer path, method, more headers, more of the query', async () => {
    await declare('order', [
      { matches: [{ path: { value: '/v' }, queryParams: [{ name: 'q', value: '1' }] }], backendRefs: [to('one')] },
      { matches: [{ path: { value: '/v' }, headers: [{ name: 'h', value: '1' }] }], backendRefs: [to('two')] },
      { matches: [{ path: { value: '/v' }, method: 'GET' }], backendRefs: [to('three')] },
    ]);
    const at = async (method: string, headers: Record<string, string>, path: string) => backendOf(await world.ask('order.example.com', path, { method, headers }));
    expect(await at('GET', { h: '1' }, '/v?q=1')).toBe('three');
    expect(await at('PUT', { h: '1' }, '/v?q=1')).toBe('two');
    expect(await at('PUT', {}, '/v?q=1')).toBe('one');
  });

  test('of two routes that say the same the older is asked, and rules of both are one table', async () => {
    const hostnames = ['shared.example.com'];
    await declare('younger', [{ backendRefs: [to('two')] }, { matches: [{ path: { value: '/own' } }], backendRefs: [to('three')] }], { hostnames, createdAt: '2026-02-02T00:00:00Z' });
    await declare('older', [{ backendRefs: [to('one')] }], { hostnames, createdAt: '2026-01-01T00:00:00Z' });
    await world.until((answer) => expect(backendOf(answer)).toBe('one'), 'shared.example.com');
    expect(backendOf(await world.ask('shared.example.com', '/own'))).toBe('three');
  });

  test('hostnames: several, with a star for any depth, the nearest first; none is for all of the listener', async () => {
    await declare('hosts', [{ backendRefs: [to('one')] }], { hostnames: ['a.hosts.example.com', '*.hosts.example.com'] });
    await declare('nearer', [{ backendRefs: [to('two')] }], { hostnames: ['b.hosts.example.com'] });
    await declare('all', [{ backendRefs: [to('three')] }], { hostnames: [] });
    await world.until((answer) => expect(backendOf(answer)).toBe('three'), 'anything.else');
    const at = async (host: string) => backendOf(await world.ask(host));
    expect(await Promise.all(['a.hosts.example.com', 'b.hosts.example.com', 'c.d.hosts.example.com', 'c.hosts.example.com:8080', 'hosts.example.com'].map(at))).toEqual(['one', 'two', 'one', 'one', 'three']);
    await world.client.resource(httpRouteKind).delete({ namespace: 'default', name: 'all' });
    await world.until(({ status }) => expect(status).toBe(404), 'anything.else');
  });
});

describe('filters', () => {
  test('RequestHeaderModifier sets, adds and removes', async () => {
    const requestHeaderModifier = { set: [{ name: 'X-Set', value: '100%' }], add: [{ name: 'X-Add', value: 'b' }], remove: ['X-Gone'] };
    await declare('request-headers', [{ filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier }], backendRefs: [to('one')] }]);
    const { seen } = await world.ask('request-headers.example.com', '/', { headers: { 'x-set': 'old', 'x-add': 'a', 'x-gone': '1' } });
    expect([seen?.headers['x-set'], seen?.headers['x-add']?.replaceAll(', ', ','), seen?.headers['x-gone']]).toEqual(['100%', 'a,b', undefined]);
  });

  test('ResponseHeaderModifier sets, adds and removes', async () => {
    const responseHeaderModifier = { set: [{ name: 'X-Set', value: 's' }], add: [{ name: 'X-Added', value: 'a' }], remove: ['X-Told'] };
    await declare('response-headers', [{ filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier }], backendRefs: [to('one')] }]);
    const { headers } = await world.ask('response-headers.example.com');
    expect([headers['x-set'], headers['x-added'], headers['x-told']]).toEqual(['s', 'a', undefined]);
  });

  test('both on a backendRef are for its share alone', async () => {
    const set = (name: string) => ({ set: [{ name: 'x-share', value: name }] });
    const share = (name: string) => to(name, { filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: set(name) }, { type: 'ResponseHeaderModifier', responseHeaderModifier: set(name) }] });
    await declare('share-headers', [{ backendRefs: [share('one'), share('two')] }]);
    for (let turn = 0; turn < 10; turn += 1) {
      const { seen, headers } = await world.ask('share-headers.example.com');
      expect([seen?.headers['x-share'], headers['x-share']]).toEqual([seen?.backend, seen?.backend]);
    }
  });

  test.each([
    ['hostname', { hostname: 'new.example.com' }, '/a?q=1', 302, 'http://new.example.com/a?q=1'],
    ['scheme', { scheme: 'https', hostname: 'new.example.com', statusCode: 301 }, '/a', 301, 'https://new.example.com/a'],
    ['port', { hostname: 'new.example.com', port: 8083 }, '/a', 302, 'http://new.example.com:8083/a'],
    ['usual-port', { scheme: 'https', hostname: 'new.example.com', port: 443 }, '/a', 302, 'https://new.example.com/a'],
    ['full-path', { hostname: 'new.example.com', path: { type: 'ReplaceFullPath', replaceFullPath: '/full' } }, '/old/a?q=1', 302, 'http://new.example.com/full?q=1'],
    ['prefix', { hostname: 'new.example.com', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } }, '/old/a', 302, 'http://new.example.com/new/a'],
    ['prefix-gone', { hostname: 'new.example.com', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } }, '/old/a', 302, 'http://new.example.com/a'],
    ['see-other', { hostname: 'new.example.com', statusCode: 303 }, '/', 303, 'http://new.example.com/'],
    ['temporary', { hostname: 'new.example.com', statusCode: 307 }, '/', 307, 'http://new.example.com/'],
    ['permanent', { hostname: 'new.example.com', statusCode: 308 }, '/', 308, 'http://new.example.com/'],
  ] as const)('RequestRedirect: %s', async (name, requestRedirect, path, status, location) => {
    const value = path.startsWith('/old') ? '/old' : '/';
    await declare(`redirect-${name}`, [{ matches: [{ path: { value } }], filters: [{ type: 'RequestRedirect', requestRedirect }] }]);
    const answer = await world.ask(`redirect-${name}.example.com`, path);
    expect([answer.status, answer.headers['location']]).toEqual([status, location]);
  });

  test.each([
    ['/old', '/new', { '/old': '/new', '/old/': '/new/', '/old/a?q=1': '/new/a?q=1' }],
    ['/old', '/new/', { '/old': '/new', '/old/a': '/new/a' }],
    ['/old', '/', { '/old': '/', '/old/a': '/a', '/old/a/b': '/a/b' }],
    ['/', '/new', { '/': '/new/', '/a': '/new/a' }],
  ])('URLRewrite: %s becomes %s', async (prefix, replacePrefixMatch, cases) => {
    await declare('rewrite', [{ matches: [{ path: { value: prefix } }], filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch } } }], backendRefs: [to('one')] }]);
    for (const [from, wanted] of Object.entries(cases)) await world.until(({ seen }) => expect(seen?.path).toBe(wanted), 'rewrite.example.com', from);
  });

  test('URLRewrite: the whole path, and the host', async () => {
    await declare('rewrite-all', [{ filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'inside.example.org', path: { type: 'ReplaceFullPath', replaceFullPath: '/all\\1' } } }], backendRefs: [to('one')] }]);
    expect((await world.ask('rewrite-all.example.com', '/a/b?q=1')).seen).toMatchObject({ host: 'inside.example.org', path: '/all\\1?q=1' });
  });

  test('RequestMirror: others get copies, whole or in part', async () => {
    const seen: string[] = [];
    await world.backend('mirror', { handler: (request, response) => void (seen.push(request.headers.host ?? ''), response.end()) });
    const mirrored = (name: string, more: object) => declare(name, [{ filters: [{ type: 'RequestMirror', requestMirror: { backendRef: to('mirror'), ...more } }], backendRefs: [to('one')] }]);
    await mirrored('mirror-all', {});
    expect(backendOf(await world.ask('mirror-all.example.com'))).toBe('one');
    await eventually(() => expect(seen).toEqual(['mirror-all.example.com']));
    await mirrored('mirror-none', { percent: 0 });
    await mirrored('mirror-half', { fraction: { numerator: 1, denominator: 2 } });
    for (let turn = 0; turn < 60; turn += 1) await world.ask('mirror-half.example.com');
    await world.ask('mirror-none.example.com');
    await eventually(() => expect(seen.length).toBeGreaterThan(10));
    expect(seen.filter((host) => host === 'mirror-half.example.com').length).toBeLessThan(50);
    expect(seen).not.toContain('mirror-none.example.com');
  });

  test('CORS: origins by name and by star, preflights answered by the gateway', async () => {
    const cors = { allowOrigins: ['https://app.example.com', 'https://*.trusted.org'], allowMethods: ['GET', 'PUT'], allowHeaders: ['x-a', 'x-b'], exposeHeaders: ['x-c'], maxAge: 60, allowCredentials: true };
    await declare('cors', [{ filters: [{ type: 'CORS', cors }], backendRefs: [to('one')] }]);
    const preflight = (origin: string) => world.ask('cors.example.com', '/', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } });
    const allowed = await world.until(({ headers }) => expect(headers['access-control-allow-origin']).toBeDefined(), 'cors.example.com', '/', { method: 'OPTIONS', headers: { origin: 'https://app.example.com', 'access-control-request-method': 'PUT' } });
    expect(allowed.seen).toBeUndefined();
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': 'https://app.example.com', 'access-control-allow-methods': 'GET, PUT', 'access-control-allow-headers': 'x-a, x-b', 'access-control-max-age': '60', 'access-control-allow-credentials': 'true' });
    expect((await preflight('https://a.trusted.org')).headers['access-control-allow-origin']).toBe('https://a.trusted.org');
    expect((await preflight('https://evil.org')).headers['access-control-allow-origin']).toBeUndefined();
    const real = await world.ask('cors.example.com', '/', { headers: { origin: 'https://app.example.com' } });
    expect(real.headers).toMatchObject({ 'access-control-allow-origin': 'https://app.example.com', 'access-control-expose-headers': 'x-c' });
  });

  test('each filter on a backendRef is for its share alone: copies, redirects, other paths and hosts, other origins', async () => {
    const copies: string[] = [];
    await world.backend('copied', { handler: (request, response) => void (copies.push(request.url ?? ''), response.end()) });
    const rewritten = to('one', { filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'inside.example.org', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } } }] });
    const redirected = to('two', { weight: 2, filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'new.example.com', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/moved' } } }] });
    const copied = to('three', { filters: [{ type: 'RequestMirror', requestMirror: { backendRef: to('copied') } }, { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-share', value: 'three' }] } }] });
    const plain = to('far-away', { weight: 1 });
    await declare('parts', [{ matches: [{ path: { value: '/old' } }], backendRefs: [rewritten, redirected, copied, plain] }]);
    expect(await conditionsOf('parts')).toMatchObject({ Accepted: 'True Accepted', ResolvedRefs: 'False BackendNotFound' });
    const found: Record<string, number> = {};
    for (let turn = 0; turn < 150; turn += 1) {
      const answer = await world.ask('parts.example.com', '/old/a');
      const { seen, headers } = answer;
      if (answer.status === 302) expect(headers['location']).toBe('http://new.example.com/moved/a');
      else if (seen?.backend === 'one') expect([seen.host, seen.path]).toEqual(['inside.example.org', '/new/a']);
      else if (seen) expect([seen.host, seen.path, seen.headers['x-share']]).toEqual(['parts.example.com', '/old/a', 'three']);
      found[backendOf(answer)] = (found[backendOf(answer)] ?? 0) + 1;
    }
    expect(Object.keys(found).sort()).toEqual(['302', '500', 'one', 'three']);
    for (const [name, share] of [['302', 60], ['500', 30], ['one', 30], ['three', 30]] as const) expect(Math.abs((found[name] ?? 0) - share)).toBeLessThan(25);
    await eventually(() => expect(copies).toHaveLength(found['three'] ?? 0));
    expect(new Set(copies)).toEqual(new Set(['/old/a']));
    const cors = { allowOrigins: ['https://app.example.com'], maxAge: 7 };
    await declare('part-cors', [{ backendRefs: [to('one', { filters: [{ type: 'CORS', cors }] })] }]);
    await world.until(({ headers }) => expect(headers['access-control-max-age']).toBe('7'), 'part-cors.example.com', '/', { method: 'OPTIONS', headers: { origin: 'https://app.example.com', 'access-control-request-method': 'GET' } });
  });

  test('one that nobody knows leaves its rule out, and says so', async () => {
    await declare('unknown', [{ filters: [{ type: 'ExtensionRef' }], backendRefs: [to('one')] }]);
    expect(await conditionsOf('unknown')).toMatchObject({ Accepted: 'False UnsupportedValue' });
    await declare('partly', [{ matches: [{ path: { value: '/a' } }], backendRefs: [to('one')] }, { filters: [{ type: 'ExtensionRef' }], backendRefs: [to('one')] }]);
    expect(await conditionsOf('partly')).toMatchObject({ Accepted: 'True Accepted', PartiallyInvalid: 'True UnsupportedValue' });
    expect([(await world.ask('partly.example.com', '/a')).status, (await world.ask('partly.example.com', '/')).status]).toEqual([200, 404]);
  });
});

describe('backends', () => {
  test('shares go by weight, and 0 is none', async () => {
    await declare('weights', [{ backendRefs: [to('one', { weight: 3 }), to('two', { weight: 1 }), to('three', { weight: 0 })] }]);
    const found: Record<string, number> = {};
    for (let turn = 0; turn < 100; turn += 1) {
      const backend = backendOf(await world.ask('weights.example.com'));
      found[backend] = (found[backend] ?? 0) + 1;
    }
    expect(Object.keys(found).sort()).toEqual(['one', 'two']);
    expect(Math.abs((found['one'] ?? 0) - 75)).toBeLessThan(20);
  });

  test.each([
    ['not-there', to('nobody'), 'False BackendNotFound'],
    ['no-such-port', to('one', { port: 81 }), 'False BackendNotFound'],
    ['kind', to('one', { kind: 'Bucket', group: 'storage.example.com' }), 'False InvalidKind'],
    ['not-granted', to('secretive', { namespace: 'elsewhere' }), 'False RefNotPermitted'],
  ])('one that cannot be had is answered 500, and told: %s', async (name, ref, resolved) => {
    await declare(`bad-${name}`, [{ backendRefs: [ref] }]);
    expect((await world.ask(`bad-${name}.example.com`)).status).toBe(500);
    expect(await conditionsOf(`bad-${name}`)).toMatchObject({ Accepted: 'True Accepted', ResolvedRefs: resolved });
  });

  test('only the share of one that cannot be had is answered 500', async () => {
    await declare('half', [{ backendRefs: [to('one'), to('nobody')] }]);
    const found = new Map<string, number>();
    for (let turn = 0; turn < 100; turn += 1) {
      const backend = backendOf(await world.ask('half.example.com'));
      found.set(backend, (found.get(backend) ?? 0) + 1);
    }
    expect([...found.keys()].sort()).toEqual(['500', 'one']);
    expect(Math.abs((found.get('one') ?? 0) - 50)).toBeLessThan(30);
  });

  test('none at all is 500 too, and one without pods is 503', async () => {
    await declare('none', [{}]);
    expect((await world.ask('none.example.com')).status).toBe(500);
    const [service] = serviceObjects('default', 'empty', { port: 80 }, 1);
    world.put(service);
    await declare('empty', [{ backendRefs: [to('empty')] }]);
    expect((await world.ask('empty.example.com')).status).toBe(503);
  });

  test('one of another namespace is had by a ReferenceGrant there, and lost with it', async () => {
    await declare('cross', [{ backendRefs: [to('far', { namespace: 'other' })] }]);
    expect((await world.ask('cross.example.com')).status).toBe(500);
    const grant = aGrant('other', { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }, { group: '', kind: 'Service', name: 'far' });
    world.put(grant);
    await world.until((answer) => expect(backendOf(answer)).toBe('far'), 'cross.example.com');
    await eventually(async () => expect(await conditionsOf('cross')).toMatchObject({ ResolvedRefs: 'True ResolvedRefs' }));
    world.put(aGrant('other', { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }, { group: '', kind: 'Service', name: 'another' }));
    await world.until(({ status }) => expect(status).toBe(500), 'cross.example.com');
  });

  test('h2c is spoken where the port’s appProtocol says so, and a WebSocket passes', async () => {
    await world.backend('modern', { protocol: 'h2', port: { appProtocol: 'kubernetes.io/h2c' } });
    await declare('protocols', [{ backendRefs: [to('modern')] }]);
    expect((await world.ask('protocols.example.com')).seen?.version).toBe('2.0');
  });
});

test('a rule’s name is its route’s, which logs and dumps show', async () => {
  await declare('named', [{ name: 'checkout', backendRefs: [to('one')] }, { matches: [{ path: { value: '/a' } }], backendRefs: [to('one')] }]);
  const names = (world.held('external_services/named.example.com') as { routes: { name: string }[] }).routes.map(({ name }) => name);
  expect(names).toEqual(['HTTPRoute default/named', 'HTTPRoute default/named/checkout']);
});

describe('sessions', () => {
  const cookieOf = ({ headers }: Answer): string => String(headers['set-cookie'] ?? '');
  /** As a browser sends them back. */
  const kept = (answer: Answer): string =>
    cookieOf(answer)
      .split(/,\s*(?=[^;,]+=)/)
      .map((cookie) => cookie.split(';')[0])
      .join('; ');

  beforeAll(async () => {
    // Two pods behind one Service.
    const pods = await Promise.all(['pod-a', 'pod-b'].map((name) => world.backend(name)));
    const [service, slice] = serviceObjects('default', 'pods', { port: 80 }, 1);
    const slices = pods.map(({ address }, index) => ({ ...slice, metadata: { ...slice.metadata, name: `pods-${index}` }, ports: [{ name: '', port: address.port, protocol: 'TCP' }] }));
    world.put(service, ...(slices as (typeof slice)[]));
  });

  async function comesBack(host: string, name: string, answer: Answer): Promise<void> {
    for (let turn = 0; turn < 8; turn += 1) expect((await world.ask(host, '/', { headers: { [name]: name === 'cookie' ? kept(answer) : String(answer.headers[name]) } })).seen?.backend).toBe(answer.seen?.backend);
  }

  test('by a cookie that lives as long as the browser, or as long as is said', async () => {
    await declare('session', [{ sessionPersistence: { sessionName: 'home' }, backendRefs: [to('pods')] }]);
    const first = await world.ask('session.example.com');
    expect(cookieOf(first)).toMatch(/^home="[^"]+"; Path=\/; HttpOnly$/);
    await comesBack('session.example.com', 'cookie', first);
    const sessionPersistence = { type: 'Cookie', absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } };
    await declare('long-session', [{ matches: [{ path: { value: '/shop' } }], sessionPersistence, backendRefs: [to('pods')] }]);
    await world.until((answer) => expect(cookieOf(answer)).toMatch(/^sluice-session="[^"]+"; Max-Age=3600; Path=\/shop; HttpOnly$/), 'long-session.example.com', '/shop');
  });

  test('by a header', async () => {
    await declare('header-session', [{ sessionPersistence: { type: 'Header', sessionName: 'X-Home' }, backendRefs: [to('pods')] }]);
    const first = await world.until(({ headers }) => expect(headers['x-home']).toBeDefined(), 'header-session.example.com');
    await comesBack('header-session.example.com', 'x-home', first);
  });

  test.each([
    ['idle', { idleTimeout: '10m' }],
    ['no-end', { cookieConfig: { lifetimeType: 'Permanent' } }],
    ['end', { absoluteTimeout: '1h' }],
    ['header-end', { type: 'Header', absoluteTimeout: '1h' }],
    ['name', { sessionName: 'a b' }],
    ['several-backends', {}],
  ] as const)('that nobody can keep are refused: %s', async (name, sessionPersistence) => {
    const backendRefs = name === 'several-backends' ? [to('pods'), to('one')] : [to('pods')];
    await declare(`odd-session-${name}`, [{ sessionPersistence, backendRefs }]);
    expect(await conditionsOf(`odd-session-${name}`)).toMatchObject({ Accepted: 'False UnsupportedValue' });
  });
});

describe('times', () => {
  test('a request that takes longer than timeouts.request is answered 504', async () => {
    await world.backend('sleepy', { handler: (_, response) => void setTimeout(() => response.end('late'), 400) });
    await declare('times', [
      { matches: [{ path: { value: '/short' } }], timeouts: { request: '100ms' }, backendRefs: [to('sleepy')] },
      { matches: [{ path: { value: '/try' } }], timeouts: { request: '10s', backendRequest: '100ms' }, backendRefs: [to('sleepy')] },
      { timeouts: { request: '0s' }, backendRefs: [to('sleepy')] },
    ]);
    const at = async (path: string) => (await world.ask('times.example.com', path)).status;
    expect(await Promise.all(['/short', '/try', '/long'].map(at))).toEqual([504, 504, 200]);
  });

  test('retry asks again for the codes that are stated, so many times', async () => {
    let asked = 0;
    await world.backend('moody', { handler: (_, response) => void response.writeHead((asked += 1) < 3 ? 503 : 200).end() });
    await declare('retry', [
      { matches: [{ path: { value: '/twice' } }], retry: { codes: [503], attempts: 2, backoff: '10ms' }, backendRefs: [to('moody')] },
      { retry: { codes: [500], attempts: 2 }, backendRefs: [to('moody')] },
    ]);
    expect([(await world.ask('retry.example.com', '/twice')).status, asked]).toEqual([200, 3]);
    asked = 0;
    expect([(await world.ask('retry.example.com', '/')).status, asked]).toEqual([503, 1]);
  });
});

test('a route that goes leaves nothing, and a status of another controller is left alone', async () => {
  await declare('going', [{ backendRefs: [to('one')] }]);
  expect((await world.ask('going.example.com')).status).toBe(200);
  const foreign = { parentRef: { name: 'theirs' }, controllerName: 'example.com/other', conditions: [] };
  const route = await world.client.resource(httpRouteKind).get({ namespace: 'default', name: 'going' });
  const changed: HttpRoute = { ...route, spec: { ...route.spec, parentRefs: [{ name: 'theirs' }] }, status: { parents: [foreign, ...(route.status?.parents ?? [])] } };
  world.put(changed);
  await eventually(async () => {
    const { status } = await world.client.resource(httpRouteKind).get({ namespace: 'default', name: 'going' });
    expect(status?.parents).toEqual([foreign]);
  });
  await world.until(({ status }) => expect(status).toBe(404), 'going.example.com');
});
