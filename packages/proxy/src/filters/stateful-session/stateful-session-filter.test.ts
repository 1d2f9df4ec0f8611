import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type FilterFixtureOptions } from '../../testing/index.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSession';
const state = (name: string, fields: object): object => ({ session_state: { name: 'a', typed_config: { '@type': `type.googleapis.com/envoy.extensions.http.stateful_session.${name}`, ...fields } } });
const byCookie = state('cookie.v3.CookieBasedSessionState', { cookie: { name: 'home', path: '/shop', ttl: '120s', attributes: [{ name: 'SameSite', value: 'Strict' }] } });
const byHeader = state('header.v3.HeaderBasedSessionState', { name: 'X-Home' });

const start = (config: object, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture> =>
  startFilterProxy({ filters: [{ name: 'session', typed_config: { '@type': typeName, ...config } }], ...more });

const encoded = (address: string): string => Buffer.from(address).toString('base64');

test('a client without a home is told the one it has got, and is told no more when it knows', async () => {
  await using proxy = await start(byCookie);
  const cookie = (await proxy.request({ path: '/shop/a' })).headers['set-cookie'] ?? '';
  expect(cookie).toMatch(/^home="[A-Za-z0-9+/]+={0,2}"; Max-Age=120; Path=\/shop; SameSite=Strict; HttpOnly$/);
  const known = await proxy.request({ path: '/shop/a', headers: { cookie: cookie.split(';')[0] ?? '' } });
  expect([known.status, known.headers['set-cookie']]).toEqual([200, undefined]);
  expect((await proxy.request({ path: '/else' })).headers['set-cookie']).toBeUndefined();
});

test('a client comes back to its host', async () => {
  const names = ['one', 'two', 'three'];
  const hosts = await Promise.all(names.map((name) => startFilterProxy({ filters: [], routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: name } } }] })));
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'hosts' } }];
  await using proxy = await start(byHeader, { routes, services: { hosts: { address: (hosts[0] as FilterFixture).address, more: hosts.slice(1).map(({ address }) => address) } } });
  for (const [index, { address }] of hosts.entries()) {
    const answers = await Promise.all([1, 2, 3].map(() => proxy.request({ headers: { 'x-home': encoded(`127.0.0.1:${address.port}`) } })));
    expect(answers.map(({ body, headers }) => [body.toString(), headers['x-home']])).toEqual(Array.from({ length: 3 }, () => [names[index], undefined]));
  }
  for (const host of hosts) await host[Symbol.asyncDispose]();
});

test('a host that is gone is replaced by another, or by a refusal', async () => {
  const gone = { headers: { 'x-home': encoded('127.0.0.1:1') } };
  await using lenient = await start(byHeader);
  const { status, headers } = await lenient.request(gone);
  expect([status, Buffer.from(headers['x-home'] ?? '', 'base64').toString()]).toEqual([200, expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
  await using strict = await start({ ...byHeader, strict: true });
  expect((await strict.request(gone)).status).toBe(503);
  expect(await strict.nextLog()).toMatch(/^503 UH/);
});

test('nonsense counts for nothing; routes can do without, or otherwise', async () => {
  const perRoute = (fields: object): object => ({ typed_per_filter_config: { session: { '@type': `${typeName}PerRoute`, ...fields } }, route: { cluster: 'backend' } });
  const routes = [
    { match: { prefix: '/off' }, ...perRoute({ disabled: true }) },
    { match: { prefix: '/other' }, ...perRoute({ stateful_session: state('header.v3.HeaderBasedSessionState', { name: 'x-other' }) }) },
    { match: { prefix: '/' }, route: { cluster: 'backend' } },
  ];
  await using proxy = await start({ ...byHeader, strict: true }, { routes });
  for (const home of ['', '????', encoded('elsewhere.test:80'), 'A'.repeat(1000)]) expect((await proxy.request({ headers: { 'x-home': home } })).status).toBe(200);
  expect((await proxy.request({ path: '/off' })).headers['x-home']).toBeUndefined();
  expect((await proxy.request({ path: '/other' })).headers['x-other']).toBeDefined();
});

test('mistakes are told', async () => {
  await expect(start(state('a.B', {}))).rejects.toThrow(/session_state\.typed_config\.@type: is .*a\.B, which is not known/);
  await expect(start(state('cookie.v3.CookieBasedSessionState', {}))).rejects.toThrow(/cookie: is required/);
});
