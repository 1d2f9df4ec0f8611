import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { Debounce } from './debounce.ts';

function start() {
  const time = new SimulatedTime();
  const acts: number[] = [];
  const debounce = new Debounce({ timers: time, quietMs: 100, delayMsMax: 1_000, act: () => acts.push(time.now()) });
  return { time, acts, debounce, begun: time.now() };
}

test('acts once when it has been quiet', () => {
  const { time, acts, debounce, begun } = start();
  debounce.notice();
  time.advance(60);
  debounce.notice();
  time.advance(5_000);
  expect(acts).toEqual([begun + 160]);
});

test('what never ends is acted on all the same', () => {
  const { time, acts, debounce, begun } = start();
  for (let count = 0; count < 25; count += 1) {
    debounce.notice();
    time.advance(50);
  }
  expect(acts).toEqual([begun + 1_000]);
});

test('acts no more once it has been stopped', () => {
  const { time, acts, debounce } = start();
  debounce.notice();
  debounce.stop();
  time.advance(5_000);
  expect(acts).toEqual([]);
});
