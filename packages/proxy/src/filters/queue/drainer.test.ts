import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { Drainer } from './drainer.ts';

function createDrainer() {
  const time = new SimulatedTime();
  const ends: string[] = [];
  return { time, ends, drainer: new Drainer({ clock: time, timers: time, quietPeriodMs: 30_000 }) };
}

test('drained means: no request for a whole quiet period', () => {
  const { time, ends, drainer } = createDrainer();
  drainer.drain((end) => ends.push(end));
  expect(drainer.isDraining).toBe(true);
  time.advance(29_000);
  drainer.onRequest();
  time.advance(29_999);
  expect(ends).toEqual([]);
  time.advance(1);
  expect(ends).toEqual(['drained']);
});

test('whoever asks later waits for the same end', () => {
  const { time, ends, drainer } = createDrainer();
  drainer.drain((end) => ends.push(`first ${end}`));
  time.advance(20_000);
  drainer.drain((end) => ends.push(`second ${end}`));
  time.advance(10_000);
  drainer.drain((end) => ends.push(`third ${end}`));
  expect(ends).toEqual(['first drained', 'second drained']);
  time.advance(0);
  expect(ends).toEqual(['first drained', 'second drained', 'third drained']);
});

test('the word may be taken back, but not once drained', () => {
  const { time, ends, drainer } = createDrainer();
  drainer.drain((end) => ends.push(end));
  drainer.undrain();
  expect([drainer.isDraining, ends]).toEqual([false, ['undone']]);
  time.advance(60_000);
  expect(ends).toEqual(['undone']);

  drainer.drain((end) => ends.push(end));
  time.advance(30_000);
  drainer.undrain();
  expect(drainer.isDraining).toBe(true);
});

test('requests of a running sidecar do not matter', () => {
  const { time, ends, drainer } = createDrainer();
  drainer.onRequest();
  time.advance(100_000);
  expect([ends, time.pending]).toEqual([[], 0]);
});

test('what is under way is waited for and told of once, however quiet it has been', () => {
  const time = new SimulatedTime();
  const ends: string[] = [];
  let isBusy = true;
  const drainer = new Drainer({ clock: time, timers: time, quietPeriodMs: 1000, isBusy: () => isBusy, onOverdue: () => ends.push('overdue') });
  drainer.drain((end) => ends.push(end));
  time.advance(999);
  expect(ends).toEqual([]);
  time.advance(60_000);
  expect(ends).toEqual(['overdue']);
  isBusy = false;
  time.advance(100);
  expect(ends).toEqual(['overdue', 'drained']);
});
