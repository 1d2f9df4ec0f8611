import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { Lull } from './lull.ts';

function createLull() {
  const time = new SimulatedTime();
  const lull = new Lull(time);
  const over: number[] = [];
  return { time, lull, over, wait: () => lull.whenOver(() => over.push(time.now())) };
}

test('without a lull nothing waits', () => {
  const { over, wait } = createLull();
  wait();
  expect(over).toEqual([0]);
});

test('what waits comes a moment after the pod is ready', () => {
  const { time, lull, over, wait } = createLull();
  lull.begin();
  wait();
  time.advance(100);
  lull.settle();
  wait();
  time.advance(49);
  expect(over).toEqual([]);
  time.advance(1);
  expect([over, lull.isOn]).toEqual([[150, 150], false]);
});

test('a program that takes long keeps nobody waiting for that, and has a lull for its first answer', () => {
  const { time, lull, over, wait } = createLull();
  lull.begin();
  wait();
  time.advance(200);
  lull.begin();
  time.advance(200);
  expect(over).toEqual([400]);
  time.advance(1000);
  lull.settle();
  wait();
  time.advance(50);
  expect(over).toEqual([400, 1450]);
});

test('whoever made it hears each time that it is over', () => {
  const time = new SimulatedTime();
  const over: number[] = [];
  const lull = new Lull(time, () => over.push(time.now()));
  lull.begin();
  time.advance(1000);
  lull.settle();
  time.advance(1000);
  expect(over).toEqual([400, 1050]);
});

test('of several pods the first that is ready ends it', () => {
  const { time, lull, over, wait } = createLull();
  lull.begin();
  wait();
  lull.settle();
  time.advance(40);
  lull.settle();
  time.advance(10);
  expect(over).toEqual([50]);
});
