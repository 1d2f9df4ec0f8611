import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { giveBackWhenUnused } from './give-back.ts';

test('what starting has left is given back when nobody waits, once', () => {
  const time = new SimulatedTime();
  const stats = { concurrency: 1 };
  let collected = 0;
  giveBackWhenUnused(stats, time, () => (collected += 1));
  time.advance(5000);
  expect(collected).toBe(0);
  stats.concurrency = 0;
  time.advance(50);
  expect(collected).toBe(1);
  time.advance(60_000);
  expect(collected).toBe(1);
});

test('a pod that is never without a request is left alone', () => {
  const time = new SimulatedTime();
  const stats = { concurrency: 1 };
  let collected = 0;
  giveBackWhenUnused(stats, time, () => (collected += 1));
  time.advance(60_000);
  stats.concurrency = 0;
  time.advance(60_000);
  expect(collected).toBe(0);
});
