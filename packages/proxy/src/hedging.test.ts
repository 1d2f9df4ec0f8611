/** Tries beside a late one: the first good answer counts, whoever gives it, and nobody answers twice. */
import { expect, test } from 'vitest';
import { answerWith, startFilterProxy, type RawPeer } from './testing/index.ts';

const hedged = { cluster: 'backend', hedge_policy: { hedge_on_per_try_timeout: true }, retry_policy: { retry_on: '5xx', per_try_timeout: '0.05s', num_retries: 2 } };

/** An upstream that leaves answering to the test: one peer per request, since none is answered while another waits. */
async function start(route: object = hedged, manager: object = {}) {
  const peers: RawPeer[] = [];
  const proxy = await startFilterProxy({
    filters: [],
    route: { route },
    manager,
    upstream: async (peer) => {
      await peer.readHead();
      peers.push(peer);
    },
  });
  const asked = async (count: number) => {
    while (peers.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { proxy, peers, asked, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

test('a late try goes on beside the next, and its answer counts when it comes first', async () => {
  await using world = await start();
  const response = world.proxy.request();
  await world.asked(2);
  world.peers[0]?.write(answerWith(200, 'the late one'));
  expect((await response).body.toString()).toBe('the late one');
  expect((await world.peers[1]?.readToEnd())?.toString()).toBe('');
  expect(world.proxy.metric('envoy_cluster_upstream_rq_per_try_timeout')).toBe(1);
  expect(world.proxy.metric('envoy_cluster_upstream_rq_retry_success')).toBe(1);
});

test('the next one answers first, and the late one is let go', async () => {
  await using world = await start();
  const response = world.proxy.request();
  await world.asked(2);
  world.peers[1]?.write(answerWith(200, 'the second'));
  expect((await response).body.toString()).toBe('the second');
  expect((await world.peers[0]?.readToEnd())?.toString()).toBe('');
  expect(world.proxy.metric('envoy_cluster_upstream_rq_active')).toBe(0);
});

test('a bad answer of the late one is dropped while another may still come', async () => {
  await using world = await start();
  const response = world.proxy.request();
  await world.asked(2);
  world.peers[0]?.write(answerWith(503, 'bad'));
  await world.asked(2);
  world.peers[1]?.write(answerWith(200, 'good'));
  expect((await response).body.toString()).toBe('good');
});

test('when all answers are bad, the last one is the client\'s', async () => {
  await using world = await start({ ...hedged, retry_policy: { ...hedged.retry_policy, num_retries: 1 } });
  const response = world.proxy.request();
  await world.asked(2);
  world.peers[0]?.write(answerWith(503, 'first'));
  while (world.proxy.metric('envoy_cluster_retry_upstream_rq') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  world.peers[1]?.write(answerWith(503, 'second'));
  expect((await response).body.toString()).toBe('second');
  expect(await world.proxy.nextLog()).toBe('503 URX via_upstream');
});

test('a request may ask for it by itself', async () => {
  const trusting = { use_remote_address: true, internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] } };
  await using world = await start({ cluster: 'backend' }, trusting);
  const headers = { 'x-envoy-retry-on': '5xx', 'x-envoy-hedge-on-per-try-timeout': 'true', 'x-envoy-upstream-rq-per-try-timeout-ms': '50' };
  const response = world.proxy.request({ headers });
  await world.asked(2);
  world.peers[0]?.write(answerWith(200, 'late'));
  expect((await response).body.toString()).toBe('late');
});
