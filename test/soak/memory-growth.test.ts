import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { growthOf, type MemoryPoint } from './memory-growth.ts';

/** Faults that leave the process at quite different levels, and a noise on top. */
const levels: Readonly<Record<string, number>> = { none: 100e6, churn: 160e6, killed: 130e6 };

function soak(rounds: number, leakedPerPhase: (phase: number) => number): MemoryPoint[] {
  const random = createSeededRandom(1);
  const points: MemoryPoint[] = [];
  let leaked = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const [fault, level] of Object.entries(levels)) {
      leaked += leakedPerPhase(points.length);
      points.push({ fault, atMs: (points.length + 1) * 30_000, bytes: level + leaked + (random.next() - 0.5) * 4e6 });
    }
  }
  return points;
}

test('memory that only differs from fault to fault does not grow', () => {
  expect(Math.abs(growthOf(soak(10, () => 0))?.bytes ?? Number.NaN)).toBeLessThan(3e6);
});

test('a leak in each phase is found below the differences, and by how much', () => {
  const growth = growthOf(soak(10, () => 1e6));
  expect(growth?.bytes).toBeGreaterThan(17e6);
  expect(growth?.bytes).toBeLessThan(23e6);
  expect((growth?.bytesPerHour ?? 0) / 1e6).toBeCloseTo(120, -1.5);
});

test('what is taken at the beginning and kept is no growth', () => {
  expect(growthOf(soak(10, (phase) => (phase < 9 ? 10e6 : 0)))?.bytes).toBeLessThan(3e6);
});

test('a soak that has seen each fault once says nothing about growth', () => {
  expect(growthOf(soak(1, () => 1e6))).toBeUndefined();
});
