/** Copies of requests for others: what they are sent, and that nobody waits for them. */
import { expect, test } from 'vitest';
import { answerWith, createAnsweringUpstream, resets, saysNothing, startFilterProxy, startRawUpstream, type FilterFixtureOptions, type UpstreamAnswer } from './testing/index.ts';

/** A proxy that mirrors to one cluster, whose host gives these answers. */
async function start(mirror: object, answers: readonly UpstreamAnswer[] = [answerWith(200, 'nobody reads this')], options: Partial<FilterFixtureOptions> = {}) {
  const shadow = createAnsweringUpstream(answers);
  const server = await startRawUpstream(shadow.script);
  const proxy = await startFilterProxy({
    filters: [],
    clusters: { shadow: [server.address] },
    route: { route: { cluster: 'backend', request_mirror_policies: [{ cluster: 'shadow', ...mirror }] } },
    ...options,
  });
  const mirrored = async (count = 1): Promise<void> => {
    while (shadow.bodies.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return {
    proxy,
    shadow,
    mirrored,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('a mirror gets the request under another name, and its answer is for nobody', async () => {
  await using world = await start({});
  const response = await world.proxy.request({ path: '/x?y=1' });
  expect(response.body.toString()).toBe('hello');
  await world.mirrored();
  expect(world.shadow.heads[0]).toMatch(/^GET \/x\?y=1 HTTP\/1.1\r\n.*host: a.test-shadow\r\n/s);
  while (world.proxy.metric('envoy_cluster_upstream_rq', { envoy_cluster_name: 'shadow' }) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(world.proxy.metric('envoy_cluster_upstream_rq_completed', { envoy_cluster_name: 'backend' })).toBe(1);
});

test('a port stays behind the name', async () => {
  await using world = await start({});
  await world.proxy.request({ headers: { host: 'a.test:8080' } });
  await world.mirrored();
  expect(world.shadow.heads[0]).toContain('host: a.test-shadow:8080\r\n');
});

test.each([
  [{ disable_shadow_host_suffix_append: true }, 'a.test'],
  [{ host_rewrite_literal: 'b.test' }, 'b.test'],
])('the name may be as it was, or another: %j', async (fields, host) => {
  await using world = await start(fields);
  await world.proxy.request();
  await world.mirrored();
  expect(world.shadow.heads[0]).toContain(`host: ${host}\r\n`);
});

test('bodies are mirrored whole', async () => {
  await using world = await start({});
  const body = 'x'.repeat(100_000);
  await world.proxy.request({ method: 'POST', body });
  await world.mirrored();
  expect(world.shadow.bodies[0] === body).toBe(true);
});

test('bodies that are too long are not, and the request itself goes through', async () => {
  await using world = await start({}, undefined, { virtualHost: { request_body_buffer_limit: 10 } });
  expect((await world.proxy.request({ method: 'POST', body: 'x'.repeat(11) })).status).toBe(200);
  expect(world.proxy.metric('envoy_cluster_retry_or_shadow_abandoned')).toBe(1);
  await world.proxy.request({ method: 'POST', body: 'short' });
  await world.mirrored();
  expect(world.shadow.bodies).toEqual(['short']);
});

test.each<[string, UpstreamAnswer]>([
  ['resets', resets],
  ['says nothing', saysNothing],
  ['answers badly', answerWith(500)],
])('a mirror that %s is no trouble', async (_what, answer) => {
  await using world = await start({}, [answer]);
  for (let request = 0; request < 3; request += 1) expect((await world.proxy.request()).status).toBe(200);
  await world.mirrored(3);
});

test('a mirror that says nothing is let go with the timeout of the route', async () => {
  const policies = { request_mirror_policies: [{ cluster: 'shadow' }] };
  await using world = await start({}, [saysNothing], { route: { route: { cluster: 'backend', timeout: '0.05s', ...policies } } });
  await world.proxy.request();
  await world.mirrored();
  while (world.proxy.metric('envoy_cluster_upstream_rq_active', { envoy_cluster_name: 'shadow' }) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(world.proxy.metric('envoy_cluster_upstream_rq_timeout', { envoy_cluster_name: 'shadow' })).toBe(1);
});

test('none, some or all requests are mirrored', async () => {
  await using world = await start({ runtime_fraction: { default_value: { numerator: 50 } } });
  for (let request = 0; request < 60; request += 1) await world.proxy.request();
  await world.mirrored();
  const count = world.shadow.heads.length;
  expect(count).toBeGreaterThan(10);
  expect(count).toBeLessThan(50);
});

test('a header may name the mirror, and one that is not there is none', async () => {
  const header = { request_mirror_policies: [{ cluster_header: 'x-mirror' }] };
  await using world = await start({}, undefined, { route: { route: { cluster: 'backend', ...header } } });
  expect((await world.proxy.request({ headers: { 'x-mirror': 'nowhere' } })).status).toBe(200);
  expect((await world.proxy.request()).status).toBe(200);
  await world.proxy.request({ headers: { 'x-mirror': 'shadow' } });
  await world.mirrored();
  expect(world.shadow.heads).toHaveLength(1);
});

test('a virtual host speaks for routes that say nothing', async () => {
  await using world = await start({}, undefined, { route: {}, virtualHost: { request_mirror_policies: [{ cluster: 'shadow' }] } });
  await world.proxy.request();
  await world.mirrored();
  expect(world.shadow.heads).toHaveLength(1);
});
