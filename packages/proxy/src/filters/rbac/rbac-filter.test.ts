import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { ConnectionInfo } from '../../downstream/connection-info.ts';
import type { Stream } from '../../stream.ts';
import { createFilterContexts } from '../filter-context.ts';
import { rbacFactory } from './rbac-filter.ts';
import { createTestStream, startFilterProxy, type FilterFixture, type FilterFixtureOptions, type FixtureRequest } from '../../testing/index.ts';

const type = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC' };
const perRouteType = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute' };
const anyone = [{ any: true }];
const policy = (permissions: readonly object[], principals: readonly object[] = anyone): object => ({ permissions, principals });

const start = (config: object, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture> =>
  startFilterProxy({ filters: [{ name: 'rbac', typed_config: { ...type, ...config } }], ...more });

/** The statuses of requests under one policy that lets pass what matches it. */
async function statuses(one: object, ...requests: FixtureRequest[]): Promise<number[]> {
  await using proxy = await start({ rules: { policies: { one } } });
  const found: number[] = [];
  for (const request of requests) found.push((await proxy.request(request)).status);
  return found;
}

const path = (prefix: string): object => ({ url_path: { path: { prefix } } });
const header = (name: string, exact: string): object => ({ header: { name, string_match: { exact } } });

describe('rules', () => {
  test('that allow refuse everybody else', async () => {
    await using proxy = await start({ rules: { action: 'ALLOW', policies: { admins: policy([path('/admin')], [header('x-role', 'admin')]) } } });
    expect((await proxy.request({ path: '/admin/x', headers: { 'x-role': 'admin' } })).status).toBe(200);
    const { status, body } = await proxy.request({ path: '/admin/x' });
    expect([status, body.toString(), proxy.upstreamHeads.length]).toEqual([403, 'RBAC: access denied', 1]);
    expect([await proxy.nextLog(), await proxy.nextLog()]).toEqual(['200 - via_upstream', '403 - rbac_access_denied_matched_policy[none]']);
    expect([proxy.metric('envoy_http_rbac_allowed'), proxy.metric('envoy_http_rbac_denied')]).toEqual([1, 1]);
  });

  test('that deny name the first policy by name', async () => {
    await using proxy = await start({ rules: { action: 'DENY', policies: { 'z last': policy(anyone), 'no admins': policy([path('/admin')]), 'none here': policy([path('/x')]) } } });
    expect((await proxy.request({ path: '/admin' })).status).toBe(403);
    expect(await proxy.nextLog()).toBe('403 - rbac_access_denied_matched_policy[no_admins]');
  });

  test('that log let everything pass', async () => {
    await using proxy = await start({ rules: { action: 'LOG', policies: { all: policy(anyone) } } });
    expect((await proxy.request()).status).toBe(200);
  });

  test('without policies refuse everybody; without rules nobody is refused', async () => {
    await using nobody = await start({ rules: {} });
    await using everybody = await start({});
    expect([(await nobody.request()).status, (await everybody.request()).status]).toEqual([403, 200]);
  });

  test('in the shadow only count', async () => {
    await using proxy = await start({ shadow_rules: { policies: { all: policy([path('/a')]) } }, shadow_rules_stat_prefix: 'next_' });
    expect([(await proxy.request({ path: '/a' })).status, (await proxy.request({ path: '/b' })).status]).toEqual([200, 200]);
    expect([proxy.metric('envoy_http_rbac_next_shadow_allowed'), proxy.metric('envoy_http_rbac_next_shadow_denied')]).toEqual([1, 1]);
  });

  test('of a route stand instead of those of the filter, and an empty one takes them away', async () => {
    const routes = [
      { match: { prefix: '/open' }, route: { cluster: 'backend' }, typed_per_filter_config: { rbac: perRouteType } },
      { match: { prefix: '/some' }, route: { cluster: 'backend' }, typed_per_filter_config: { rbac: { ...perRouteType, rbac: { rules: { policies: { a: policy([header('x-a', '1')]) } } } } } },
      { match: { prefix: '/' }, route: { cluster: 'backend' } },
    ];
    await using proxy = await start({ rules: {} }, { routes });
    const found = [];
    for (const request of [{ path: '/' }, { path: '/open' }, { path: '/some' }, { path: '/some', headers: { 'x-a': '1' } }]) found.push((await proxy.request(request)).status);
    expect(found).toEqual([403, 200, 403, 200]);
  });
});

describe('conditions', () => {
  test('on the path do not see its query', async () => {
    const exact = policy([{ url_path: { path: { exact: '/a' } } }]);
    expect(await statuses(exact, { path: '/a?b=c' }, { path: '/a/b' })).toEqual([200, 403]);
  });

  test('can be joined and turned round', async () => {
    const both = policy([{ and_rules: { rules: [path('/a'), { not_rule: header(':method', 'POST') }] } }]);
    expect(await statuses(both, { path: '/a' }, { path: '/a', method: 'POST' }, { path: '/b' })).toEqual([200, 403, 403]);
    const either = policy(anyone, [{ or_ids: { ids: [header('x-a', '1'), { and_ids: { ids: [header('x-b', '1'), { not_id: header('x-c', '1') }] } }] } }]);
    const requests = [{ 'x-a': '1' }, { 'x-b': '1' }, { 'x-b': '1', 'x-c': '1' }].map((headers) => ({ headers }));
    expect(await statuses(either, ...requests)).toEqual([200, 200, 403]);
  });

  test('on addresses and ports', async () => {
    const range = (address_prefix: string, prefix_len: number): object => ({ address_prefix, prefix_len });
    const passes = async (permission: object, principal: object = { any: true }): Promise<number[]> => statuses(policy([permission], [principal]), {});
    const any = { any: true };
    expect(await passes({ destination_ip: range('127.0.0.0', 8) })).toEqual([200]);
    expect(await passes({ destination_ip: range('10.0.0.0', 8) })).toEqual([403]);
    expect(await passes({ destination_port_range: { start: 1024, end: 65_536 } })).toEqual([200]);
    expect(await passes({ destination_port: 1 })).toEqual([403]);
    expect(await passes(any, { direct_remote_ip: range('127.0.0.1', 32) })).toEqual([200]);
    expect(await passes(any, { source_ip: range('10.0.0.0', 8) })).toEqual([403]);
  });

  test('on the client believe x-forwarded-for, those on the peer do not', async () => {
    const inside = { address_prefix: '10.0.0.0', prefix_len: 8 };
    const headers = { 'x-forwarded-for': '8.8.8.8, 10.1.1.1' };
    expect(await statuses(policy(anyone, [{ remote_ip: inside }]), { headers }, { headers: { 'x-forwarded-for': '10.1.1.1, 8.8.8.8' } })).toEqual([200, 403]);
    expect(await statuses(policy(anyone, [{ direct_remote_ip: inside }]), { headers })).toEqual([403]);
  });
});

test('conditions on the name that a client asked for see none where no TLS is spoken', async () => {
  expect(await statuses(policy([{ requested_server_name: { exact: '' } }]), {})).toEqual([200]);
  expect(await statuses(policy([{ requested_server_name: { suffix: '.test' } }]), {})).toEqual([403]);
});

test('conditions on addresses tell the peer from whom its PROXY header names', () => {
  const range = (address_prefix: string): object => ({ address_prefix, prefix_len: 32 });
  const engine = (principal: object): ((stream: Stream) => boolean) => {
    const decoded = rbacFactory.decode({ rules: { policies: { one: policy(anyone, [principal]) } } }, '');
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
    const time = new SimulatedTime();
    const filter = rbacFactory.create(decoded.value, createFilterContexts({ clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() })('test'));
    return (stream) => filter.onRequest?.(stream) === 'continue';
  };
  const stream = createTestStream();
  stream.info.downstreamRemote = { host: '10.0.0.1', port: 1 };
  stream.info.connection = new ConnectionInfo({ remote: { host: '192.168.0.9', port: 2 }, local: stream.info.downstreamLocal });
  expect([{ direct_remote_ip: range('192.168.0.9') }, { source_ip: range('10.0.0.1') }, { direct_remote_ip: range('10.0.0.1') }, { source_ip: range('192.168.0.9') }].map((principal) => engine(principal)(stream))).toEqual([true, true, false, false]);
});

describe('a matcher', () => {
  const typed = (name: string, fields: object = {}): object => ({ name: 'a', typed_config: { '@type': `type.googleapis.com/${name}`, ...fields } });
  const input = (header_name: string): object => typed('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name });
  const act = (name: string, action: string): object => ({ action: typed('envoy.config.rbac.v3.Action', { name, action }) });
  const when = (header: string, value_match: object): object => ({ single_predicate: { input: input(header), value_match } });

  test('takes the first of a list that fits, and refuses when none does', async () => {
    const not_matcher = when('x-b', { exact: '1' });
    const matchers = [
      { predicate: when(':path', { prefix: '/admin' }), on_match: act('no admins', 'DENY') },
      { predicate: { and_matcher: { predicate: [when(':method', { exact: 'GET' }), { or_matcher: { predicate: [when('x-a', { exact: '1' }), { not_matcher }] } }] } }, on_match: act('readers', 'ALLOW') },
    ];
    await using proxy = await start({ matcher: { matcher_list: { matchers } } });
    const found = [];
    for (const request of [{ path: '/admin' }, {}, { headers: { 'x-b': '1' } }, { headers: { 'x-a': '1', 'x-b': '1' } }, { method: 'PUT' }]) found.push((await proxy.request(request)).status);
    expect(found).toEqual([403, 200, 403, 200, 403]);
    expect(await proxy.nextLog()).toBe('403 - rbac_access_denied_matched_policy[no_admins]');
  });

  test('looks values up, exactly or by the longest prefix, and has trees in trees', async () => {
    const paths = { '/': act('all', 'DENY'), '/open': act('open', 'ALLOW'), '/open/not': act('not', 'DENY') };
    const byPath = { matcher: { matcher_tree: { input: input(':path'), prefix_match_map: { map: paths } } } };
    const matcher_tree = { input: input(':authority'), exact_match_map: { map: { 'a.test': byPath } } };
    await using proxy = await start({ matcher: { matcher_tree, on_no_match: act('elsewhere', 'ALLOW') } });
    const found = [];
    for (const request of [{ path: '/open/x' }, { path: '/open/not' }, { path: '/x' }, { path: '/x', headers: { host: 'b.test' } }]) found.push((await proxy.request(request)).status);
    expect(found).toEqual([200, 403, 403, 200]);
  });

  test('with what is not known is refused', async () => {
    const refused = (matcher: object): Promise<string> => start({ matcher }).then(() => 'started', (reason: Error) => reason.message);
    expect(await refused({ on_no_match: { action: typed('a.B') } })).toMatch(/matcher\.on_no_match\.action\.typed_config\.@type: is a\.B, must be envoy\.config\.rbac\.v3\.Action/);
    expect(await refused({ matcher_tree: { input: typed('a.Input'), exact_match_map: { map: {} } } })).toMatch(/input\.typed_config\.@type: is a\.Input, which is not known/);
    expect(await refused({ matcher_tree: { input: input('a'), custom_match: typed('a.B') } })).toMatch(/custom_match: is not supported/);
  });
});

test('what shadow rules say is there for the filters behind', async () => {
  const shadow = { shadow_rules: { policies: { readers: policy([header(':method', 'GET')]) } }, shadow_rules_stat_prefix: 'next_' };
  const said = (key: string, exact: string): object => ({ metadata: { filter: 'envoy.filters.http.rbac', path: [{ key }], value: { string_match: { exact } } } });
  const behind = { name: 'behind', typed_config: { ...type, rules: { policies: { all: policy([said('next_shadow_engine_result', 'allowed')], [said('next_shadow_effective_policy_id', 'readers')]) } } } };
  await using proxy = await startFilterProxy({ filters: [{ name: 'rbac', typed_config: { ...type, ...shadow } }, behind] });
  expect([(await proxy.request()).status, (await proxy.request({ method: 'PUT' })).status]).toEqual([200, 403]);
});

test('conditions on what a route says about itself', async () => {
  const ofRoute = { sourced_metadata: { metadata_source: 'ROUTE', metadata_matcher: { filter: 'team', path: [{ key: 'open' }], value: { bool_match: true } } } };
  const routes = [
    { match: { prefix: '/open' }, route: { cluster: 'backend' }, metadata: { filter_metadata: { team: { open: true } } } },
    { match: { prefix: '/' }, route: { cluster: 'backend' } },
  ];
  await using proxy = await start({ rules: { policies: { open: policy([ofRoute]) } } }, { routes });
  expect([(await proxy.request({ path: '/open' })).status, (await proxy.request()).status]).toEqual([200, 403]);
});

test('conditions that cannot be asked are refused, never left out', async () => {
  const refused = async (permission: object, principal: object = { any: true }): Promise<string> => {
    const started = start({ rules: { policies: { one: policy([permission], [principal]) } } });
    return started.then(() => 'started', (reason: Error) => reason.message);
  };
  expect(await refused({ metadata: { filter: 'a', value: {} } })).toMatch(/rules\.policies\.one\.permissions\[0\]\.metadata\.path: is required/);
  expect(await refused({ matcher: { name: 'a' } })).toMatch(/permissions\[0\]\.matcher: is not supported/);
  expect(await refused({ any: true }, { not_id: { custom: {} } })).toMatch(/principals\[0\]\.not_id\.custom: is not supported/);
  expect(await refused({})).toMatch(/permissions\[0\]: must have one of any, and_rules/);
  expect(await refused({ any: false })).toMatch(/permissions\[0\]\.any: is false, must be true/);
  expect(await refused({ destination_ip: { address_prefix: '1.2.3', prefix_len: 8 } })).toMatch(/address_prefix: is "1\.2\.3", must be an IP address/);
  expect(await refused({ url_path: { path: { safe_regex: { regex: '[' } } } })).toMatch(/rules\.policies\["one"\]\.permissions\[0\]\.url_path\.path\.safe_regex\.regex/);
  let deep: object = { any: true };
  for (let depth = 0; depth < 200; depth += 1) deep = { not_rule: deep };
  expect(await refused(deep)).toMatch(/stands in 101 others/);
});
