import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPods } from './assign-pods.ts';

const pods = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

describe('sharing pods among activators', () => {
  it.each([
    { count: 3, index: 0, expected: ['a', 'b', 'g'] },
    { count: 3, index: 1, expected: ['c', 'd'] },
    { count: 3, index: 2, expected: ['e', 'f'] },
    { count: 1, index: 0, expected: pods },
    { count: 3, index: -1, expected: pods },
  ])('seven pods: activator $index of $count gets $expected', ({ count, index, expected }) => {
    expect(assignPods(pods, 10, { index, count })).toEqual(expected);
  });

  it('gives one pod each when there are fewer pods than activators', () => {
    expect([0, 1, 2].map((index) => assignPods(['a', 'b'], 1, { index, count: 3 }))).toEqual([['a'], ['b'], ['a']]);
  });

  it('gives everybody all when pods have no limit', () => {
    expect(assignPods(pods, 0, { index: 1, count: 3 })).toEqual(pods);
  });

  it('gives each pod to exactly one activator when there are enough', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(60), (count, extra) => {
        const all = Array.from({ length: count + extra }, (_, index) => index);
        const shares = all.slice(0, count).map((index) => assignPods(all, 1, { index, count }));
        expect(shares.flat().sort((a, b) => a - b)).toEqual(all);
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
