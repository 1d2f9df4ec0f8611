import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { Sweep, type Sweepable } from './sweep.ts';
import { Turn } from './turn.ts';

function setUp() {
  const time = new SimulatedTime();
  let fired = 0;
  // Every look of the sweep is one call of its timer.
  const counted = { after: (ms: number, fn: () => void) => time.after(ms, () => ((fired += 1), fn())), every: (ms: number, fn: () => void) => time.every(ms, () => ((fired += 1), fn())) };
  const turn = new Turn(time);
  const sweep = new Sweep(turn, counted, 50);
  const late: number[] = [];
  const member = (deadline: number): Sweepable => {
    const self: Sweepable = {
      deadline,
      sweepIndex: -1,
      onCrash() {},
      onDeadline(now) {
        late.push(Math.round(now));
        self.deadline = Number.POSITIVE_INFINITY;
      },
    };
    return self;
  };
  return { time, sweep, late, member, looks: () => fired };
}

test('nobody to look at for a second: it wakes up no more', () => {
  const { time, looks } = setUp();
  time.advance(1000);
  const before = looks();
  expect(before).toBe(20);
  time.advance(60_000);
  expect(looks()).toBe(before);
});

test('while somebody is there it looks in each period, and goes on in step after a rest', () => {
  const { time, sweep, late, member } = setUp();
  time.advance(5_020);
  sweep.add(member(time.now() + 10));
  time.advance(29);
  expect(late).toEqual([]);
  time.advance(1);
  expect(late).toEqual([5_050]);
  const second = member(time.now() + 130);
  sweep.add(second);
  time.advance(149);
  expect(late).toEqual([5_050]);
  time.advance(1);
  expect(late).toEqual([5_050, 5_200]);
});

test('one that is closed does not begin again', () => {
  const { time, sweep, member, late } = setUp();
  time.advance(2_000);
  sweep.close();
  sweep.add(member(0));
  time.advance(1_000);
  expect(late).toEqual([]);
});
