import { combineHashes, formatHash, xxHash64 } from '@sluice/balancing';
import { createSeededRandom } from '@sluice/kernel';
import { decodeRouteConfiguration } from '@sluice/resources';
import { routesJson, routeTo, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { createTestStream, type TestRequest } from '../testing/index.ts';
import { compileRouteTable } from './compile-route-table.ts';
import { loadRegexEngine } from './regex-engine.ts';

const regexEngine = await loadRegexEngine();

/** The hash of a request under these policies, and the cookies that it leaves. */
function hashOf(policies: readonly Json[], request: TestRequest = {}, clientHost = '10.1.1.1', filterState?: Map<string, string>) {
  const decoded = decodeRouteConfiguration(routesJson('r', [routeTo('a', { hash_policy: policies })]));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  const { table, problems } = compileRouteTable(decoded.value, { regexEngine, setsEnvoyHeaders: true });
  expect(problems).toEqual([]);
  const stream = createTestStream(request);
  stream.clientHost = clientHost;
  stream.info.filterState = filterState;
  const action = table.match(stream.request, createSeededRandom(1))?.action;
  if (action?.kind !== 'forward') throw new Error('no route');
  return { hash: action.hash?.(stream), cookies: stream.info.setCookies };
}

const byUser: Json = { header: { header_name: 'x-user' } };
const bySession: Json = { cookie: { name: 'session' } };

test('a route without policies has no hash', () => {
  expect(hashOf([]).hash).toBeUndefined();
});

test.each<[string, Json, TestRequest, string]>([
  ['a header', byUser, { headers: { 'x-user': 'ann' } }, 'ann'],
  ['the authority', { header: { header_name: ':authority' } }, { authority: 'a.test' }, 'a.test'],
  ['a cookie', bySession, { headers: { cookie: 'a=1; session="s-1"; b=2' } }, 's-1'],
  ['a query parameter', { query_parameter: { name: 'user' } }, { path: '/x?a=1&user=ann&user=bob' }, 'ann'],
  ['the client', { connection_properties: { source_ip: true } }, {}, '10.1.1.1'],
  [
    'a part of a header',
    { header: { header_name: 'x-user', regex_rewrite: { pattern: { regex: '^(\\w+)@.*$' }, substitution: '\\1' } } },
    { headers: { 'x-user': 'ann@a.test' } },
    'ann',
  ],
])('%s is hashed', (_name, policy, request, value) => {
  expect(hashOf([policy], request).hash).toEqual(xxHash64(value));
});

test('what a filter has left is hashed, where it has left something', () => {
  const byState: Json = { filter_state: { key: 'tenant' } };
  expect(hashOf([byState], {}, '10.1.1.1', new Map([['tenant', 'acme']])).hash).toEqual(xxHash64('acme'));
  expect(hashOf([byState]).hash).toBeUndefined();
});

test('what a request does not have is no part of its hash', () => {
  expect(hashOf([byUser, bySession]).hash).toBeUndefined();
  expect(hashOf([byUser, bySession], { headers: { cookie: 'session=s-1' } }).hash).toEqual(xxHash64('s-1'));
});

test('several policies are joined in their order, until one is terminal', () => {
  const headers = { 'x-user': 'ann', cookie: 'session=s-1' };
  expect(hashOf([byUser, bySession], { headers }).hash).toEqual(combineHashes(xxHash64('ann'), xxHash64('s-1')));
  expect(hashOf([{ ...byUser, terminal: true }, bySession], { headers }).hash).toEqual(xxHash64('ann'));
  // A terminal policy without a hash leaves it to the next.
  expect(hashOf([{ ...byUser, terminal: true }, bySession], { headers: { cookie: 'session=s-1' } }).hash).toEqual(xxHash64('s-1'));
});

test('a client without the cookie gets one and is placed by it', () => {
  const policy = { cookie: { name: 'session', ttl: '60s', path: '/app', attributes: [{ name: 'SameSite', value: 'Lax' }, { name: 'Secure' }] } };
  const { hash, cookies } = hashOf([policy]);
  const value = /^session="([0-9a-f]{16})"; Max-Age=60; Path=\/app; SameSite=Lax; Secure; HttpOnly$/.exec(cookies[0] ?? '')?.[1];
  expect(value).toBeDefined();
  expect(hash).toEqual(xxHash64(value as string));
  // When it comes back with it, it is placed there again, and gets no other.
  expect(hashOf([policy], { headers: { cookie: `session="${value}"` } })).toEqual({ hash, cookies: [] });
});

test('a cookie for the session has no age; without a time to live none is made', () => {
  expect(hashOf([{ cookie: { name: 's', ttl: '0s' } }]).cookies[0]).toMatch(/^s="[0-9a-f]{16}"; HttpOnly$/);
  expect(hashOf([{ cookie: { name: 's' } }])).toEqual({ hash: undefined, cookies: [] });
});

test('the same connection makes the same cookie', () => {
  const policy = { cookie: { name: 's', ttl: '0s' } };
  expect(hashOf([policy]).cookies).toEqual(hashOf([policy]).cookies);
  expect(formatHash(xxHash64('127.0.0.1:0127.0.0.1:0'))).toBe(/"(.*)"/.exec(hashOf([policy]).cookies[0] ?? '')?.[1]);
});
