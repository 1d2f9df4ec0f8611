import { expect, test } from 'vitest';
import { riseMinOf } from './rise-min.ts';

test.each([
  ['without a limit, the default target', 0, 0, 70],
  ['the limit', 10, 0, 7],
  ['a target', 0, 20, 14],
  ['a target below the limit', 100, 20, 14],
  ['no target beyond the limit', 10, 50, 7],
  ['never the first request', 1, 0, 2],
])('load is told of ahead of time from seven tenths of %s', (_, containerConcurrency, scalingTarget, expected) => {
  expect(riseMinOf({ containerConcurrency, scalingTarget })).toBe(expected);
});
