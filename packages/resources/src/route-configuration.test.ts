import { expect, test } from 'vitest';
import { decodeRouteConfiguration } from './route-configuration.ts';
import type { Json } from './testing/sample-resources.ts';
import { routesJson, routeTo } from './testing/sample-resources.ts';

function problemsOf(json: unknown): string[] {
  return decodeRouteConfiguration(json).problems.map(({ path, message }) => `${path}: ${message}`);
}

function decodeRoute(route: Json) {
  const decoded = decodeRouteConfiguration(routesJson('r', [route]));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return decoded.value.virtualHosts[0]?.routes[0];
}

test('all problems of a table are reported at once, each with its path', () => {
  expect(
    problemsOf({
      virtual_hosts: [
        { name: 'a', domains: ['a.b*.c'], routes: [{ match: {}, route: { cluster: '' } }] },
        { domains: [], routes: [{ match: { prefix: '/' } }] },
      ],
    }),
  ).toEqual([
    'virtual_hosts[0].domains[0]: is "a.b*.c", may have one * and only as its first or last character',
    'virtual_hosts[0].routes[0].match: must have one of prefix, path, path_separated_prefix, safe_regex, connect_matcher, path_match_policy',
    'virtual_hosts[0].routes[0].route.cluster: must not be empty',
    'virtual_hosts[1].domains: must name at least one domain',
    'virtual_hosts[1].name: is required',
    'virtual_hosts[1].routes[0]: must have one of route, redirect, direct_response, filter_action, non_forwarding_action',
  ]);
});

test('a domain may belong to one virtual host only, whatever its letter case', () => {
  expect(
    problemsOf({
      virtual_hosts: [
        { name: 'a', domains: ['x.example'], routes: [] },
        { name: 'b', domains: ['X.example'], routes: [] },
      ],
    }),
  ).toEqual(['virtual_hosts[1].domains[0]: is "x.example", which virtual host "a" has already']);
});

test('a route action has the defaults of Envoy', () => {
  expect(decodeRoute(routeTo('app'))).toMatchObject({
    action: {
      kind: 'route',
      target: { kind: 'cluster', name: 'app' },
      timeoutMs: 15_000,
      idleTimeoutMs: undefined,
      clusterNotFoundStatus: 503,
      retryPolicy: undefined,
    },
  });
});

test('weights may be 0 but not add up to 0', () => {
  const split = (weights: number[]) => ({
    match: { prefix: '/' },
    route: { weighted_clusters: { clusters: weights.map((weight, index) => ({ name: `c${index}`, weight })) } },
  });
  expect(decodeRoute(split([0, 100]))).toMatchObject({ action: { target: { weighted: { totalWeight: 100 } } } });
  expect(problemsOf(routesJson('r', [split([0, 0])]))).toEqual([
    'virtual_hosts[0].routes[0].route.weighted_clusters.clusters: has weights that add up to 0, must be from 1 to 4294967295',
  ]);
});

test.each([
  [{ exact_match: 'v' }, { kind: 'string', matcher: { kind: 'exact', value: 'v', ignoreCase: false } }],
  [{ string_match: { prefix: 'v', ignore_case: true } }, { kind: 'string', matcher: { kind: 'prefix', value: 'v', ignoreCase: true } }],
  [{ safe_regex_match: { google_re2: {}, regex: 'v+' } }, { kind: 'string', matcher: { kind: 'safe_regex', value: 'v+' } }],
  [{ present_match: false }, { kind: 'present', present: false }],
  [{ range_match: { start: '-5', end: 10 } }, { kind: 'range', start: -5, end: 10 }],
  [{}, { kind: 'present', present: true }],
])('a header matcher with %j', (fields, matcherTest) => {
  const route = decodeRoute({ ...routeTo('app'), match: { prefix: '/', headers: [{ name: 'X-Test', ...fields }] } });
  expect(route?.match.headers[0]).toMatchObject({ name: 'x-test', test: matcherTest });
});

test('headers that rules may not touch are refused', () => {
  const table = { ...routesJson('r', [routeTo('app')]), request_headers_to_add: [{ header: { key: 'Host', value: 'x' } }] };
  expect(problemsOf(table)).toEqual([
    'request_headers_to_add[0].header.key: is host, which header rules may not touch; use a rewrite',
  ]);
});

test('the old append flag still says what it said', () => {
  const add = (fields: Json) => ({
    ...routeTo('app'),
    request_headers_to_add: [{ header: { key: 'x', value: '1' }, ...fields }],
  });
  expect(decodeRoute(add({}))?.headers.requestHeadersToAdd[0]?.appendAction).toBe('APPEND_IF_EXISTS_OR_ADD');
  expect(decodeRoute(add({ append: false }))?.headers.requestHeadersToAdd[0]?.appendAction).toBe('OVERWRITE_IF_EXISTS_OR_ADD');
});

test('a direct response longer than the table allows is refused', () => {
  const route = { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'x'.repeat(4097) } } };
  expect(problemsOf(routesJson('r', [route]))).toEqual([
    'virtual_hosts[0].routes[0].direct_response.body: has 4097 bytes, must have at most 4096',
  ]);
});

test('retry conditions are read from their list', () => {
  const route = decodeRoute(routeTo('app', { retry_policy: { retry_on: '5xx, reset', num_retries: 3 } }));
  expect(route).toMatchObject({
    action: { retryPolicy: { retryOn: ['5xx', 'reset'], retriesMax: 3, backOff: { baseIntervalMs: 25, maxIntervalMs: 250 } } },
  });
  expect(problemsOf(routesJson('r', [routeTo('app', { retry_policy: { retry_on: '6xx' } })]))[0]).toContain('has "6xx", must be out of');
});

test('a CONNECT may end at a route; how it does cannot be chosen', () => {
  const upgrade = (fields: Json) => routeTo('a', { upgrade_configs: [{ upgrade_type: 'CONNECT', ...fields }] });
  expect(decodeRoute(upgrade({ connect_config: {} }))?.action).toMatchObject({ upgradeConfigs: [{ upgradeType: 'CONNECT', enabled: true, terminatesConnect: true }] });
  expect(decodeRoute(upgrade({}))?.action).toMatchObject({ upgradeConfigs: [{ terminatesConnect: false }] });
  const at = 'virtual_hosts[0].routes[0].route.upgrade_configs[0].connect_config';
  const problems = problemsOf(routesJson('r', [upgrade({ connect_config: { allow_post: true, proxy_protocol_config: {} } })]));
  expect(problems.map((problem) => problem.split(': ')[0])).toEqual([`${at}.proxy_protocol_config`, `${at}.allow_post`]);
  expect(problemsOf(routesJson('r', [upgrade({ upgrade_type: 'websocket', connect_config: {} })]))).toEqual([`${at}: is only for an upgrade_type of CONNECT`]);
});
