import { describe, expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture } from '../../testing/index.ts';
import { ConnectionBuckets } from './connection-buckets.ts';
import { TokenBucket } from './token-bucket.ts';

const type = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit' };
const all = { default_value: { numerator: 100 } };
const two = { stat_prefix: 'edge', token_bucket: { max_tokens: 2, fill_interval: '60s' } };
const enforced = { filter_enabled: all, filter_enforced: all };

const start = (limit: object, more: object = {}): Promise<FilterFixture> =>
  startFilterProxy({ filters: [{ name: 'limit', typed_config: { ...type, ...limit } }], ...more });

async function statuses(proxy: FilterFixture, count: number, path = '/'): Promise<number[]> {
  const found: number[] = [];
  for (let number = 0; number < count; number += 1) found.push((await proxy.request({ path })).status);
  return found;
}

test('a bucket gives what it has, and fills in steps', () => {
  const bucket = new TokenBucket({ tokensMax: 3, tokensPerFill: 2, fillIntervalMs: 1000 }, 500);
  expect([1, 2, 3, 4].map(() => bucket.take(600))).toEqual([true, true, true, false]);
  expect([bucket.take(1499), bucket.nextFillMs(1499)]).toEqual([false, 1]);
  expect([bucket.tokens(1500), bucket.take(1500), bucket.take(1500), bucket.take(2499)]).toEqual([2, true, true, false]);
  expect([bucket.tokens(90_000), bucket.isFull(90_000)]).toEqual([3, true]);
});

test('buckets of connections that are gone are forgotten once they are full', () => {
  const bucket = { tokensMax: 1, tokensPerFill: 1, fillIntervalMs: 1000 };
  const buckets = new ConnectionBuckets({ bucket, descriptors: [], dynamicDescriptorsMax: 1, alwaysTakesCommon: true });
  for (let connection = 0; connection < 10_000; connection += 1) buckets.of(connection, connection).take([], connection);
  expect(buckets.count).toBeLessThan(2100);
  expect(buckets.of(9_999, 9_999).take([], 9_999).isAllowed).toBe(false);
});

test('requests without a token are refused', async () => {
  await using proxy = await start({ ...two, ...enforced, response_headers_to_add: [{ header: { key: 'x-limited', value: '%REQ(:METHOD)%' } }] });
  expect(await statuses(proxy, 2)).toEqual([200, 200]);
  const { status, body, headers } = await proxy.request();
  expect([status, body.toString(), headers['x-limited']]).toEqual([429, 'local_rate_limited', 'GET']);
  expect([await proxy.nextLog(), await proxy.nextLog(), await proxy.nextLog()]).toEqual(['200 - via_upstream', '200 - via_upstream', '429 RL local_rate_limited']);
  const counted = ['enabled', 'ok', 'rate_limited', 'enforced'].map((name) => proxy.metric(`envoy_http_local_rate_limit_${name}`, { envoy_local_http_ratelimit_prefix: 'edge' }));
  expect(counted).toEqual([3, 2, 1, 1]);
});

test('it is off unless it is switched on, and only counts unless it is enforced', async () => {
  await using off = await start(two);
  expect(await statuses(off, 4)).toEqual([200, 200, 200, 200]);
  expect(off.metric('envoy_http_local_rate_limit_enabled')).toBe(0);
  await using counting = await start({ ...two, filter_enabled: all, request_headers_to_add_when_not_enforced: [{ header: { key: 'x-over', value: '1' } }] });
  expect(await statuses(counting, 3)).toEqual([200, 200, 200]);
  expect(counting.metric('envoy_http_local_rate_limit_rate_limited')).toBe(1);
  expect(counting.upstreamHeads.map((head) => head.includes('x-over: 1'))).toEqual([false, false, true]);
});

test('responses tell what is left', async () => {
  await using proxy = await start({ ...two, ...enforced, enable_x_ratelimit_headers: 'DRAFT_VERSION_03' });
  const told: unknown[] = [];
  for (let number = 0; number < 3; number += 1) {
    const { headers } = await proxy.request();
    told.push([headers['x-ratelimit-limit'], headers['x-ratelimit-remaining'], headers['x-ratelimit-reset']]);
  }
  expect(told).toEqual([['2', '1', '60'], ['2', '0', '60'], ['2', '0', '60']]);
});

