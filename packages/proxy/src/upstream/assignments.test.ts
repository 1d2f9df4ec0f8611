/** What a cluster's assignment says beside its endpoints, in a whole proxy. */
import { assignmentJson, edsClusterJson, endpointJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { countEach, startSimulatedMesh } from '../testing/simulated-mesh.ts';

const hosts = ['10.0.1.1:80', '10.0.1.2:80', '10.0.1.3:80'];
const [first, second, third] = hosts as [string, string, string];

const start = (assignment: Json) => startSimulatedMesh({ hosts, clusters: [edsClusterJson('app')], assignments: { app: assignment } });

const withPolicy = (policy: Json, endpoints: readonly (string | Json)[] = [first]): Json => ({ ...assignmentJson('app', endpoints), policy });

const drop = (category: string, numerator: number): Json => ({ category, drop_percentage: { numerator, denominator: 'HUNDRED' } });

test('a part of requests is turned away where the control plane wants it', async () => {
  const mesh = await start(withPolicy({ drop_overloads: [drop('throttle', 50), drop('lb', 50)] }));
  const counts = countEach(await mesh.ask(2000));
  // Half by the first, half of the rest by the second.
  expect(counts[first]).toBeGreaterThan(430);
  expect(counts[first]).toBeLessThan(570);
  expect(mesh.metric('upstream_rq_drop_overload')).toBe(counts['503']);
  expect(mesh.metric('upstream_rq_total')).toBe(counts[first]);
});

test('all of them, and none once it does not want it any more', async () => {
  const mesh = await start(withPolicy({ drop_overloads: [drop('all', 100)] }));
  expect(await mesh.ask(3)).toEqual(['503', '503', '503']);
  await mesh.assign('app', withPolicy({}));
  expect(await mesh.ask(3)).toEqual([first, first, first]);
});

test('priorities may be full by weight instead of by number', async () => {
  const localities = (weights: readonly number[]) => [
    { lb_endpoints: [endpointJson(first, { load_balancing_weight: weights[0] }), endpointJson(second, { health_status: 'UNHEALTHY', load_balancing_weight: weights[1] })] },
    { priority: 1, lb_endpoints: [endpointJson(third)] },
  ];
  const assignment = (weighted_priority_health: boolean): Json => ({ cluster_name: 'app', endpoints: localities([9, 1]), policy: { weighted_priority_health } });
  // By number half is well: 70 %. By weight nine tenths are, which is enough.
  expect(countEach(await (await start(assignment(false))).ask(500))[third]).toBeGreaterThan(100);
  expect(countEach(await (await start(assignment(true))).ask(500))).toEqual({ [first]: 500 });
});

test('hosts that are draining, ill or too slow get nothing, degraded ones only when the others do not suffice', async () => {
  const withHealth = (address: string, health_status: string) => endpointJson(address, { health_status });
  const mesh = await start(assignmentJson('app', [first, withHealth(second, 'DEGRADED'), withHealth(third, 'TIMEOUT')]));
  const counts = countEach(await mesh.ask(600));
  // A third is well: 46 %; the degraded third takes as much, and what is left goes to those that are well.
  expect(counts[third]).toBeUndefined();
  expect(counts[first]).toBeGreaterThan(counts[second] as number);
  await mesh.assign('app', assignmentJson('app', [first, withHealth(second, 'DRAINING')]));
  expect(countEach(await mesh.ask(10))).toEqual({ [first]: 10 });
});
