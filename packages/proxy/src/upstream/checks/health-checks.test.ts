/** Active checks over HTTP in a whole proxy, on a simulated network and clock. What they do to traffic is in host-health.test.ts. */
import { assignmentJson, edsClusterJson, staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startSimulatedMesh } from '../../testing/simulated-mesh.ts';

const first = '10.0.1.1:80';
const second = '10.0.1.2:80';
const checked = '10.0.1.9:8081';
const hosts = [first, second, checked];

const check = (http: Json, fields: Json = {}): Json => ({
  timeout: '1s',
  interval: '2s',
  no_traffic_interval: '2s',
  unhealthy_threshold: 2,
  healthy_threshold: 1,
  http_health_check: { path: '/healthz', ...http },
  ...fields,
});

const start = (health: Json, endpoints: readonly (string | Json)[] = [first], fields: Json = {}) =>
  startSimulatedMesh({ hosts, clusters: [staticClusterJson('app', endpoints, { health_checks: [health], ...fields })] });

test('checks go by one connection, which is kept, or each by its own', async () => {
  const kept = await start(check({}));
  await kept.time.advanceAsync(7_000);
  expect(kept.host(first).asked).toHaveLength(4);
  expect(kept.host(first).connections).toBe(1);
  const fresh = await start(check({}, { reuse_connection: false }));
  await fresh.time.advanceAsync(7_000);
  expect(fresh.host(first).connections).toBe(4);
});

test('a connection that its host has closed in the meantime is no failure', async () => {
  const mesh = await start(check({}));
  mesh.host(first).headers = 'connection: close\r\n';
  await mesh.time.advanceAsync(7_000);
  expect(mesh.metric('health_check_failure')).toBe(0);
  expect(mesh.metric('health_check_success')).toBe(4);
});

test('connections of checks are not counted among those of requests', async () => {
  const mesh = await start(check({}));
  await mesh.time.advanceAsync(3_000);
  expect(mesh.metric('upstream_cx_total')).toBe(0);
  await mesh.ask();
  expect(mesh.metric('upstream_cx_total')).toBe(1);
});

test('an endpoint may say where and under which name it is asked', async () => {
  const endpoint = {
    address: { socket_address: { address: '10.0.1.1', port_value: 80 } },
    health_check_config: { address: { socket_address: { address: '10.0.1.9', port_value: 80 } }, port_value: 8081, hostname: 'check.test' },
  };
  const mesh = await start(check({ request_headers_to_remove: ['User-Agent'] }), [{ endpoint }]);
  await mesh.time.advanceAsync(100);
  expect(mesh.host(checked).heads).toEqual([expect.stringMatching(/^GET \/healthz HTTP\/1.1\r\n[^]*host: check\.test\r\n/i)]);
  expect(mesh.host(checked).heads[0]).not.toContain('user-agent');
  expect(mesh.host(first).asked).toEqual([]);
  expect(await mesh.ask()).toEqual([first]);
});

test('who answers must be the service that is meant', async () => {
  const mesh = await start(check({ service_name_matcher: { prefix: 'orders' } }));
  mesh.host(first).headers = 'x-envoy-upstream-healthchecked-cluster: orders-v1\r\n';
  await mesh.time.advanceAsync(100);
  expect(mesh.metric('membership_healthy')).toBe(1);
  mesh.host(first).headers = 'x-envoy-upstream-healthchecked-cluster: billing\r\n';
  await mesh.time.advanceAsync(2_100);
  expect(mesh.metric('membership_healthy')).toBe(0);
});

test('a response may say that its host wants no requests, and a check ends that', async () => {
  const mesh = await start(check({}), [first, second], { common_lb_config: { healthy_panic_threshold: { value: 0 } } });
  await mesh.time.advanceAsync(100);
  mesh.host(first).headers = 'x-envoy-immediate-health-check-fail: 1\r\n';
  expect([...(await mesh.ask(2))].sort()).toEqual([first, second]);
  expect(await mesh.ask(4)).toEqual([second, second, second, second]);
  expect(mesh.metric('health_check_passive_failure')).toBe(1);
  expect(mesh.metric('membership_excluded')).toBe(1);
  expect(mesh.proxy.clusters()[0]?.hosts[0]?.healthFlags).toContain('excluded_via_immediate_hc_fail');
  // As long as its answers to checks say so too, it stays out.
  await mesh.time.advanceAsync(2_100);
  expect(await mesh.ask(2)).toEqual([second, second]);
  mesh.host(first).headers = '';
  await mesh.time.advanceAsync(2_100);
  expect([...(await mesh.ask(2))].sort()).toEqual([first, second]);
});

test('each result is logged where that is wanted', async () => {
  const mesh = await start(check({}, { always_log_health_check_success: true }));
  await mesh.time.advanceAsync(5_000);
  expect(mesh.logger.events.filter(({ event }) => event === 'health checked')).toHaveLength(3);
});

const eds = (fields: Json) => startSimulatedMesh({
  hosts,
  clusters: [edsClusterJson('app', { health_checks: [check({})], ...fields })],
  assignments: { app: assignmentJson('app', [first, second]) },
});

test('a host that its source takes away stays as long as checks find it well', async () => {
  const mesh = await eds({});
  await mesh.time.advanceAsync(100);
  await mesh.assign('app', assignmentJson('app', [second]));
  expect([...(await mesh.ask(2))].sort()).toEqual([first, second]);
  expect(mesh.proxy.clusters()[0]?.hosts.map(({ healthFlags }) => healthFlags)).toEqual([[], ['pending_dynamic_removal']]);
  mesh.host(first).status = 503;
  await mesh.time.advanceAsync(2_100);
  expect(mesh.proxy.clusters()[0]?.hosts.map(({ address }) => address)).toEqual([second]);
  expect(await mesh.ask(2)).toEqual([second, second]);
});

test('or goes at once, where that is wanted, or when it is not well', async () => {
  const mesh = await eds({ ignore_health_on_host_removal: true });
  await mesh.time.advanceAsync(100);
  await mesh.assign('app', assignmentJson('app', [second]));
  expect(mesh.proxy.clusters()[0]?.hosts).toHaveLength(1);
  const ill = await eds({});
  ill.host(first).status = 503;
  await ill.time.advanceAsync(100);
  await ill.assign('app', assignmentJson('app', [second]));
  expect(ill.proxy.clusters()[0]?.hosts.map(({ address }) => address)).toEqual([second]);
});

test('a host that comes back while it was to go is one like the others', async () => {
  const mesh = await eds({});
  await mesh.time.advanceAsync(100);
  await mesh.assign('app', assignmentJson('app', [second]));
  await mesh.assign('app', assignmentJson('app', [first, second]));
  expect(mesh.proxy.clusters()[0]?.hosts.map(({ healthFlags }) => healthFlags)).toEqual([[], []]);
  expect(mesh.host(first).connections).toBe(1);
});
