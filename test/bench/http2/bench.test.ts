/** The benchmark with tiny parameters, so that it never rots. Its figures mean nothing here; that there are some does. */
import { expect, test } from 'vitest';
import { freePorts } from '../method/free-ports.ts';
import { measure } from './bench.ts';

test('one short round of each work', { timeout: 120_000 }, async (context) => {
  const result = await measure({ rounds: 1, seconds: 1, warmUpsMax: 1, port: await freePorts(16), works: [], only: ['sluice'], json: '', print: () => {} });
  if (result.kind === 'skipped') return context.skip(result.reason);
  for (const { work, rows } of result.works) {
    const ours = rows.find(({ target }) => target === 'sluice');
    expect(ours?.voided, work.name).toBe(0);
    expect(ours?.cpuUs.median, work.name).toBeGreaterThan(0);
  }
});
