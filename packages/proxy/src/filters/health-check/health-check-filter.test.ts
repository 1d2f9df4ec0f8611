import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { ResponseHead } from '@sluice/http';
import { expect, test } from 'vitest';
import { createTestStream, startFilterProxy } from '../../testing/index.ts';
import type { HttpFilter } from '../filter.ts';
import { createFilterContexts } from '../filter-context.ts';
import type { ClusterHosts } from '../proxy-health.ts';
import { healthCheckFactory } from './health-check-filter.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck';
const headers = [{ name: ':path', string_match: { exact: '/healthz' } }];

/** The filter alone, in a proxy whose health the test decides. */
function createFilter(config: object, clusters: Readonly<Record<string, ClusterHosts>> = {}) {
  const time = new SimulatedTime();
  const state = { isFailing: false };
  const decoded = healthCheckFactory.decode({ headers, ...config }, '');
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  const health = { nodeCluster: 'edge', isFailing: () => state.isFailing, hostsOf: (name: string) => clusters[name] };
  const meter = createMeter();
  const filter: HttpFilter = healthCheckFactory.create(decoded.value, createFilterContexts({ clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter, health })('test'));
  const ask = (path = '/healthz') => {
    const stream = createTestStream({ path });
    const verdict = filter.onRequest?.(stream);
    return { stream, verdict, reply: stream.replies[0] };
  };
  /** The upstream answers what the filter let pass. */
  const answer = ({ stream }: ReturnType<typeof ask>, status: number) => {
    stream.info.responseStartAt = 1;
    stream.response = ResponseHead.of(status);
    filter.onResponse?.(stream);
    return stream.response;
  };
  return { time, state, ask, answer };
}

test('it answers by itself, for its own path only', async () => {
  await using proxy = await startFilterProxy({ filters: [{ name: 'health', typed_config: { '@type': typeName, pass_through_mode: false, headers, cluster_min_healthy_percentages: { backend: { value: 50 } } } }] });
  const { status, body } = await proxy.request({ path: '/healthz' });
  expect([status, body.length]).toEqual([200, 0]);
  expect((await proxy.request()).body.toString()).toBe('hello');
  expect([await proxy.nextLog(), proxy.metric('envoy_http_health_check_ok'), proxy.metric('envoy_http_health_check_request_total')]).toEqual(['200 - health_check_ok', 1, 1]);
});

test('a proxy that fails says so, to checks and with every other response', () => {
  const { state, ask, answer } = createFilter({ pass_through_mode: true });
  expect(ask().verdict).toBe('continue');
  state.isFailing = true;
  expect(ask().reply).toEqual({ status: 503, details: 'health_check_failed', flag: 'LH' });
  expect(answer(ask('/other'), 200).get('x-envoy-immediate-health-check-fail')).toBe('true');
});

test.each([
  ['enough of each', { a: 50, b: 0 }, { a: { total: 2, healthy: 1 }, b: { total: 0, healthy: 0 } }, 200, 'health_check_ok'],
  ['too few', { a: 51 }, { a: { total: 2, healthy: 1 } }, 503, 'health_check_failed_cluster_unhealthy'],
  ['nobody there', { a: 1 }, { a: { total: 0, healthy: 0 } }, 503, 'health_check_failed_cluster_empty'],
  ['a cluster that is not there', { a: 0 }, {}, 503, 'health_check_failed_no_cluster_found'],
])('of clusters: %s', (_, percentages, clusters, status, details) => {
  const cluster_min_healthy_percentages = Object.fromEntries(Object.entries(percentages).map(([name, value]) => [name, { value }]));
  const { ask } = createFilter({ pass_through_mode: false, cluster_min_healthy_percentages }, clusters as Record<string, ClusterHosts>);
  expect(ask().reply).toMatchObject({ status, details });
});

test('what the upstream said stands for it for a while', () => {
  const { time, ask, answer } = createFilter({ pass_through_mode: true, cache_time: '5s' });
  expect(answer(ask(), 204).get('x-envoy-upstream-healthchecked-cluster')).toBe('edge');
  time.advance(4_999);
  expect(ask().reply).toEqual({ status: 204, details: 'health_check_cached' });
  time.advance(1);
  expect(answer(ask(), 500).status).toBe(500);
  expect(ask().reply).toEqual({ status: 500, details: 'health_check_cached', flag: 'LH' });
});

test('contradictions are told', () => {
  const problems = (config: object): unknown => healthCheckFactory.decode(config, '').problems.map(({ path, message }) => `${path}: ${message}`);
  expect(problems({})).toEqual(['pass_through_mode: is required']);
  expect(problems({ pass_through_mode: false, cache_time: '1s' })).toEqual([expect.stringMatching(/^cache_time: is set, but only answers of the upstream/)]);
  expect(problems({ pass_through_mode: true, cluster_min_healthy_percentages: { a: { value: 1 } } })).toEqual([expect.stringMatching(/^cluster_min_healthy_percentages: is set, but the upstream answers/)]);
});
