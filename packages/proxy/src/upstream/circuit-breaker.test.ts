/** What of a cluster is in use at once, and what is shown of it. */
import { createMeter } from '@sluice/kernel';
import { describe, expect, test } from 'vitest';
import { Statistics } from '../statistics.ts';
import { createTestCluster, createTestConfig, createTestRoute, startRawUpstream, startTestProxy } from '../testing/index.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

const unlimited = { connectionsMax: 1024, pendingRequestsMax: 1024, requestsMax: 1024, retriesMax: 3 };

function shown() {
  const meter = createMeter();
  const upstream = new Statistics(meter).upstream('a');
  const read = (name: string) => meter.collect().find((family) => family.name === `envoy_cluster_circuit_breakers_${name}`)?.samples[0]?.value;
  return { upstream, read };
}

describe('a circuit breaker', () => {
  test('is open while a limit is reached, each on its own', () => {
    const { upstream, read } = shown();
    const breaker = new CircuitBreaker({ connectionsMax: 5, pendingRequestsMax: 2, requestsMax: 3, retriesMax: 1, connectionPoolsMax: 1 });
    upstream.watchBreaker('default', breaker);
    const names = ['cx_open', 'rq_pending_open', 'rq_open', 'rq_retry_open', 'cx_pool_open'].map((name) => `default_${name}`);
    expect(names.map(read)).toEqual([0, 0, 0, 0, 0]);
    Object.assign(breaker, { connections: 5, requests: 2, pending: 1, retries: 1, pools: 1 });
    expect(names.map(read)).toEqual([1, 0, 1, 1, 1]);
  });

  test('of a cluster that was made anew is shown in place of the old one', () => {
    const { upstream, read } = shown();
    upstream.watchBreaker('default', new CircuitBreaker({ ...unlimited, connectionsMax: 0 }));
    upstream.watchBreaker('default', new CircuitBreaker(unlimited));
    expect(read('default_cx_open')).toBe(0);
  });

  test('says how much is left where that is wanted, never less than nothing', () => {
    const { upstream, read } = shown();
    const breaker = new CircuitBreaker({ ...unlimited, connectionsMax: 1, tracksRemaining: true });
    upstream.watchBreaker('high', breaker);
    Object.assign(breaker, { connections: 2, requests: 20, pending: 4, retries: 1 });
    expect(['remaining_cx', 'remaining_rq', 'remaining_pending', 'remaining_retries'].map((name) => read(`high_${name}`))).toEqual([0, 1000, 1020, 2]);
    expect(read('high_remaining_cx_pools')).toBe(2 ** 32 - 1);
  });

  test('lets a budget decide how many retries there may be', () => {
    const breaker = new CircuitBreaker({ ...unlimited, retryBudget: { ratio: 0.2, retriesMin: 3 } });
    breaker.retries = 3;
    expect(breaker.allowsRetry).toBe(false);
    breaker.requests = 20;
    expect(breaker.allowsRetry).toBe(true);
  });
});

describe('a route of high priority', () => {
  const limits = { ...unlimited, requestsMax: 1 };
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a.test\r\n\r\n`;
  const byPath = {
    name: 'by path',
    match: (head: { path: string }) => createTestRoute({ isHighPriority: head.path === '/high' }),
  };

  test('finds room while all that there is for others is in use, on a connection of its own', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      const head = await peer.readHead();
      if (head.startsWith('GET /high')) peer.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nurgent');
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], routes: byPath, cluster: { ...limits, highPriority: limits } }));
    const [first, second, third] = [await proxy.connect(), await proxy.connect(), await proxy.connect()];
    first.write(get('/'));
    while (proxy.metric('envoy_cluster_upstream_rq_active') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    second.write(get('/'));
    expect(await second.readHead()).toMatch(/^HTTP\/1.1 503.*x-envoy-overloaded: true/s);
    third.write(get('/high'));
    expect(await third.readUntil('urgent')).toMatch(/^HTTP\/1.1 200/);
    expect(proxy.metric('envoy_cluster_circuit_breakers_default_rq_open')).toBe(1);
    expect(proxy.metric('envoy_cluster_circuit_breakers_high_rq_open')).toBe(0);
    expect(upstream.peers).toHaveLength(2);
  });
});

describe('connections', () => {
  const answers = async (peer: { readHead(): Promise<string>; write(text: string): void }) => {
    for (;;) {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nserved');
    }
  };
  const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';

  test('to one host are as many as each host may have', async () => {
    await using upstream = await startRawUpstream(answers);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], cluster: { hostConnectionsMax: 2 } }));
    const clients = await Promise.all(Array.from({ length: 10 }, () => proxy.connect()));
    for (const client of clients) client.write(get);
    for (const client of clients) await client.readUntil('served');
    expect(upstream.peers.length).toBeLessThanOrEqual(2);
    expect(proxy.metric('envoy_cluster_upstream_cx_overflow')).toBeGreaterThan(0);
  });

  test('of a pool that serves nobody make room for the pool of another host', async () => {
    await using one = await startRawUpstream(answers);
    await using other = await startRawUpstream(answers);
    const cluster = createTestCluster('backend', [one.address, other.address], { connectionPoolsMax: 1 });
    const config = createTestConfig({ upstreams: [] });
    await using proxy = await startTestProxy({ ...config, clusters: new Map([['backend', cluster]]) });
    for (let request = 0; request < 4; request += 1) {
      const client = await proxy.connect();
      client.write(get);
      expect(await client.readUntil('served')).toMatch(/^HTTP\/1.1 200/);
    }
    expect([one.peers.length, other.peers.length]).toEqual([2, 2]);
  });

  test('beyond the number of pools are refused while all serve somebody: 503 UH', async () => {
    const holds = async (peer: { readHead(): Promise<string> }) => void (await peer.readHead());
    await using one = await startRawUpstream(holds);
    await using other = await startRawUpstream(holds);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [one.address, other.address], cluster: { connectionPoolsMax: 1 } }));
    const [first, second] = [await proxy.connect(), await proxy.connect()];
    first.write(get);
    while (proxy.metric('envoy_cluster_upstream_rq_active') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    second.write(get);
    expect(await second.readHead()).toMatch(/^HTTP\/1.1 503/);
    expect(proxy.metric('envoy_cluster_upstream_cx_pool_overflow')).toBe(1);
  });
});
