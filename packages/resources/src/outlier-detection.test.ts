import { expect, test } from 'vitest';
import { decodeCluster } from './cluster.ts';
import { staticClusterJson } from './testing/sample-resources.ts';

const decode = (outlier: Readonly<Record<string, unknown>>) => decodeCluster(staticClusterJson('a', [], { outlier_detection: outlier }));

test('an empty message turns it on, with the defaults of Envoy', () => {
  expect(decode({})).toMatchObject({
    ok: true,
    value: {
      outlierDetection: {
        consecutive5xx: 5,
        intervalMs: 10_000,
        baseEjectionTimeMs: 30_000,
        maxEjectionTimeMs: 300_000,
        maxEjectionPercent: 10,
        enforcing: { consecutive5xx: 100, consecutiveGatewayFailure: 0, successRate: 100, failurePercentage: 0 },
        successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900 },
        failurePercentage: { threshold: 85, minimumHosts: 5, requestVolume: 50 },
        successfulActiveHealthCheckUnejectHost: true,
      },
    },
  });
});

test('the longest ejection is at least the first', () => {
  expect(decode({ base_ejection_time: '600s' })).toMatchObject({ ok: true, value: { outlierDetection: { maxEjectionTimeMs: 600_000 } } });
});

test.each([
  [{ interval: '0s' }, 'outlier_detection.interval: must be more than 0'],
  [{ max_ejection_percent: 101 }, 'outlier_detection.max_ejection_percent: is 101, must be a number from 0 to 100'],
  [{ max_ejection_time: '10s' }, 'outlier_detection.max_ejection_time: must not be less than base_ejection_time'],
  [{ consecutive_5x: 3 }, 'outlier_detection.consecutive_5x: is not a field here; did you mean consecutive_5xx?'],
])('%j is refused', (fields, problem) => {
  expect(decode(fields).problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([problem]);
});
