import { createMeter } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { Statistics } from './statistics.ts';

test('a circuit is open while its limit is reached, and a new cluster of the name goes on with the numbers', () => {
  const meter = createMeter();
  const statistics = new Statistics(meter);
  const upstream = statistics.upstream('a');
  const read = (name: string) => meter.collect().find((family) => family.name === `envoy_cluster_circuit_breakers_default_${name}`)?.samples[0]?.value;
  upstream.requestsActive = 2;
  upstream.requestsPending = 1;
  upstream.connectionsActive = 5;
  expect([read('cx_open'), read('rq_pending_open'), read('rq_open')]).toEqual([0, 0, 0]);
  statistics.upstream('a').limits = { connectionsMax: 5, pendingRequestsMax: 2, requestsMax: 3 };
  expect([read('cx_open'), read('rq_pending_open'), read('rq_open')]).toEqual([1, 0, 1]);
});
