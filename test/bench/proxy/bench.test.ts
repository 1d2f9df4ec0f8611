/** The benchmark with tiny parameters, so that it never rots. Its figures mean nothing here; that there are some does. */
import { expect, test } from 'vitest';
import { freePorts } from '../method/free-ports.ts';
import { measure } from './bench.ts';
import { renderTable, summarise } from '../method/report.ts';
import type { Shot } from '../method/shot.ts';

const shot = (target: string, round: number, cpuUs: number, voided?: string): Shot => ({
  target, round, cpuUs, voided, requests: 1, requestsPerSecond: 1, p50Ms: 1, p99Ms: 2, busyRatio: 1, memoryKiB: 1024,
});

test('ratios are paired by round, and a shot with errors does not count', () => {
  const shots = [shot('nginx', 1, 10), shot('sluice', 1, 12), shot('nginx', 2, 20), shot('sluice', 2, 22), shot('nginx', 3, 10), shot('sluice', 3, 13), shot('nginx', 4, 10), shot('sluice', 4, 1, 'Socket errors: connect 1')];
  const [, sluice] = summarise(shots, 'nginx');
  expect(sluice).toMatchObject({ target: 'sluice', ratio: 1.2, ratios: [1.1, 1.2, 1.3], cpuUs: { min: 12, median: 13, max: 22 }, voided: 1 });
  expect(renderTable(summarise(shots, 'nginx'), 'nginx')).toContain('| sluice | 12.0 / 13.0 / 22.0');
});

test('one short round of some works', async (context) => {
  const result = await measure({ rounds: 1, seconds: 1, warmUpsMax: 1, port: await freePorts(16), works: ['small-50', 'instruments', 'post-chunked'], only: ['sluice', 'sluice-instruments'], json: '', print: () => {} });
  if (result.kind === 'skipped') return context.skip(result.reason);
  for (const { work, rows } of result.works) {
    const ours = rows.filter(({ target }) => target.startsWith('sluice'));
    expect(ours.length, work.name).toBeGreaterThan(0);
    for (const { voided, cpuUs, p50Ms, p99Ms } of ours) {
      expect(voided, work.name).toBe(0);
      expect(cpuUs.median, work.name).toBeGreaterThan(0);
      expect(p99Ms, work.name).toBeGreaterThanOrEqual(p50Ms);
    }
  }
});