test('each connection has a bucket of its own when it shall', async () => {
  await using proxy = await start({ ...two, ...enforced, local_rate_limit_per_downstream_connection: true });
  expect(await statuses(proxy, 5)).toEqual([200, 200, 200, 200, 200]);
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(3));
  expect(await client.readUntil('local_rate_limited')).toMatch(/^(HTTP\/1.1 200 OK[^]*hello){2}HTTP\/1.1 429 Too Many Requests/);
});

test('gRPC clients are told UNAVAILABLE, or RESOURCE_EXHAUSTED where asked for', async () => {
  const grpc = { headers: { 'content-type': 'application/grpc' } };
  const tokens = { ...two, token_bucket: { max_tokens: 1, fill_interval: '60s' }, ...enforced };
  await using plain = await start(tokens);
  await plain.request();
  expect((await plain.request(grpc)).headers['grpc-status']).toBe('14');
  await using exhausted = await start({ ...tokens, rate_limited_as_resource_exhausted: true, status: { code: 'OK' } });
  await exhausted.request();
  expect((await exhausted.request(grpc)).headers['grpc-status']).toBe('8');
  expect((await exhausted.request()).status).toBe(429);
});

test('a route has its limit, which its virtual host shares among routes', async () => {
  const one = { ...type, stat_prefix: 'host', token_bucket: { max_tokens: 1, fill_interval: '60s' }, ...enforced, status: { code: 'ServiceUnavailable' } };
  const route = (prefix: string): object => ({ match: { prefix }, route: { cluster: 'backend' } });
  await using proxy = await start({ stat_prefix: 'none' }, { virtualHost: { typed_per_filter_config: { limit: one } }, routes: [route('/a'), route('/b')] });
  expect([...(await statuses(proxy, 1, '/a')), ...(await statuses(proxy, 1, '/b'))]).toEqual([200, 503]);
});

