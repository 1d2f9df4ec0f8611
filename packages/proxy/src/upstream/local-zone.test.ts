/** Routing by zone, and what else holds for all clusters, in a whole proxy. */
import { edsClusterJson, endpointJson, staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { countEach, startSimulatedMesh } from '../testing/simulated-mesh.ts';

const inA = ['10.0.1.1:80', '10.0.1.2:80', '10.0.1.3:80'];
const inB = ['10.0.2.1:80', '10.0.2.2:80', '10.0.2.3:80'];

const zone = (name: string, endpoints: readonly string[]): Json => ({ locality: { region: 'r', zone: name }, lb_endpoints: endpoints.map((address) => endpointJson(address)) });

const assignment = (cluster_name: string, a: readonly string[], b: readonly string[]): Json => ({ cluster_name, endpoints: [zone('a', a), zone('b', b)] });

/** A proxy in zone a, one of so many there and in b. */
const start = (fields: Json = {}) =>
  startSimulatedMesh({
    hosts: [...inA, ...inB],
    clusters: [edsClusterJson('app', fields), edsClusterJson('edge')],
    assignments: { app: assignment('app', inA, inB), edge: assignment('edge', ['10.0.9.1:80'], ['10.0.9.2:80']) },
    clusterManager: { localZone: { clusterName: 'edge', locality: { region: 'r', zone: 'a', subZone: '' } } },
  });

const partInA = (answers: readonly string[]): number => answers.filter((answer) => inA.includes(answer)).length / answers.length;

test('requests stay in the zone of the proxy when it can take them', async () => {
  const mesh = await start();
  expect(countEach(await mesh.ask(9))).toEqual({ '10.0.1.1:80': 3, '10.0.1.2:80': 3, '10.0.1.3:80': 3 });
  expect(mesh.metric('lb_zone_routing_all_directly')).toBe(9);
});

test('when proxies are spread otherwise, so are their requests', async () => {
  const mesh = await start();
  await mesh.ask();
  // Now two thirds of the proxies are in zone a, which has half of the hosts.
  await mesh.assign('edge', assignment('edge', ['10.0.9.1:80', '10.0.9.3:80'], ['10.0.9.2:80']));
  expect(partInA(await mesh.ask(1000))).toBeCloseTo(0.75, 1);
  expect(mesh.metric('lb_zone_routing_cross_zone')).toBeGreaterThan(0);
});

test('a cluster that is too small, or weighs its localities, takes no notice', async () => {
  const small = await start({ common_lb_config: { zone_aware_lb_config: { min_cluster_size: 7 } } });
  expect(partInA(await small.ask(60))).toBe(0.5);
  expect(small.metric('lb_zone_cluster_too_small')).toBeGreaterThan(0);
  const weighted = await start({ common_lb_config: { locality_weighted_lb_config: {} } });
  expect(partInA(await weighted.ask(60))).toBe(0.5);
});

test('ejections are told of in a file, where one is named', async () => {
  const fields = { outlier_detection: { consecutive_5xx: 2, max_ejection_percent: 60, base_ejection_time: '5s', interval: '1s', enforcing_success_rate: 0 } };
  const mesh = await startSimulatedMesh({
    hosts: inA.slice(0, 2),
    clusters: [staticClusterJson('app', inA.slice(0, 2), fields)],
    clusterManager: { outlierEventLogPath: '/var/log/outliers' },
  });
  mesh.host('10.0.1.1:80').status = 503;
  await mesh.ask(6);
  await mesh.time.advanceAsync(8_000);
  const told = mesh.logLines.map((line) => JSON.parse(line) as Json);
  expect(told).toEqual([
    { timestamp: expect.stringMatching(/^2026-01-01T00:00:0/) as string, cluster_name: 'app', upstream_url: '10.0.1.1:80', action: 'EJECT', type: 'CONSECUTIVE_5XX', enforced: true },
    { timestamp: expect.any(String) as string, cluster_name: 'app', upstream_url: '10.0.1.1:80', action: 'UNEJECT' },
  ]);
});
