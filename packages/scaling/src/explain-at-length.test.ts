import { expect, test } from 'vitest';
import { createDeciderState, decide } from './decide.ts';
import type { DeciderSpec } from './decision.ts';
import { explainAtLength } from './explain-at-length.ts';

const spec: DeciderSpec = {
  metric: 'concurrency',
  targetValue: 7,
  totalValue: 10,
  targetBurstCapacity: 211,
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  panicThresholdRatio: 2,
  activationScale: 1,
  stableWindowMs: 60_000,
  scaleDownDelayMs: 0,
  isReachable: true,
};

function explained(changes: Partial<DeciderSpec>, readyPods: number, stable: number, panic: number): readonly string[] {
  const full = { ...spec, ...changes };
  const { decision } = decide(full, { readyPods, stable, panic }, createDeciderState(1, 0), 0);
  return explainAtLength({ spec: full, decision, panicWindowMs: 6000 });
}

test('a decision shows the arithmetic that it came by', () => {
  expect(explained({}, 3, 10, 42)).toEqual([
    'load        concurrency 10 over 60 s, 42 over 6 s',
    'per pod     7 aimed at, of the 10 that one can take',
    'wanted      stable ⌈10 / 7⌉ = 2, panic ⌈42 / 7⌉ = 6',
    'rates       1 to 3000 pods from 3 ready (down to 1/2, up to 1000×)',
    'panic       6 / 3 = 2 ≥ 2: panic, which lasts a stable window from now',
    'burst       3 × 10 − 211 − 42 = -223: through activators',
  ]);
});

test('rules that are not in force are not mentioned, and those that are, are', () => {
  const lines = explained({ targetBurstCapacity: 0, activationScale: 4, scaleDownDelayMs: 30_000 }, 1, 1, 1);
  expect(lines.slice(4)).toEqual([
    'panic       1 / 1 = 1 < 2: no panic',
    'burst       no burst to be ready for: activators only while there is no pod',
    'activation  at least 4 whenever any are wanted',
    'delay       fewer only after 30 s of wanting fewer',
  ]);
});