describe('descriptors', () => {
  const bucket = (max_tokens: number): object => ({ max_tokens, fill_interval: '60s' });
  const descriptor = (entries: Record<string, string>, tokens: number): object => ({ entries: Object.entries(entries).map(([key, value]) => ({ key, value })), token_bucket: bucket(tokens) });
  const byUser = { actions: [{ request_headers: { header_name: 'x-user', descriptor_key: 'user' } }] };
  const routeWith = (fields: object): object => ({ route: { cluster: 'backend', ...fields } });

  async function ask(proxy: FilterFixture, ...users: (string | undefined)[]): Promise<number[]> {
    const found = [];
    for (const user of users) found.push((await proxy.request({ headers: user === undefined ? {} : { 'x-user': user } })).status);
    return found;
  }

  test('give those whom they name a bucket of their own, beside the common one', async () => {
    await using proxy = await start({ stat_prefix: 'a', token_bucket: bucket(4), descriptors: [descriptor({ user: 'ann' }, 1)], ...enforced }, { route: routeWith({ rate_limits: [byUser] }) });
    expect(await ask(proxy, 'ann', 'ann', 'bob', 'bob', undefined, 'bob')).toEqual([200, 429, 200, 200, 200, 429]);
  });

  test('with an open value give each value a bucket, as many as may be', async () => {
    const limit = { stat_prefix: 'a', descriptors: [descriptor({ user: '' }, 1)], max_dynamic_descriptors: 2, ...enforced };
    await using proxy = await start(limit, { route: routeWith({ rate_limits: [byUser] }) });
    expect(await ask(proxy, 'ann', 'bob', 'ann', 'bob', undefined)).toEqual([200, 200, 429, 429, 200]);
    // The third takes the place of the one that was longest unused.
    expect(await ask(proxy, 'eve', 'bob', 'ann')).toEqual([200, 429, 200]);
  });

  test('need not take from the common bucket', async () => {
    const limit = { stat_prefix: 'a', token_bucket: bucket(1), descriptors: [descriptor({ user: 'ann' }, 5)], always_consume_default_token_bucket: false, ...enforced, enable_x_ratelimit_headers: 'DRAFT_VERSION_03' };
    await using proxy = await start(limit, { route: routeWith({ rate_limits: [byUser] }) });
    expect(await ask(proxy, 'ann', 'ann', 'bob', 'bob')).toEqual([200, 200, 200, 429]);
    const { headers } = await proxy.request({ headers: { 'x-user': 'ann' } });
    expect([headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]).toEqual(['5', '2']);
  });

  test('are made of what actions find, or not at all', async () => {
    const actions = [
      { generic_key: { descriptor_value: 'all' } },
      { masked_remote_address: { v4_prefix_mask_len: 8 } },
      { destination_cluster: {} },
      { header_value_match: { descriptor_value: 'get', headers: [{ name: ':method', string_match: { exact: 'GET' } }] } },
      { query_parameter_value_match: { descriptor_value: 'not', expect_match: false, query_parameters: [{ name: 'free', present_match: true }] } },
      { query_parameters: { query_parameter_name: 'q', descriptor_key: 'q', skip_if_absent: true } },
      { metadata: { source: 'ROUTE_ENTRY', descriptor_key: 'team', metadata_key: { key: 'owner', path: [{ key: 'team' }] } } },
    ];
    const entries = { generic_key: 'all', masked_remote_address: '127.0.0.0/8', destination_cluster: 'backend', header_match: 'get', query_match: 'not', team: 'blue' };
    const limit = { stat_prefix: 'a', descriptors: [descriptor(entries, 1)], ...enforced };
    const route = { ...routeWith({ rate_limits: [{ actions }] }), metadata: { filter_metadata: { owner: { team: 'blue' } } } };
    await using proxy = await start(limit, { route });
    const found = [];
    for (const request of [{}, { method: 'PUT' }, { path: '/?free' }, { path: '/?q=1' }, {}]) found.push((await proxy.request(request)).status);
    expect(found).toEqual([200, 200, 200, 200, 429]);
  });

  test('come from the virtual host where the route says nothing, or includes it; and only for their stage', async () => {
    const limit = { stat_prefix: 'a', descriptors: [descriptor({ generic_key: 'host' }, 1)], ...enforced };
    const host = { rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'host' } }] }] };
    const other = [{ stage: 1, actions: [{ generic_key: { descriptor_value: 'host' } }] }];
    const routes = [
      { match: { prefix: '/own' }, ...routeWith({ rate_limits: other }) },
      { match: { prefix: '/both' }, ...routeWith({ rate_limits: other, include_vh_rate_limits: true }) },
      { match: { prefix: '/' }, ...routeWith({}) },
    ];
    await using proxy = await start(limit, { virtualHost: host, routes });
    expect([...(await statuses(proxy, 2, '/own')), ...(await statuses(proxy, 1, '/both')), ...(await statuses(proxy, 1, '/'))]).toEqual([200, 200, 200, 429]);
  });

  test('may be said by the filter itself, and count more than one', async () => {
    const rate_limits = [{ actions: [{ remote_address: {} }], hits_addend: { number: 3 } }];
    await using proxy = await start({ stat_prefix: 'a', descriptors: [descriptor({ remote_address: '127.0.0.1' }, 7)], rate_limits, ...enforced });
    expect(await statuses(proxy, 3)).toEqual([200, 200, 429]);
  });
});

test('what it cannot do is refused', async () => {
  await expect(start({ ...two, descriptors: [{}] })).rejects.toThrow(/typed_config\.descriptors\[0\]\.entries: must name at least one entry/);
  await expect(start({ ...two, local_cluster_rate_limit: {} })).rejects.toThrow(/local_cluster_rate_limit: is not supported/);
  await expect(start({ stat_prefix: 'a', token_bucket: { max_tokens: 1, fill_interval: '0.01s' } })).rejects.toThrow(/fill_interval: is 0\.01s, must be at least 0\.05s/);
  await expect(start({ ...two, status: { code: 'Teapot' } })).rejects.toThrow(/status\.code: is "Teapot"/);
  await expect(start(two, { route: { typed_per_filter_config: { limit: { ...type, stat_prefix: 'a' } } } })).rejects.toThrow(/token_bucket: is required on a route/);
});
