import { expect, test } from 'vitest';
import { describeScenario, drawScenario } from './scenario.ts';

const seeds = Array.from({ length: 200 }, (_, index) => index + 1);

test('a seed always gives the same scenario, and others give others', () => {
  expect(drawScenario(42)).toEqual(drawScenario(42));
  expect(new Set(seeds.map((seed) => describeScenario(drawScenario(seed)).join('\n'))).size).toBe(seeds.length);
});

test('over many seeds everything that can happen does', () => {
  const scenarios = seeds.map(drawScenario);
  const seen = (values: readonly string[]) => [...new Set(values)].sort();
  expect(seen(scenarios.flatMap(({ traffic }) => traffic.map(({ pattern }) => pattern)))).toEqual(['burst', 'single', 'steady']);
  expect(seen(scenarios.flatMap(({ changes }) => changes.map(({ change }) => change.kind)))).toEqual(['recreate', 'revision', 'split', 'tag']);
  expect(seen(scenarios.flatMap(({ faults }) => faults.map(({ fault }) => fault.kind)))).toEqual([
    'bad-push',
    'cut-streams',
    'cut-watches',
    'failing-pod',
    'kill',
    'kill-pod',
    'latency',
    'partition',
    'slow-pod',
  ]);
  expect(scenarios.some(({ faults }) => faults.length === 0)).toBe(true);
});

test('nothing happens after it is quiet', () => {
  for (const { traffic, changes, faults, quietAtMs } of seeds.map(drawScenario)) {
    for (const { atMs, requests } of traffic) expect(atMs + (requests.at(-1)?.afterMs ?? 0)).toBeLessThanOrEqual(quietAtMs);
    for (const { atMs } of changes) expect(atMs).toBeLessThanOrEqual(quietAtMs);
    for (const { atMs, forMs } of faults) expect(atMs + forMs).toBeLessThanOrEqual(quietAtMs);
  }
});
