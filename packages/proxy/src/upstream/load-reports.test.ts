/** Balancing by what hosts report of their load, in a whole proxy. */
import { staticClusterJson, typed } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { countEach, startSimulatedMesh } from '../testing/simulated-mesh.ts';

const first = '10.0.1.1:80';
const second = '10.0.1.2:80';
const typeName = 'envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin';

test('who serves more for its utilization gets more', async () => {
  const policies = [{ typed_extension_config: { name: 'x', typed_config: typed(typeName, { blackout_period: '1s', weight_update_period: '0.5s' }) } }];
  const mesh = await startSimulatedMesh({ hosts: [first, second], clusters: [staticClusterJson('app', [first, second], { load_balancing_policy: { policies } })] });
  mesh.host(first).headers = 'endpoint-load-metrics: TEXT cpu_utilization=0.2,rps_fractional=100\r\n';
  mesh.host(second).headers = 'endpoint-load-metrics: JSON {"cpu_utilization":0.6,"rps_fractional":100}\r\n';
  expect(countEach(await mesh.ask(10))).toEqual({ [first]: 5, [second]: 5 });
  await mesh.time.advanceAsync(2_000);
  const counts = countEach(await mesh.ask(400));
  expect(counts[first]).toBeGreaterThanOrEqual(295);
  expect(counts[first]).toBeLessThanOrEqual(305);
});
