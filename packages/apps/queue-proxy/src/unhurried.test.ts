import { RequestStats } from '@sluice/admission';
import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { whenUnhurried } from './unhurried.ts';

function setUp() {
  const time = new SimulatedTime();
  const stats = new RequestStats(time.now());
  let isOver = false;
  void whenUnhurried({ stats, clock: time, timers: time }).then(() => (isOver = true));
  return {
    stats,
    time,
    async isOverAfter(ms: number): Promise<boolean> {
      await time.advance(ms);
      return isOver;
    },
  };
}

test('the rest is loaded a moment after the first request has been answered, and not while it is under way', async () => {
  const { stats, time, isOverAfter } = setUp();
  expect(await isOverAfter(200)).toBe(false);
  stats.requestIn(time.now(), true);
  expect(await isOverAfter(100)).toBe(false);
  stats.requestOut(time.now(), true);
  expect(await isOverAfter(60)).toBe(false);
  expect(await isOverAfter(40)).toBe(true);
});

test('a first request that came and went between two looks counts', async () => {
  const { stats, time, isOverAfter } = setUp();
  stats.requestIn(time.now(), false);
  stats.requestOut(time.now() + 1, false);
  expect(await isOverAfter(60)).toBe(false);
  expect(await isOverAfter(40)).toBe(true);
});

test('a first request that does not end keeps the rest waiting for half a second', async () => {
  const { stats, time, isOverAfter } = setUp();
  await isOverAfter(100);
  stats.requestIn(time.now(), true);
  expect(await isOverAfter(480)).toBe(false);
  expect(await isOverAfter(100)).toBe(true);
});

test('where nobody asks, it is loaded after a second and a half', async () => {
  const { isOverAfter } = setUp();
  expect(await isOverAfter(1400)).toBe(false);
  expect(await isOverAfter(200)).toBe(true);
});
