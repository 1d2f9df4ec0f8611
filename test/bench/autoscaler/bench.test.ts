/** The benchmark with tiny parameters, so that it never rots. Its figures mean nothing here; that there are some does. */
import { expect, test } from 'vitest';
import { measureAutoscaler } from './bench.ts';

test('a few revisions, some of which step up', { timeout: 120_000 }, async () => {
  const lines: string[] = [];
  const [run] = await measureAutoscaler({ revisions: [20], pods: 3, warmSeconds: 1, seconds: 3, batch: 5, steps: 5, print: (line) => lines.push(line) });
  expect(run?.reportsPerSecond).toBeGreaterThan(20);
  expect(run?.decisions).toBeGreaterThan(0);
  expect(run?.decidedMs.p50).toBeGreaterThanOrEqual(0);
  expect(lines.join('\n')).toContain('decision lag ms');
});
