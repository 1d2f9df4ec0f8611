/** One route, several clusters: what decides which one a request goes to. */
import { describe, expect, test } from 'vitest';
import { answerWith, createAnsweringUpstream, startFilterProxy, startRawUpstream, type FilterFixtureOptions } from './testing/index.ts';

async function start(weighted: object, route: object = {}, options: Partial<FilterFixtureOptions> = {}) {
  const one = await startRawUpstream(createAnsweringUpstream([answerWith(200, 'one')]).script);
  const two = await startRawUpstream(createAnsweringUpstream([answerWith(200, 'two')]).script);
  const clusters = [{ name: 'one', weight: 30 }, { name: 'two', weight: 70 }];
  const proxy = await startFilterProxy({
    filters: [],
    clusters: { one: [one.address], two: [two.address] },
    route: { route: { weighted_clusters: { clusters, ...weighted }, ...route } },
    ...options,
  });
  return {
    ask: async (headers: Readonly<Record<string, string>> = {}) => {
      const { body, headers: received } = await proxy.request({ headers });
      return { body: body.toString(), cookies: received['set-cookie'] };
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await one[Symbol.asyncDispose]();
      await two[Symbol.asyncDispose]();
    },
  };
}

describe('weighted clusters', () => {
  test('are chosen by chance', async () => {
    await using world = await start({});
    let ones = 0;
    for (let request = 0; request < 100; request += 1) if ((await world.ask()).body === 'one') ones += 1;
    expect(ones).toBeGreaterThan(10);
    expect(ones).toBeLessThan(50);
  });

  test.each([
    ['0', 'one'],
    ['29', 'one'],
    ['30', 'two'],
    ['99', 'two'],
    ['100', 'one'],
    ['18446744073709551615', 'one'],
  ])('are chosen by the number of a header: %s', async (number, cluster) => {
    await using world = await start({ header_name: 'x-number' });
    expect((await world.ask({ 'x-number': number })).body).toBe(cluster);
  });

  test('are chosen by chance when the header says no number', async () => {
    await using world = await start({ header_name: 'x-number' });
    expect((await world.ask({ 'x-number': 'many' })).body).toMatch(/one|two/);
  });

  test('are dealt to sessions by their weights', async () => {
    await using world = await start({ use_hash_policy: true }, { hash_policy: [{ header: { header_name: 'x-user' } }] });
    let ones = 0;
    for (let user = 0; user < 400; user += 1) if ((await world.ask({ 'x-user': `user-${user}` })).body === 'one') ones += 1;
    // 120 of 400; four standard deviations are 37. The users are always the same, so this cannot come and go.
    expect(Math.abs(ones - 120)).toBeLessThan(37);
  });

  test('are chosen by hash, so that the same goes to the same', async () => {
    await using world = await start({ use_hash_policy: true }, { hash_policy: [{ header: { header_name: 'x-user' } }] });
    const chosen = new Map<string, string>();
    for (let user = 0; user < 30; user += 1) chosen.set(String(user), (await world.ask({ 'x-user': String(user) })).body);
    expect(new Set(chosen.values())).toEqual(new Set(['one', 'two']));
    for (const [user, cluster] of chosen) expect((await world.ask({ 'x-user': user })).body).toBe(cluster);
  });

  test('are chosen by a cookie, which a client without one gets once', async () => {
    await using world = await start({ use_hash_policy: true }, { hash_policy: [{ cookie: { name: 'place', ttl: '60s' } }] });
    const first = await world.ask();
    expect(first.cookies?.match(/place=/g)).toHaveLength(1);
    const cookie = first.cookies?.split(';')[0] ?? '';
    for (let request = 0; request < 5; request += 1) expect((await world.ask({ cookie })).body).toBe(first.body);
  });

  test('may be named by a header', async () => {
    const clusters = [{ cluster_header: 'x-cluster', weight: 100 }, { name: 'two', weight: 0 }];
    await using world = await start({ clusters });
    expect((await world.ask({ 'x-cluster': 'one' })).body).toBe('one');
    expect((await world.ask({ 'x-cluster': 'two' })).body).toBe('two');
  });
});

describe('the host that an upstream is told', () => {
  const endpoint = (port: number, hostname: string) => ({ endpoint: { hostname, address: { socket_address: { address: '127.0.0.1', port_value: port } } } });

  test('may be that of the endpoint that was chosen, with what the client had said beside it', async () => {
    const upstream = createAnsweringUpstream([answerWith(503), answerWith(200)]);
    const server = await startRawUpstream(upstream.script);
    const retry = { retry_policy: { retry_on: '5xx', retry_back_off: { base_interval: '0.001s' } } };
    await using proxy = await startFilterProxy({
      filters: [],
      cluster: { load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint(server.address.port, 'inside.test')] }] } },
      route: { route: { cluster: 'backend', auto_host_rewrite: true, append_x_forwarded_host: true, ...retry } },
      router: { suppress_envoy_headers: false },
    });
    await proxy.request();
    expect(upstream.heads).toHaveLength(2);
    for (const head of upstream.heads) {
      expect(head).toContain('host: inside.test\r\n');
      expect(head.match(/x-forwarded-host: a.test\r\n/g)).toHaveLength(1);
      expect(head.match(/x-envoy-original-host: a.test\r\n/g)).toHaveLength(1);
    }
    await server[Symbol.asyncDispose]();
  });

  test('may be made out of the path', async () => {
    await using proxy = await startFilterProxy({
      filters: [],
      route: { route: { cluster: 'backend', host_rewrite_path_regex: { pattern: { regex: '^/([a-z]+)/.*$' }, substitution: '\\1.test' } } },
    });
    await proxy.request({ path: '/shop/cart?x=/y/' });
    expect(proxy.upstreamHeads[0]).toContain('host: shop.test\r\n');
  });
});
