import { RequestHead, ResponseHead } from '@sluice/http';
import { createSeededRandom } from '@sluice/kernel';
import { decodeRouteConfiguration } from '@sluice/resources';
import { routesJson, routeTo, type Json } from '@sluice/resources/testing';
import { describe, expect, test } from 'vitest';
import type { RouteMatch } from '../route-match.ts';
import { StreamInfo } from '../stream-info.ts';
import { compileRouteTable } from './compile-route-table.ts';
import { loadRegexEngine, noRegexEngine } from './regex-engine.ts';

const regexEngine = await loadRegexEngine();
const random = createSeededRandom(1);
const client = { host: '10.1.1.1', port: 40_000 };

function compile(json: Json) {
  const decoded = decodeRouteConfiguration(json);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return compileRouteTable(decoded.value, { regexEngine, setsEnvoyHeaders: true });
}

function tableOf(json: Json) {
  const { table, problems } = compile(json);
  expect(problems).toEqual([]);
  return table;
}

const request = (host: string, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  RequestHead.of(method, host, path, headers);

/** The cluster a request goes to, or what else happens to it. */
function answer(match: RouteMatch | undefined, head: RequestHead): string {
  if (!match) return 'no route';
  switch (match.action.kind) {
    case 'forward':
      return match.action.clusterName;
    case 'direct-response':
      return String(match.action.status);
    case 'redirect':
      return `${match.action.status} ${match.action.location(head)}`;
  }
}

describe('virtual hosts', () => {
  const host = (name: string, domains: readonly string[]) => ({ name, domains, routes: [routeTo(name)] });
  const table = tableOf({
    virtual_hosts: [
      host('star', ['*']),
      host('exact', ['www.foo.com', 'www.foo.com:8080']),
      host('long-suffix', ['*.api.foo.com']),
      host('suffix', ['*.foo.com', '*-bar.foo.com']),
      host('prefix', ['www.foo.*', 'svc:*']),
      host('long-prefix', ['www.foo.co.*']),
    ],
  });

  test.each([
    ['www.foo.com', 'exact'],
    ['WWW.Foo.com', 'exact'],
    ['www.foo.com:8080', 'exact'],
    ['www.foo.com:9090', 'prefix'],
    ['a.api.foo.com', 'long-suffix'],
    ['b.foo.com', 'suffix'],
    ['x-bar.foo.com', 'suffix'],
    ['.foo.com', 'star'],
    ['www.foo.org', 'prefix'],
    ['www.foo.co.uk', 'long-prefix'],
    ['svc:80', 'prefix'],
    ['svc:', 'star'],
    ['svc', 'star'],
    ['anything', 'star'],
    ['', 'star'],
  ])('%s is served by %s', (authority, expected) => {
    const head = request(authority, '/');
    expect(answer(table.match(head, random), head)).toBe(expected);
    // Names found by a wildcard are remembered; the answer must not change by that.
    expect(answer(table.match(head, random), head)).toBe(expected);
  });

  test('without a star, unknown hosts have no route', () => {
    const strict = tableOf({ virtual_hosts: [host('a', ['a.com'])] });
    expect(strict.match(request('b.com', '/'), random)).toBeUndefined();
    expect(strict.match(request('a.com:80', '/'), random)).toBeUndefined();
  });

  test('ports can be left out of the comparison', () => {
    const lenient = tableOf({ ignore_port_in_host_matching: true, virtual_hosts: [host('a', ['a.com', '[::1]'])] });
    for (const authority of ['a.com:80', 'a.com', '[::1]:80', '[::1]']) {
      const head = request(authority, '/');
      expect(answer(lenient.match(head, random), head)).toBe('a');
    }
  });
});

describe('routes', () => {
  const route = (cluster: string, match: Json) => ({ match, route: { cluster } });

  test('the first that matches takes the request', () => {
    const table = tableOf(routesJson('r', [route('first', { prefix: '/a' }), route('second', { prefix: '/a/b' })]));
    expect(answer(table.match(request('h', '/a/b'), random), request('h', '/'))).toBe('first');
    expect(table.match(request('h', '/b'), random)).toBeUndefined();
  });

  test.each<[string, Json, readonly string[], readonly string[]]>([
    ['prefix', { prefix: '/a' }, ['/a', '/ab', '/a?x', '/a/b'], ['/', '/A', '/b?/a']],
    ['path', { path: '/a' }, ['/a', '/a?b'], ['/a/', '/ab', '/A']],
    ['path without case', { path: '/a', case_sensitive: false }, ['/a', '/A?x'], ['/b']],
    ['separated prefix', { path_separated_prefix: '/a' }, ['/a', '/a/b', '/a?b'], ['/ab', '/']],
    ['regex', { safe_regex: { regex: '/a/[0-9]+' } }, ['/a/1', '/a/12?x=y'], ['/a/', '/a/1/', '/b/a/1']],
    ['grpc', { prefix: '/', grpc: {} }, [], ['/a']],
    ['query value', { prefix: '/', query_parameters: [{ name: 'q', string_match: { exact: '1' } }] }, ['/?q=1', '/?a=2&q=1', '/?q=1&q=2'], ['/', '/?q=2&q=1', '/?qq=1', '/?q']],
    ['query presence', { prefix: '/', query_parameters: [{ name: 'q', present_match: true }] }, ['/?q', '/?q=', '/?a&q=3'], ['/', '/?qq', '/?a=q']],
  ])('match by %s', (_name, match, hits, misses) => {
    const table = tableOf(routesJson('r', [route('c', match)]));
    for (const path of hits) expect([path, table.match(request('h', path), random) !== undefined]).toEqual([path, true]);
    for (const path of misses) expect([path, table.match(request('h', path), random) !== undefined]).toEqual([path, false]);
  });

  test('gRPC is told by its content type', () => {
    const table = tableOf(routesJson('r', [route('c', { prefix: '/', grpc: {} })]));
    const sent = (type: string) => table.match(request('h', '/', { 'content-type': type }), random) !== undefined;
    expect([sent('application/grpc'), sent('application/grpc+proto'), sent('application/grpc-web')]).toEqual([true, true, false]);
  });

  test.each<[string, Json, readonly string[], readonly (string | undefined)[]]>([
    ['exact', { string_match: { exact: 'v' } }, ['v'], ['V', 'vv', undefined]],
    ['exact without case', { string_match: { exact: 'V', ignore_case: true } }, ['v', 'V'], ['w']],
    ['prefix', { string_match: { prefix: 'v' } }, ['v', 'vv'], ['wv']],
    ['suffix', { suffix_match: 'v' }, ['v', 'wv'], ['vw']],
    ['contains', { string_match: { contains: 'v' } }, ['avb'], ['ab']],
    ['regex', { string_match: { safe_regex: { regex: 'v+' } } }, ['v', 'vvv'], ['av', '']],
    ['range', { range_match: { start: '-1', end: '3' } }, ['-1', '0', '2'], ['3', 'x', '', undefined]],
    ['presence', { present_match: true }, ['', 'v'], [undefined]],
    ['absence', { present_match: false }, [], ['v']],
    ['inverted', { string_match: { exact: 'v' }, invert_match: true }, ['w'], ['v']],
    ['missing as empty', { string_match: { exact: '' }, treat_missing_header_as_empty: true }, [''], ['v']],
  ])('match by header, %s', (_name, matcher, hits, misses) => {
    const table = tableOf(routesJson('r', [route('c', { prefix: '/', headers: [{ name: 'X-Test', ...matcher }] })]));
    const sent = (value: string | undefined) =>
      table.match(request('h', '/', value === undefined ? {} : { 'x-test': value }), random) !== undefined;
    for (const value of hits) expect([value, sent(value)]).toEqual([value, true]);
    for (const value of misses) expect([value, sent(value)]).toEqual([value, false]);
  });

  test('an inverted test of a value matches where the header is not there', () => {
    const matcher = { name: 'x', string_match: { exact: 'v' }, invert_match: true };
    expect(tableOf(routesJson('r', [route('c', { prefix: '/', headers: [matcher] })])).match(request('h', '/'), random)).toBeDefined();
  });

  test('pseudo-headers are matched like headers', () => {
    const headers = [{ name: ':method', string_match: { exact: 'POST' } }, { name: ':path', string_match: { contains: '?' } }];
    const table = tableOf(routesJson('r', [route('c', { prefix: '/', headers })]));
    expect(table.match(request('h', '/?x', {}, 'POST'), random)).toBeDefined();
    expect(table.match(request('h', '/', {}, 'POST'), random)).toBeUndefined();
    expect(table.match(request('h', '/?x'), random)).toBeUndefined();
  });

  test('a fraction of requests can be taken', () => {
    const fraction = { default_value: { numerator: 25, denominator: 'HUNDRED' } };
    const table = tableOf(routesJson('r', [route('some', { prefix: '/', runtime_fraction: fraction }), routeTo('rest')]));
    let some = 0;
    for (let index = 0; index < 10_000; index += 1) {
      if (answer(table.match(request('h', '/'), random), request('h', '/')) === 'some') some += 1;
    }
    expect(Math.abs(some - 2500)).toBeLessThan(150);
  });

  test('several fractions look at one number: each begins where the one before ends', () => {
    const below = (numerator: number) => ({ prefix: '/', runtime_fraction: { default_value: { numerator, denominator: 'HUNDRED' } } });
    const table = tableOf(routesJson('r', [route('a', below(20)), route('b', below(50)), route('never', below(40)), routeTo('rest')]));
    const found: Record<string, number> = {};
    for (let index = 0; index < 10_000; index += 1) {
      const name = answer(table.match(request('h', '/'), random), request('h', '/'));
      found[name] = (found[name] ?? 0) + 1;
    }
    expect(Object.keys(found).sort()).toEqual(['a', 'b', 'rest']);
    for (const [name, share] of [['a', 2000], ['b', 3000], ['rest', 5000]] as const) expect(Math.abs((found[name] ?? 0) - share)).toBeLessThan(200);
  });
});

describe('answers', () => {
  const prefix = { prefix: '/' };

  test('weights are followed', () => {
    const clusters = [{ name: 'a', weight: 90 }, { name: 'none', weight: 0 }, { name: 'b', weight: 10 }];
    const table = tableOf(routesJson('r', [{ match: prefix, route: { weighted_clusters: { clusters } } }]));
    const counts = new Map<string, number>();
    const head = request('h', '/');
    for (let index = 0; index < 10_000; index += 1) {
      const cluster = answer(table.match(head, random), head);
      counts.set(cluster, (counts.get(cluster) ?? 0) + 1);
    }
    expect(Math.abs((counts.get('b') ?? 0) - 1000)).toBeLessThan(100);
    expect(counts.get('none')).toBeUndefined();
  });

  test('matching makes nothing: the same request gets the same object', () => {
    const table = tableOf(routesJson('r', [routeTo('a')]));
    expect(table.match(request('h', '/'), random)).toBe(table.match(request('h', '/'), random));
  });

  test('a header can name the cluster', () => {
    const table = tableOf(routesJson('r', [{ match: prefix, route: { cluster_header: 'X-Cluster' } }]));
    const head = request('h', '/', { 'x-cluster': 'chosen' });
    expect(answer(table.match(head, random), head)).toBe('chosen');
    expect(answer(table.match(request('h', '/'), random), head)).toBe('');
  });

  test('a direct response', () => {
    const table = tableOf(routesJson('r', [{ match: prefix, direct_response: { status: 418, body: { inline_bytes: 'aGk=' } } }]));
    expect(table.match(request('h', '/'), random)?.action).toEqual({ kind: 'direct-response', status: 418, body: 'hi' });
  });

  test.each<[Json, string, string]>([
    [{ https_redirect: true }, 'a.com:80', 'https://a.com/x?q=1'],
    [{ https_redirect: true }, 'a.com:8080', 'https://a.com:8080/x?q=1'],
    [{ host_redirect: 'b.com' }, 'a.com:80', 'http://b.com/x?q=1'],
    [{ host_redirect: 'b.com', port_redirect: 81 }, 'a.com', 'http://b.com:81/x?q=1'],
    [{ port_redirect: 81 }, '[::1]:80', 'http://[::1]:81/x?q=1'],
    [{ path_redirect: '/y' }, 'a.com', 'http://a.com/y?q=1'],
    [{ path_redirect: '/y?z=2' }, 'a.com', 'http://a.com/y?z=2'],
    [{ path_redirect: '/y', strip_query: true }, 'a.com', 'http://a.com/y'],
    [{ prefix_rewrite: '/p/' }, 'a.com', 'http://a.com/p/x?q=1'],
    [{ regex_rewrite: { pattern: { regex: '/(.)' }, substitution: '/\\1\\1' } }, 'a.com', 'http://a.com/xx?q=1'],
  ])('the redirect %j of %s leads to %s', (redirect, authority, location) => {
    const table = tableOf(routesJson('r', [{ match: prefix, redirect }]));
    const head = request(authority, '/x?q=1');
    expect(answer(table.match(head, random), head)).toBe(`301 ${location}`);
  });

  test('a virtual host can insist on https', () => {
    const table = tableOf({ virtual_hosts: [{ name: 'a', domains: ['*'], require_tls: 'ALL', routes: [routeTo('a')] }] });
    const plain = request('a.com:80', '/x');
    expect(answer(table.match(plain, random), plain)).toBe('301 https://a.com/x');
    const secure = request('a.com', '/x', { 'x-forwarded-proto': 'https' });
    expect(answer(table.match(secure, random), secure)).toBe('a');
  });
});

describe('changes on the way', () => {
  const info = new StreamInfo({ remote: client, local: { host: '10.2.2.2', port: 80 } });

  function send(route: Json, head: RequestHead, table: Json = {}) {
    const match = tableOf({ ...routesJson('r', [route]), ...table }).match(head, random);
    match?.changeRequest?.(head, info);
    return { match, head };
  }

  test.each<[Json, Json, string, string]>([
    [{ prefix: '/a' }, { prefix_rewrite: '/b' }, '/a/c?d', '/b/c?d'],
    [{ prefix: '/a/' }, { prefix_rewrite: '/' }, '/a/c', '/c'],
    [{ path: '/a' }, { prefix_rewrite: '/b' }, '/a?d', '/b?d'],
    [{ safe_regex: { regex: '/a.*' } }, { prefix_rewrite: '/b' }, '/a/c?d', '/b?d'],
    [{ prefix: '/' }, { regex_rewrite: { pattern: { regex: '^/v([0-9])/' }, substitution: '/api/\\1/' } }, '/v2/x?v3', '/api/2/x?v3'],
  ])('with match %j and %j the path %s becomes %s', (match, rewrite, before, after) => {
    const { head } = send({ match, route: { cluster: 'c', ...rewrite } }, request('h', before));
    expect(head.path).toBe(after);
    expect(head.get('x-envoy-original-path')).toBe(before);
  });

  test('the host is rewritten, and what it was is noted', () => {
    const route = routeTo('c', { host_rewrite_literal: 'inner', append_x_forwarded_host: true });
    const { head } = send(route, request('outer:80', '/'));
    expect([head.authority, head.get('host'), head.get('x-forwarded-host'), head.get('x-envoy-original-host')]).toEqual(['inner', 'inner', 'outer:80', 'outer:80']);
  });

  test('header rules act from the cluster outwards, so that the table has the last word', () => {
    const set = (value: string) => ({ request_headers_to_add: [{ header: { key: 'x-level', value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }] });
    const route = {
      match: { prefix: '/' },
      route: { weighted_clusters: { clusters: [{ name: 'c', weight: 1, ...set('cluster') }] } },
      ...set('route'),
    };
    expect(send(route, request('h', '/'), set('table')).head.get('x-level')).toBe('table');
    const specific = { ...set('table'), most_specific_header_mutations_wins: true };
    expect(send(route, request('h', '/'), specific).head.get('x-level')).toBe('cluster');
  });

  test.each([
    ['APPEND_IF_EXISTS_OR_ADD', 'old, new', 'new'],
    ['ADD_IF_ABSENT', 'old', 'new'],
    ['OVERWRITE_IF_EXISTS_OR_ADD', 'new', 'new'],
    ['OVERWRITE_IF_EXISTS', 'new', undefined],
  ])('%s gives %s where the header was, and %s where it was not', (append_action, existing, absent) => {
    for (const value of ['new', '%REQ(:METHOD)%']) {
      const route = { ...routeTo('c'), request_headers_to_add: [{ header: { key: 'x', value }, append_action }] };
      const expected = (text: string | undefined) => text?.replace('new', value === 'new' ? 'new' : 'GET');
      expect(send(route, request('h', '/', { x: 'old' })).head.get('x')).toBe(expected(existing));
      expect(send(route, request('h', '/')).head.get('x')).toBe(expected(absent));
    }
  });

  test('operators are filled in, and a header without a value is left out', () => {
    const add = (key: string, value: string) => ({ header: { key, value } });
    const route = {
      ...routeTo('c'),
      request_headers_to_add: [add('x-client', 'from %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'), add('x-none', '%REQ(missing)%'), add('x-percent', '100%%')],
    };
    const { head } = send(route, request('h', '/'));
    expect([head.get('x-client'), head.get('x-none'), head.get('x-percent')]).toEqual(['from 10.1.1.1', undefined, '100%']);
  });

  test('response headers may quote the request', () => {
    const route = { ...routeTo('c'), response_headers_to_add: [{ header: { key: 'x-path', value: '%REQ(:PATH)%' } }], response_headers_to_remove: ['server'] };
    const { match, head } = send(route, request('h', '/p'));
    const response = ResponseHead.of(200, { server: 'x' });
    match?.changeResponse?.(response, info, head);
    expect([response.get('x-path'), response.get('server')]).toEqual(['/p', undefined]);
  });
});

describe('mistakes', () => {
  test('an expression that is no RE2 is reported with its path, and matches nothing', () => {
    const { table, problems } = compile(routesJson('r', [{ match: { safe_regex: { regex: '(a' } }, route: { cluster: 'c' } }]));
    expect(problems.map(({ path }) => path)).toEqual(['virtual_hosts[0].routes[0].match.safe_regex.regex']);
    expect(table.match(request('h', '/a'), random)).toBeUndefined();
  });

  test('an unknown operator in a header value is reported with its path', () => {
    const { problems } = compile({ ...routesJson('r', [routeTo('c')]), request_headers_to_add: [{ header: { key: 'x', value: '%NOPE%' } }] });
    expect(problems[0]).toMatchObject({ path: 'request_headers_to_add[0].header.value', severity: 'error' });
  });

  test('a regex without the engine for it is a problem, not a crash', () => {
    const decoded = decodeRouteConfiguration(routesJson('r', [{ match: { safe_regex: { regex: 'a' } }, route: { cluster: 'c' } }]));
    if (!decoded.ok) throw new Error('must decode');
    expect(compileRouteTable(decoded.value, { regexEngine: noRegexEngine, setsEnvoyHeaders: true }).problems).toHaveLength(1);
  });

  test('an expression that would take others for ever takes no time', () => {
    const table = tableOf(routesJson('r', [{ match: { safe_regex: { regex: '(/a+)+b' } }, route: { cluster: 'c' } }]));
    const head = request('h', `/${'a'.repeat(20_000)}`);
    const before = performance.now();
    expect(table.match(head, random)).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
