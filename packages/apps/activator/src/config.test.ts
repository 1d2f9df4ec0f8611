import { describeSettingProblems } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { readSettings } from './config.ts';

const flags = ['--config-service=config:18000'];
const environment = { POD_NAME: 'activator-1', POD_IP: '10.0.0.9' };

test('what Knative’s manifest sets is enough', () => {
  const checked = readSettings(flags, environment);
  expect(checked.ok && [checked.value.identity, checked.value.idleConnections, checked.value.probing.timeoutMs, checked.value.probing.rhythm.intervalMsMax, checked.value.profilingPort]).toEqual([
    { pod: 'activator-1', podIp: '10.0.0.9', namespace: 'sluice-system' },
    { totalMax: 0, perHostMax: 0 },
    300,
    200,
    8008,
  ]);
});

test('idle connections and probes are set in Knative’s words', () => {
  const checked = readSettings(flags, { ...environment, MAX_IDLE_PROXY_CONNS: '1000', MAX_IDLE_PROXY_CONNS_PER_HOST: '100', PROBE_TIMEOUT: '1s', PROBE_FREQUENCY: '500ms' });
  expect(checked.ok && [checked.value.idleConnections, checked.value.probing.timeoutMs, checked.value.probing.rhythm.intervalMsMax]).toEqual([{ totalMax: 1000, perHostMax: 100 }, 1000, 500]);
});

test('all that is wrong is told at once', () => {
  const wrong = { MAX_IDLE_PROXY_CONNS: 'many', MAX_IDLE_PROXY_CONNS_PER_HOST: '-1', PROBE_TIMEOUT: '0s', PROBE_FREQUENCY: 'often', PROFILING_PORT: 'x' };
  const said = describeSettingProblems('activator', readSettings(flags, wrong).problems);
  expect([...Object.keys(wrong), 'POD_NAME', 'POD_IP'].filter((name) => !said.includes(`activator: ${name}: `))).toEqual([]);
});
