import type { MetricFamily } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { toConventions } from './conventional-names.ts';

function named(name: string, type: MetricFamily['type']): string | undefined {
  return toConventions([{ name, type, help: '', bounds: [], samples: [] }])[0]?.name;
}

test.each([
  ['envoy_cluster_upstream_rq_retry', 'counter', 'envoy_cluster_upstream_rq_retry_total'],
  ['kn_activator_stats_conn_errors_total', 'counter', 'kn_activator_stats_conn_errors_total'],
  ['revision_request_count', 'counter', 'revision_request_count'],
  ['envoy_cluster_upstream_cx_active', 'gauge', 'envoy_cluster_upstream_cx_active'],
  ['kn_revision_pods_count', 'gauge', 'kn_revision_pods_count'],
  ['http_server_request_duration_seconds', 'histogram', 'http_server_request_duration_seconds'],
] as const)('%s, a %s, is %s', (name, type, expected) => {
  expect(named(name, type)).toBe(expected);
});

test('a name that is taken stays with whom it belongs to', () => {
  const families = ['envoy_cluster_upstream_rq', 'envoy_cluster_upstream_rq_total'].map((name) => ({ name, type: 'counter' as const, help: '', bounds: [], samples: [] }));
  expect(toConventions(families).map(({ name }) => name)).toEqual(['envoy_cluster_upstream_rq_each_total', 'envoy_cluster_upstream_rq_total']);
});

test('times of Envoy are in seconds, values and bounds', () => {
  const [family] = toConventions([{ name: 'envoy_http_downstream_cx_length_ms', type: 'histogram', help: '', bounds: [500, 1000], samples: [{ labels: {}, value: 250, count: 1, buckets: [1, 0, 0] }] }]);
  expect(family).toEqual({ name: 'envoy_http_downstream_cx_length_seconds', type: 'histogram', help: '', bounds: [0.5, 1], samples: [{ labels: {}, value: 0.25, count: 1, buckets: [1, 0, 0] }] });
});
