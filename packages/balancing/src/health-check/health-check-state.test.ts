/** One host by scenario files. Under each result stand what the host is now and when it is checked again. */
import { readdirSync, readFileSync } from 'node:fs';
import { createSeededRandom } from '@sluice/kernel';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HealthCheckSettings } from './health-check-settings.ts';
import { HealthCheckState, type CheckResult } from './health-check-state.ts';

const folder = new URL('../../testdata/health-check/', import.meta.url);

const settings: HealthCheckSettings = {
  timeoutMs: 1000,
  intervalMs: 5000,
  unhealthyThreshold: 3,
  healthyThreshold: 2,
  unhealthyIntervalMs: 8000,
  unhealthyEdgeIntervalMs: 1000,
  healthyEdgeIntervalMs: 2000,
  noTrafficIntervalMs: 60_000,
  noTrafficHealthyIntervalMs: 90_000,
  initialJitterMs: 0,
  intervalJitterMs: 0,
  intervalJitterPercent: 0,
};

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  let state = new HealthCheckState(settings, createSeededRandom(1));
  let hasTraffic = true;
  const run = ({ name, words }: ScenarioCommand): readonly string[] => {
    switch (name) {
      case 'host':
        state = new HealthCheckState(settings, createSeededRandom(1));
        return [`${healthOf(state)}, checked after ${state.firstDelayMs()} ms`];
      case 'traffic':
        hasTraffic = words[0] === 'yes';
        return [];
      default: {
        const { changed, nextDelayMs } = state.step(resultOf(name, words), hasTraffic);
        return [`${healthOf(state)}${changed ? ' (changed)' : ''}, again after ${nextDelayMs / 1000} s`];
      }
    }
  };
  await expect(runScenario(readFileSync(path, 'utf8'), run)).toMatchFileSnapshot(path.pathname);
});

function resultOf(name: string, words: readonly string[]): CheckResult {
  switch (name) {
    case 'passed':
      return { kind: 'passed', degraded: words.includes('degraded') };
    case 'refused':
      return { kind: 'refused', retriable: words.includes('retriable') };
    case 'unreachable':
      return { kind: 'unreachable', timedOut: words.includes('late') };
    default:
      throw new Error(`unknown command ${name}`);
  }
}

function healthOf(state: HealthCheckState): string {
  const health = state.isPending ? 'pending' : state.isHealthy ? 'healthy' : 'unhealthy';
  return `${health}${state.isDegraded ? ', degraded' : ''}${state.hasTimedOut ? ', late' : ''}`;
}

const result = fc.constantFrom<CheckResult>(
  { kind: 'passed', degraded: false },
  { kind: 'passed', degraded: true },
  { kind: 'refused', retriable: true },
  { kind: 'unreachable', timedOut: true },
);

test('after the first, a host changes only when as many results in a row say so as must', () => {
  fc.assert(
    fc.property(fc.array(result, { maxLength: 60 }), (results) => {
      const state = new HealthCheckState(settings, createSeededRandom(1));
      let isHealthy = false;
      results.forEach((one, index) => {
        state.step(one, true);
        const lastSay = (count: number, passed: boolean): boolean =>
          index + 1 >= count && results.slice(index + 1 - count, index + 1).every(({ kind }) => (kind === 'passed') === passed);
        if (index === 0) isHealthy = one.kind === 'passed';
        else if (isHealthy && lastSay(settings.unhealthyThreshold, false)) isHealthy = false;
        else if (!isHealthy && lastSay(settings.healthyThreshold, true)) isHealthy = true;
        expect(state.isHealthy).toBe(isHealthy);
      });
    }),
  );
});

test('intervals are jittered within what is set', () => {
  const jittered = { ...settings, initialJitterMs: 500, intervalJitterMs: 100, intervalJitterPercent: 20 };
  const state = new HealthCheckState(jittered, createSeededRandom(5));
  const firsts = Array.from({ length: 200 }, () => state.firstDelayMs());
  expect(Math.max(...firsts)).toBeLessThan(500);
  expect(new Set(firsts).size).toBeGreaterThan(50);
  const delays = Array.from({ length: 200 }, () => state.step({ kind: 'passed', degraded: false }, true).nextDelayMs);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(5000);
  expect(Math.max(...delays)).toBeLessThan(5000 + 1000 + 100);
  expect(new Set(delays).size).toBeGreaterThan(50);
});
