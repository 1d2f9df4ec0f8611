import { expect, test } from 'vitest';
import { SimulatedTime } from './simulated-time.ts';

test('work runs when it is due, in the order of its time and then of its asking', () => {
  const time = new SimulatedTime();
  const seen: string[] = [];
  time.after(20, () => seen.push('late'));
  time.after(10, () => seen.push('first'));
  time.after(10, () => seen.push('second'));
  time.advance(9);
  expect(seen).toEqual([]);
  time.advance(1);
  expect(seen).toEqual(['first', 'second']);
  time.advance(100);
  expect(seen).toEqual(['first', 'second', 'late']);
  expect(time.now()).toBe(110);
});

test('a repeating timer goes on until it is cancelled, also from inside itself', () => {
  const time = new SimulatedTime();
  let count = 0;
  const timer = time.every(5, () => {
    count += 1;
    if (count === 3) timer.cancel();
  });
  time.advance(1000);
  expect(count).toBe(3);
  expect(time.pending).toBe(0);
});

test('a repeating timer may run a million times', () => {
  const time = new SimulatedTime();
  let count = 0;
  time.every(1, () => (count += 1));
  time.advance(1_000_000);
  expect(count).toBe(1_000_000);
});

test('what is asked for while running waits for its own moment', () => {
  const time = new SimulatedTime();
  const seen: number[] = [];
  time.after(10, () => {
    seen.push(time.now());
    time.after(0, () => seen.push(time.now()));
    time.after(7, () => seen.push(time.now()));
  });
  time.advance(20);
  expect(seen).toEqual([10, 10, 17]);
});

test('promises settle between two pieces of work', async () => {
  const time = new SimulatedTime();
  const seen: string[] = [];
  time.after(1, () => void Promise.resolve().then(() => seen.push('promise')));
  time.after(2, () => seen.push('timer'));
  await time.advanceAsync(5);
  expect(seen).toEqual(['promise', 'timer']);
});

test('the wall clock moves with the monotonic one', () => {
  const time = new SimulatedTime(1_000);
  time.advance(250);
  expect(time.wallTime()).toBe(1_250);
});

test('moves on until something has come true, or time has run out', async () => {
  const time = new SimulatedTime();
  const done: number[] = [];
  time.every(10, () => void Promise.resolve().then(() => done.push(time.now())));
  await time.advanceUntil(() => done.length === 3, 1000);
  expect([time.now(), done]).toEqual([30, [10, 20, 30]]);
  await time.advanceUntil(() => false, 25);
  expect([time.now(), done.length]).toEqual([55, 5]);
});
