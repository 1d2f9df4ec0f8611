import { expect, test } from 'vitest';
import { shootRounds } from './rounds.ts';
import type { Shot } from './shot.ts';

interface Shooting {
  readonly targets: readonly string[];
  readonly rounds: number;
  /** What the shots of a target cost, one after the other; the last goes on. */
  readonly costs: Readonly<Record<string, readonly number[]>>;
  readonly warmUpsMax?: number;
}

/** Gives `target:round` of every shot, and of those that counted. */
async function shootAll({ costs, ...options }: Shooting) {
  const taken: string[] = [];
  const count = new Map<string, number>();
  const counted = await shootRounds({
    ...options,
    shoot: async (target, round): Promise<Shot> => {
      const before = count.get(target) ?? 0;
      count.set(target, before + 1);
      taken.push(`${target}:${round}`);
      const cpuUs = costs[target]?.[before] ?? costs[target]?.at(-1) ?? Number.NaN;
      return { target, round, cpuUs, voided: undefined, requests: 1, requestsPerSecond: 1, p50Ms: 1, p99Ms: 1, busyRatio: 1, memoryKiB: 1 };
    },
    onShot: () => {},
  });
  return { taken, counted: counted.map(({ target, round }) => `${target}:${round}`) };
}

test('a target is warm when two shots in a row cost nearly the same, and the others go on', async () => {
  const { taken } = await shootAll({ targets: ['steady', 'slow'], rounds: 0, costs: { steady: [10, 10.9], slow: [40, 30, 20, 19] } });
  expect(taken).toEqual(['steady:0', 'slow:0', 'steady:0', 'slow:0', 'slow:0', 'slow:0']);
});

test('one that never settles is warm after five', async () => {
  const { taken } = await shootAll({ targets: ['wild'], rounds: 0, costs: { wild: [1, 2, 4, 8, 16, 32] } });
  expect(taken).toHaveLength(5);
});

test('a short run warms up as often as it says', async () => {
  const { taken } = await shootAll({ targets: ['a', 'b'], rounds: 0, costs: { a: [1], b: [1] }, warmUpsMax: 1 });
  expect(taken).toEqual(['a:0', 'b:0']);
});

test('every target is shot once in each round, and no warm-up counts', async () => {
  const { counted } = await shootAll({ targets: ['a', 'b', 'c'], rounds: 2, costs: { a: [1], b: [1], c: [1] }, warmUpsMax: 1 });
  expect(counted.toSorted()).toEqual(['a:1', 'a:2', 'b:1', 'b:2', 'c:1', 'c:2']);
  expect(counted.slice(0, 3).map((shot) => shot.split(':')[1])).toEqual(['1', '1', '1']);
});
