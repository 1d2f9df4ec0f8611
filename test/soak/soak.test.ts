/** The short soak: every fault once, by the same code as the long one, with clients that leave the machine room for other tests. */
import { expect, test } from 'vitest';
import { runSoak } from './soak.ts';

test('no request is lost that could be saved, none doubled, none wrong, and nothing is left over', async () => {
  const lines: string[] = [];
  const { failures, phases } = await runSoak({ seconds: 21, seed: 20_261, restMs: 15, print: (line) => lines.push(line) });
  expect(failures, lines.join('\n')).toEqual([]);
  // A soak in which little happens shows little.
  for (const { fault, requests } of phases) expect(requests, fault).toBeGreaterThan(100);
}, 180_000);
