import { expect, test } from 'vitest';
import { retryLimit } from './circuit-breaker.ts';

test.each([
  [0, 3],
  [14, 3],
  [19, 3],
  [20, 4],
  [100, 20],
])('with %i requests under way a budget of a fifth, at least 3, lets %i be retries', (underWay, limit) => {
  expect(retryLimit(1, { ratio: 0.2, retriesMin: 3 }, underWay)).toBe(limit);
});

test('without a budget the fixed limit counts', () => {
  expect(retryLimit(3, undefined, 1000)).toBe(3);
});
