import { describeSettingProblems } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { readSettings } from './config.ts';

test('what Knative’s manifest sets is enough', () => {
  const checked = readSettings(['--leader-election'], { POD_NAME: 'autoscaler-1', POD_IP: '10.0.0.8', SYSTEM_NAMESPACE: 'knative-serving', PROFILING_PORT: '8009' });
  expect(checked.ok && [checked.value.podName, checked.value.podIp, checked.value.systemNamespace, checked.value.profilingPort, checked.value.scrape]).toEqual(['autoscaler-1', '10.0.0.8', 'knative-serving', 8009, 'all']);
});

test('all that is wrong is told at once', () => {
  const said = describeSettingProblems('autoscaler', readSettings(['--leader-election', '--metrics-port=x', '--scrape=some'], { PROFILING_PORT: 'x', SLUICE_METRIC_NAMES: 'new', LOG_LEVEL: 'loud' }).problems);
  for (const name of ['POD_IP', '--metrics-port', '--scrape', 'PROFILING_PORT', 'SLUICE_METRIC_NAMES', '--log-level']) expect(said).toContain(name);
});
