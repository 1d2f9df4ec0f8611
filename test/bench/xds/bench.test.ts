/** The benchmark with tiny parameters, so that it never rots. Its figures mean nothing here; that there are some does. */
import { expect, test } from 'vitest';
import { measureXds } from './bench.ts';

test('a small cluster and a few proxies', { timeout: 120_000 }, async () => {
  const [run] = await measureXds({ services: [10], proxies: 3, changes: 3, shifts: 1, cold: 1, print: () => {} });
  expect(run?.fullStateBytes).toBeGreaterThan(10_000);
  expect(run?.endpoint.bytesPerProxy).toBeGreaterThan(100);
  // One of twenty assignments, and nothing else.
  expect(run?.endpoint.bytesPerProxy).toBeLessThan(1_000);
  // One host in two tables, and no other.
  expect(run?.traffic.bytesPerProxy).toBeGreaterThan(run?.endpoint.bytesPerProxy ?? 0);
  expect(run?.traffic.bytesPerProxy).toBeLessThan(5_000);
  expect(run?.full.bytesPerProxy).toBeGreaterThan(10_000);
});
