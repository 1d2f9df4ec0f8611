/** What is counted of clusters as such. */
import { createMeter } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { createTestConfig, startTestProxy } from '../testing/index.ts';
import { ClusterManagerStatistics } from './cluster-manager-statistics.ts';

test('clusters are counted as they come, change and go', () => {
  const meter = createMeter();
  let active = 0;
  const statistics = new ClusterManagerStatistics(meter, () => active);
  const [a, b, changed] = [{}, {}, {}];
  const counts = () => meter.collect().map(({ samples }) => samples[0]?.value);
  statistics.countChange(new Map(), new Map([['a', a], ['b', b]]));
  active = 2;
  expect(counts()).toEqual([2, 0, 0, 2]);
  statistics.countChange(new Map([['a', a], ['b', b]]), new Map([['a', changed]]));
  expect(counts()).toEqual([2, 1, 1, 2]);
});

test('a proxy counts those of the configuration in force', async () => {
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [] }));
  expect(proxy.metric('envoy_cluster_manager_active_clusters')).toBe(1);
  const config = createTestConfig({ version: '2', upstreams: [] });
  await proxy.proxy.apply({ ...config, clusters: new Map() });
  expect(['active_clusters', 'cluster_added', 'cluster_removed'].map((name) => proxy.metric(`envoy_cluster_manager_${name}`))).toEqual([0, 1, 1]);
});
