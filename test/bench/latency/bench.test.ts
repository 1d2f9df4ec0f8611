/** The benchmark with tiny parameters, so that it never rots. Its figures mean nothing here; on a busy machine there are none. */
import { expect, test } from 'vitest';
import { freePorts } from '../method/free-ports.ts';
import { measureLatency } from './bench.ts';
import { latencyVerdicts, slowestCapacity, type LatencyShot } from './latency-table.ts';
import type { Shot } from '../method/shot.ts';

test('one short round', { timeout: 120_000 }, async (context) => {
  const result = await measureLatency({ rounds: 1, seconds: 0.4, tries: 1, settleSeconds: 0.4, port: await freePorts(16), json: '', print: () => {} });
  if (result.kind === 'skipped') return context.skip(result.reason);
  expect(result.shots.map(({ target, share }) => `${target} ${share}`).sort()).toEqual(['nginx 0.5', 'nginx 0.8', 'sluice 0.5', 'sluice 0.8']);
  for (const { requests, rate, p50Ms, p99Ms } of result.shots) {
    expect(requests).toBe(Math.round(0.4 * rate));
    expect(p50Ms).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
  }
});

const generated = { requests: 1, lateRatio: 0, lost: 0, p50Ms: 1, p90Ms: 1, p999Ms: 1, maxMs: 1, latenessP50Ms: 0, latenessP99Ms: 0, latenessP999Ms: 0, unreadP99Ms: 0, stolenRatio: 0, othersRatio: 0, rate: 100, share: 0.5 };
const latencyShot = (target: string, round: number, p99Ms: number, voided?: string): LatencyShot => ({ ...generated, target, round, p99Ms, voided });

test('99th percentiles are paired by round, and a void one pairs with nobody', () => {
  const shots = [latencyShot('nginx', 1, 2), latencyShot('sluice', 1, 3), latencyShot('nginx', 2, 9, 'late'), latencyShot('sluice', 2, 9), latencyShot('sluice', 3, 1), latencyShot('nginx', 3, 1)];
  expect(latencyVerdicts(shots).map(({ figures }) => figures)).toEqual([[1, 1.5], []]);
});

test('capacity is the slower one\'s best', () => {
  const shot = (target: string, requestsPerSecond: number): Shot => ({ target, round: 1, cpuUs: 1, requests: 1, requestsPerSecond, p50Ms: 1, p99Ms: 1, busyRatio: 1, memoryKiB: 1, voided: undefined });
  expect(slowestCapacity([shot('nginx', 30_000), shot('sluice', 9_000), shot('sluice', 20_000), shot('nginx', 5_000)])).toBe(20_000);
});
