/** The benchmark with tiny parameters, so that it never rots. Its figures mean little here; that pushed load is quicker does. */
import { buildScalingSpec, DEFAULT_AUTOSCALER_CONFIG } from '@sluice/scaling';
import { expect, test } from 'vitest';
import { measureDecisions, percentile } from './bench.ts';
import { knativeDecisionMs } from './knative-formula.ts';

// Windows must have a second of calm behind them, and a step is waited for: real seconds.
test('a tenfold step is heard of and decided on, by each way', { timeout: 60_000 }, async () => {
  const runs = await measureDecisions({ steps: [10], revisions: 2, quietMs: 1_500, patienceMs: 20_000, paths: ['push', 'scrape'] });
  expect(runs.map(({ path, times }) => [path, times.length])).toEqual([['push', 2], ['scrape', 2], ['knative', 1_000]]);
  for (const { times } of runs) expect(percentile(times, 0.99)).toBeLessThan(20_000);
  for (const { times } of runs) expect(times[0]).toBeGreaterThan(0);
});

test('by its periods Knative decides on a tenfold step two scrapes and a tick later at the soonest', () => {
  const spec = buildScalingSpec({ annotations: { 'autoscaling.knative.dev/target': '10', 'autoscaling.knative.dev/target-utilization-percentage': '100' }, containerConcurrency: 0, isReachable: true, config: DEFAULT_AUTOSCALER_CONFIG });
  // A report ends 0.5 s after the step with half of it, the next with all; asked for at 0.7 and 1.7 s; decided at 1 and 3 s.
  const phases = [0.5, 0.7, 0.5];
  expect(knativeDecisionMs(spec, 100, { next: () => phases.shift() ?? 0 })).toBe(3_000);
});
