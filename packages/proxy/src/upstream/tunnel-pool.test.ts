/** The one connection of a tunnel, on a network where opening one takes a while. */
import { Host } from '@sluice/balancing';
import { endpointAt } from '@sluice/balancing/testing';
import { expect, test } from 'vitest';
import { startUpstreamContext } from '../testing/upstream-context.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { UpstreamExchange } from './host-pool.ts';
import { TunnelPool } from './tunnel-pool.ts';

async function begin(connectionsMax = 100) {
  const { time, network, context } = startUpstreamContext();
  let accepted = 0;
  await network.view('host', '10.0.0.3').listen({ host: '10.0.0.3', port: 80 }, (connection) => {
    accepted += 1;
    connection.handler = { onData() {}, onDrain() {}, onEnd: () => connection.end(), onClose() {} };
  });
  const statistics = context.statistics.upstream('app');
  const breaker = new CircuitBreaker({ connectionsMax, pendingRequestsMax: 100, requestsMax: 100, retriesMax: 3 });
  const pool = new TunnelPool({ host: new Host(endpointAt('10.0.0.3:80')), connectTimeoutMs: 1000, context, statistics, breaker });
  const got: (UpstreamExchange | string)[] = [];
  const client = { comesByHttp2: false, onConnection: (exchange: UpstreamExchange) => void got.push(exchange), onNoConnection: (code: string) => void got.push(code) };
  return { time, pool, client, got, statistics, breaker, accepted: () => accepted };
}

test('is opened for it, and counts until it closes', async () => {
  const { time, pool, client, got, breaker, accepted } = await begin();
  pool.request(client);
  await time.advance(100);
  expect([got.length, breaker.connections, accepted()]).toEqual([1, 1, 1]);
  (got[0] as UpstreamExchange).abort();
  await time.advance(100);
  expect(breaker.connections).toBe(0);
});

test('closes when it opens after its client has left', async () => {
  const { time, pool, client, got, breaker, statistics } = await begin();
  pool.request(client);
  pool.cancel(client);
  expect([breaker.connections, breaker.pending]).toEqual([1, 0]);
  await time.advance(100);
  expect(got).toEqual([]);
  expect([breaker.connections, statistics.connectionsActive]).toEqual([0, 0]);
});

test('is not opened above the limit of its cluster', async () => {
  const { time, pool, client, got, accepted } = await begin(0);
  pool.request(client);
  await time.advance(100);
  expect(got).toEqual(['upstream-overflow']);
  expect(accepted()).toBe(0);
});
