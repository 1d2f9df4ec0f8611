/** What a proxy says of the load of its clusters, by hosts. */
import { assignmentJson, edsClusterJson, endpointJson, staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startSimulatedMesh, type SimulatedMesh } from '../testing/simulated-mesh.ts';
import type { ClusterLoad, HostLoad } from './cluster-load.ts';

const first = '10.0.1.1:80';
const second = '10.0.1.2:80';
const all = { server: '' };

async function start(cluster: Json = {}, route = {}): Promise<SimulatedMesh> {
  const mesh = await startSimulatedMesh({ hosts: [first], clusters: [staticClusterJson('app', [first], cluster)], route });
  mesh.proxy.measureLoad(all);
  return mesh;
}

async function loadOf(mesh: SimulatedMesh): Promise<ClusterLoad | undefined> {
  const [load] = await mesh.proxy.takeLoad(all);
  return load;
}

async function hostOf(mesh: SimulatedMesh): Promise<HostLoad | undefined> {
  return (await loadOf(mesh))?.hosts[0];
}

test('requests are told of once, by how they ended', async () => {
  const mesh = await start();
  await mesh.ask(3);
  mesh.host(first).status = 500;
  await mesh.ask(2);
  mesh.host(first).status = 404;
  await mesh.ask();
  const load = await loadOf(mesh);
  expect(load).toMatchObject({ name: 'app', dropped: 0 });
  expect(load?.hosts).toMatchObject([{ address: { host: '10.0.1.1', port: 80 }, priority: 0, issued: 6, succeeded: 4, failed: 2, inProgress: 0 }]);
  expect(await loadOf(mesh)).toBeUndefined();
});

test('what was before anybody asked is not told of', async () => {
  const mesh = await startSimulatedMesh({ hosts: [first], clusters: [staticClusterJson('app', [first])] });
  await mesh.ask(3);
  mesh.proxy.measureLoad(all);
  await mesh.ask();
  mesh.proxy.measureLoad(all);
  expect(await hostOf(mesh)).toMatchObject({ issued: 1, succeeded: 1 });
});

test('a request under way counts for as long as it is, and its end is told of even if nothing else happens', async () => {
  const mesh = await start({}, { timeoutMs: 2_500 });
  await loadOf(mesh);
  mesh.host(first).status = 0;
  const asked = mesh.ask();
  await mesh.time.advanceUntil(() => mesh.host(first).asked.length === 1, 100);
  const before = mesh.time.now();
  await mesh.time.advanceUntil(() => mesh.time.now() >= before + 1_000, 2_000);
  const early = await hostOf(mesh);
  expect(early).toMatchObject({ issued: 1, succeeded: 0, failed: 0, inProgress: 1 });
  expect(early?.busyMs).toBeGreaterThan(980);
  expect(early?.busyMs).toBeLessThan(1_200);
  expect(await asked).toEqual(['504']);
  const late = await hostOf(mesh);
  expect(late).toMatchObject({ issued: 0, failed: 1, inProgress: 0 });
  expect(late?.busyMs).toBeGreaterThan(1_200);
  expect(await loadOf(mesh)).toBeUndefined();
});

test('requests that nobody was asked for are dropped: at limits without a category, where the control plane wants it by its own', async () => {
  const full = await start({ circuit_breakers: { thresholds: [{ max_requests: 0 }] } });
  await full.ask(2);
  expect(await loadOf(full)).toMatchObject({ dropped: 2, droppedByCategory: {}, hosts: [] });

  const policy = { drop_overloads: [{ category: 'throttle', drop_percentage: { numerator: 100 } }] };
  const turned = await startSimulatedMesh({ hosts: [first], clusters: [edsClusterJson('app', { eds_cluster_config: { eds_config: { ads: {} }, service_name: 'svc' } })], assignments: { app: { ...assignmentJson('svc', [first]), policy } } });
  turned.proxy.measureLoad(all);
  await turned.ask(3);
  expect(await loadOf(turned)).toMatchObject({ serviceName: 'svc', dropped: 3, droppedByCategory: { throttle: 3 } });
});

test('a host that cannot be reached has failed', async () => {
  const mesh = await startSimulatedMesh({ hosts: [], clusters: [staticClusterJson('app', [second])] });
  mesh.proxy.measureLoad(all);
  expect(await mesh.ask()).toEqual(['503']);
  expect(await hostOf(mesh)).toMatchObject({ issued: 1, succeeded: 0, failed: 1 });
});

test('a host that has left is told of until it has nothing under way', async () => {
  const assignment = (address: string): Json => ({ cluster_name: 'app', endpoints: [{ locality: { region: 'north', zone: address }, priority: 0, lb_endpoints: [endpointJson(address)] }] });
  const mesh = await startSimulatedMesh({ hosts: [first, second], clusters: [edsClusterJson('app')], assignments: { app: assignment(first) }, route: { timeoutMs: 1_000 } });
  mesh.proxy.measureLoad(all);
  mesh.host(first).status = 0;
  const asked = mesh.ask();
  await mesh.time.advanceUntil(() => mesh.host(first).asked.length === 1, 100);
  await mesh.assign('app', assignment(second));
  expect((await loadOf(mesh))?.hosts).toMatchObject([{ address: { host: '10.0.1.1' }, locality: { region: 'north', zone: first }, inProgress: 1 }]);
  await asked;
  expect((await loadOf(mesh))?.hosts).toMatchObject([{ address: { host: '10.0.1.1' }, failed: 1, inProgress: 0 }]);
  expect(await loadOf(mesh)).toBeUndefined();
});

test('clusters that name a server of their own are that server’s, and others are not', async () => {
  const own = { lrs_server: { self: {} } };
  const mesh = await startSimulatedMesh({ hosts: [first], clusters: [staticClusterJson('app', [first], own)] });
  mesh.proxy.measureLoad(all);
  mesh.proxy.measureLoad({ server: 'self' });
  await mesh.ask();
  expect(await mesh.proxy.takeLoad(all)).toEqual([]);
  expect(await mesh.proxy.takeLoad({ server: 'self', names: ['other'] })).toEqual([]);
  expect(await mesh.proxy.takeLoad({ server: 'self', names: ['app'] })).toMatchObject([{ name: 'app', hosts: [{ issued: 1 }] }]);
});

test('a cluster that is not wanted any more begins anew when it is wanted again', async () => {
  const mesh = await start();
  await mesh.ask();
  mesh.proxy.measureLoad({ server: '', names: ['other'] });
  mesh.proxy.measureLoad(all);
  expect(await loadOf(mesh)).toBeUndefined();
});

test('what hosts report with their responses is passed on as far as the cluster says', async () => {
  const mesh = await start({ lrs_report_endpoint_metrics: ['cpu_utilization', 'named_metrics.*'] });
  mesh.host(first).headers = 'endpoint-load-metrics: TEXT cpu_utilization=0.25,mem_utilization=0.9,named_metrics.queue=3,named_metrics.depth=1\r\n';
  await mesh.ask(2);
  expect((await hostOf(mesh))?.metrics).toEqual({
    cpu_utilization: { requests: 2, total: 0.5 },
    'named_metrics.queue': { requests: 2, total: 6 },
    'named_metrics.depth': { requests: 2, total: 2 },
  });
});

test('the page of clusters has what became of the requests of each host', async () => {
  const mesh = await start();
  await mesh.ask(2);
  mesh.host(first).status = 503;
  await mesh.ask();
  expect(mesh.proxy.clusters()[0]?.hosts[0]).toMatchObject({ requests: 3, requestsSucceeded: 2, requestsFailed: 1 });
});
