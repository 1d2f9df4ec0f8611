import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WeightedSchedule } from './weighted-schedule.ts';

interface Entry {
  readonly name: string;
  readonly weight: number;
}

const weigh = ({ weight }: Entry) => weight;

function take(entries: readonly Entry[], count: number): string {
  const schedule = new WeightedSchedule(entries, weigh);
  return Array.from({ length: count }, () => schedule.next()?.name).join('');
}

test('equal weights take turns', () => {
  expect(take([{ name: 'a', weight: 1 }, { name: 'b', weight: 1 }, { name: 'c', weight: 1 }], 7)).toBe('abcabca');
});

test('a heavier entry comes up more often, spread out', () => {
  const turns = take([{ name: 'a', weight: 3 }, { name: 'b', weight: 1 }], 8);
  expect([...turns].filter((name) => name === 'a')).toHaveLength(6);
  // At a tie either may go first, so two runs of three may meet but for one.
  expect(turns).not.toContain('aaaaa');
});

test('nobody gives nobody', () => {
  expect(new WeightedSchedule([], weigh).next()).toBeUndefined();
});

test('over whole rounds each entry comes up in proportion to its weight, off by one at most', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (weights, rounds) => {
      const entries = weights.map((weight, index) => ({ name: String(index), weight }));
      const schedule = new WeightedSchedule(entries, weigh);
      const counts = new Map<Entry, number>();
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let taken = 0; taken < total * rounds; taken += 1) {
        const entry = schedule.next() as Entry;
        counts.set(entry, (counts.get(entry) ?? 0) + 1);
      }
      for (const entry of entries) expect(Math.abs((counts.get(entry) ?? 0) - entry.weight * rounds)).toBeLessThanOrEqual(1);
    }),
  );
});
