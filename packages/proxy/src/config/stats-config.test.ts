/** What an operator says about statistics shows on the pages of the admin server. */
import { createMeter } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { startTlsProxy, tlsListener, backendCluster, type Json } from '../testing/tls-fixture.ts';
import { withHistogramBuckets } from './stats-config.ts';

const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };

async function pages(stats_config: Json): Promise<{ readonly text: string; readonly prometheus: string }> {
  const proxy = await startTlsProxy({ listeners: [tlsListener(undefined)], clusters: [backendCluster(1), { ...backendCluster(1), name: 'other' }] }, {}, { admin, stats_config });
  try {
    const { host, port } = proxy.running.adminAddress ?? { host: '', port: 0 };
    await fetch(`http://127.0.0.1:${proxy.address.port}/`);
    const read = async (path: string) => (await fetch(`http://${host}:${port}${path}`)).text();
    return { text: await read('/stats'), prometheus: await read('/stats/prometheus') };
  } finally {
    await proxy.stop();
  }
}

test('only what is included is shown, by dotted name on either page', async () => {
  const { text, prometheus } = await pages({ stats_matcher: { inclusion_list: { patterns: [{ prefix: 'cluster.other.upstream_rq' }, { safe_regex: { regex: 'server\\.l.*e' } }] } } });
  expect(text).toContain('cluster.other.upstream_rq_total: 0\n');
  expect(text).toContain('server.live: 1\n');
  expect(text).not.toMatch(/^(http|listener|cluster\.backend|server\.uptime)/m);
  expect(prometheus).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="other"} 0\n');
  expect(prometheus).not.toContain('envoy_cluster_name="backend"');
});

test('what is excluded is not shown, and with reject_all nothing is', async () => {
  const { text } = await pages({ stats_matcher: { exclusion_list: { patterns: [{ prefix: 'cluster.' }] } } });
  expect(text).not.toMatch(/^cluster\./m);
  expect(text).toContain('http.front.downstream_rq_total: 1\n');
  expect(await pages({ stats_matcher: { reject_all: true } })).toEqual({ text: '\n', prometheus: '' });
});

test('histograms have the buckets that are configured for them', async () => {
  const { prometheus } = await pages({ histogram_bucket_settings: [{ match: { prefix: 'http.' }, buckets: [2, 4.5] }] });
  const bounds = [...prometheus.matchAll(/^envoy_http_downstream_rq_time_bucket\{.*le="([^"]+)"\}/gm)].map((found) => found[1]);
  expect(bounds).toEqual(['2', '4.5', '+Inf']);
  expect(prometheus).toMatch(/envoy_cluster_upstream_rq_time_bucket\{.*le="3600000"\}/);
});

test('a family keeps the buckets it was made with', () => {
  const meter = withHistogramBuckets(createMeter(), [{ match: { kind: 'contains', value: '.b.', ignoreCase: false }, bounds: [1] }]);
  for (const cluster of ['a', 'b']) meter.histogram('envoy_cluster_upstream_rq_time', '', [5, 10], { envoy_cluster_name: cluster }).observe(7);
  expect(meter.collect()[0]).toMatchObject({ bounds: [5, 10], samples: [{ buckets: [0, 1, 0] }, { buckets: [0, 1, 0] }] });
});
