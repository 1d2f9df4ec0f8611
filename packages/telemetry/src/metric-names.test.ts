import { createMeter } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { withMetricNames, type MetricNames } from './metric-names.ts';

function read(names: MetricNames) {
  const meter = createMeter();
  const labels = { k8s_namespace_name: 'default', kn_service_name: 'hello', kn_configuration_name: 'hello', kn_revision_name: 'hello-00001' };
  meter.gauge('kn_revision_pods_count', 'Pods that are ready.', labels).set(3);
  meter.histogram('kn_autoscaler_scrape_duration_seconds', 'Time to ask.', [0.005, 1], labels).observe(0.5);
  meter.counter('sluice_autoscaler_scrapes_total', 'Scrapes.', { outcome: 'pods' }).add(2);
  return withMetricNames(meter, names, { pod_name: 'autoscaler-1' }).collect();
}

const olderLabels = { pod_name: 'autoscaler-1', namespace_name: 'default', service_name: 'hello', configuration_name: 'hello', revision_name: 'hello-00001' };

test('in place of today’s names stand those up to 1.18, with their labels and in their units', () => {
  expect(read('older').map(({ name, bounds, samples }) => ({ name, bounds, samples }))).toEqual([
    { name: 'autoscaler_actual_pods', bounds: [], samples: [{ labels: olderLabels, value: 3 }] },
    { name: 'autoscaler_scrape_time', bounds: [5, 1000], samples: [{ labels: olderLabels, value: 500, count: 1, buckets: [0, 1, 0] }] },
    { name: 'sluice_autoscaler_scrapes_total', bounds: [], samples: [{ labels: { outcome: 'pods' }, value: 2 }] },
  ]);
});

test('both stand side by side, and today’s stand alone unless others are asked for', () => {
  const today = ['kn_revision_pods_count', 'kn_autoscaler_scrape_duration_seconds', 'sluice_autoscaler_scrapes_total'];
  expect(read('both').map(({ name }) => name).toSorted()).toEqual([...today, 'autoscaler_actual_pods', 'autoscaler_scrape_time'].toSorted());
  expect(read('newest').map(({ name }) => name)).toEqual(today);
});
