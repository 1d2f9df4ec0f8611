import { expect, test } from 'vitest';
import { LoadMeter } from './load-meter.ts';

test('each report covers the time since the one before', () => {
  const load = new LoadMeter(0);
  load.stats.requestIn(0, false);
  expect(load.report(500)).toMatchObject({ averageConcurrency: 1, requestCount: 1, intervalMs: 500 });
  expect(load.report(1500)).toMatchObject({ averageConcurrency: 1, requestCount: 0, intervalMs: 1000 });
});

test('who scrapes sees what was pushed within the last second, and else makes a report of its own', () => {
  const load = new LoadMeter(0);
  expect(load.latest(900)).toBeUndefined();
  load.stats.requestIn(0, false);
  load.report(1000);
  expect(load.latest(1900)).toMatchObject({ requestCount: 1, intervalMs: 1000 });
  expect(load.latest(2000)).toMatchObject({ requestCount: 0, intervalMs: 1000 });
});

test('a report over no time does not take the place of the last', () => {
  const load = new LoadMeter(0);
  load.stats.requestIn(0, false);
  load.report(1000);
  load.report(1000);
  expect(load.latest(1500)).toMatchObject({ averageConcurrency: 1, intervalMs: 1000 });
});
