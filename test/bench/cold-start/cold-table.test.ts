import { expect, test } from 'vitest';
import { render, type ColdShot } from './cold-table.ts';
import type { StartedByHand } from './program.ts';

const shot = (listenAfterMs: number, totalMs: number): ColdShot => ({ listenAfterMs, totalMs, phases: new Map([['decide', 2]]) });
const byHand = (totalMs: number): StartedByHand => ({ totalMs, phases: new Map([['process → first line', 40]]) });

test('added is what a cold start takes longer than the middle of those by hand with the same listening time', () => {
  const table = render({ shots: [shot(0, 80), shot(0, 90), shot(50, 130)], byHand: new Map([[0, [byHand(60), byHand(50), byHand(500)]], [50, [byHand(110)]]]) });
  expect(table).toMatch(/\| \*\*added\*\* +\| 20\.0 \/ 30\.0 \/ 30\.0 +\| 20\.0 \/ 20\.0 \/ 20\.0 +\| 20\.0 \/ 30\.0 \/ 30\.0 +\|/);
  expect(table).toContain('reached (20.0 / 30.0 ms, 3 cold starts)');
});

test('one cold start in a hundred that takes too long is told', () => {
  const table = render({ shots: [shot(0, 60), shot(0, 190)], byHand: new Map([[0, [byHand(60)]]]) });
  expect(table).toContain('not reached (0.0 / 130.0 ms, 2 cold starts)');
});
