/** Clusters made of others, in a whole proxy. */
import { endpointJson, staticClusterJson, typed, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { countEach, startSimulatedMesh } from '../testing/simulated-mesh.ts';

const hosts = ['10.0.1.1:80', '10.0.1.2:80', '10.0.2.1:80', '10.0.2.2:80'];
const [a1, a2, b1, b2] = hosts as [string, string, string, string];

const aggregate = (name: string, clusters: readonly string[], fields: Json = {}): Json => ({
  name,
  lb_policy: 'CLUSTER_PROVIDED',
  cluster_type: { name: 'envoy.clusters.aggregate', typed_config: typed('envoy.extensions.clusters.aggregate.v3.ClusterConfig', { clusters }) },
  ...fields,
});

const ill = (address: string) => endpointJson(address, { health_status: 'UNHEALTHY' });

const start = (clusters: readonly Json[]) => startSimulatedMesh({ hosts, clusters });

test('the first cluster gets everything as long as it is well', async () => {
  const mesh = await start([aggregate('all', ['a', 'b']), staticClusterJson('a', [a1, a2]), staticClusterJson('b', [b1, b2])]);
  expect(countEach(await mesh.ask(4))).toEqual({ [a1]: 2, [a2]: 2 });
  expect(mesh.metric('upstream_rq_total', 'a')).toBe(4);
  expect(mesh.metric('upstream_rq_total', 'all')).toBe(0);
});

test('what it cannot take falls to the next, as from one priority to the next', async () => {
  const mesh = await start([aggregate('all', ['a', 'b']), staticClusterJson('a', [a1, ill(a2)]), staticClusterJson('b', [b1, b2])]);
  const counts = countEach(await mesh.ask(1000));
  // Half of it is well: 50 % × 1.4.
  expect(counts[a1]).toBeGreaterThan(650);
  expect(counts[a1]).toBeLessThan(750);
  expect(counts[a2]).toBeUndefined();
});

test('it is worked out anew when the health of a part changes', async () => {
  const checked = { health_checks: [{ timeout: '1s', interval: '1s', no_traffic_interval: '1s', unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: '/' } }] };
  const mesh = await start([aggregate('all', ['a', 'b']), staticClusterJson('a', [a1], checked), staticClusterJson('b', [b1])]);
  await mesh.time.advanceAsync(500);
  expect(await mesh.ask(2)).toEqual([a1, a1]);
  mesh.host(a1).status = 500;
  await mesh.time.advanceAsync(2_000);
  expect(await mesh.ask(2)).toEqual([b1, b1]);
});

test('a part that is not there is passed over, and without any the answer is 503', async () => {
  const mesh = await start([aggregate('all', ['nobody', 'b']), staticClusterJson('b', [b1])]);
  expect(await mesh.ask()).toEqual([b1]);
  expect(await (await start([aggregate('all', ['nobody'])])).ask()).toEqual(['503']);
  expect(await (await start([aggregate('all', ['a', 'b']), staticClusterJson('a', []), staticClusterJson('b', [])])).ask()).toEqual(['503']);
});

test('aggregates may hold aggregates, and one that holds itself does no harm', async () => {
  const mesh = await start([aggregate('all', ['inner', 'all']), aggregate('inner', ['a', 'b']), staticClusterJson('a', [ill(a1)]), staticClusterJson('b', [b1])]);
  expect(await mesh.ask(2)).toEqual([b1, b1]);
});
