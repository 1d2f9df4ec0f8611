import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';

function createDeadlines() {
  const time = new SimulatedTime();
  const expired: string[] = [];
  const deadlines = new Deadlines(time, time);
  const start = (name: string, timeoutMs: number) => deadlines.start(timeoutMs, () => expired.push(`${name} at ${time.now()}`));
  return { time, expired, deadlines, start };
}

test('each expires at its own time, whatever their lengths', () => {
  const { time, expired, start } = createDeadlines();
  start('a', 100);
  time.advance(30);
  start('b', 100);
  start('c', 20);
  time.advance(200);
  expect(expired).toEqual(['c at 50', 'a at 100', 'b at 130']);
});

test('one that is called off does not expire, and the others do', () => {
  const { time, expired, start } = createDeadlines();
  const first = start('a', 100);
  time.advance(10);
  start('b', 100);
  first.cancel();
  first.cancel();
  time.advance(200);
  expect(expired).toEqual(['b at 110']);
});

test('one that starts over has its whole time again', () => {
  const { time, expired, start } = createDeadlines();
  const first = start('a', 100);
  start('b', 100);
  time.advance(60);
  first.restart();
  time.advance(200);
  expect(expired).toEqual(['b at 100', 'a at 160']);
  first.restart();
  time.advance(200);
  expect(expired).toHaveLength(2);
});

test('many of one length share one timer, and none is left when the last was called off', () => {
  const { time, expired, start } = createDeadlines();
  const started = Array.from({ length: 1000 }, (_, index) => start(`${index}`, 5000));
  expect(time.pending).toBe(1);
  for (const deadline of started) deadline.cancel();
  time.advance(5000);
  expect(time.pending).toBe(0);
  expect(expired).toEqual([]);
});

test('one that starts while another expires does not hold up those in between', () => {
  const { time, expired, deadlines, start } = createDeadlines();
  deadlines.start(100, () => start('c', 100));
  time.advance(30);
  start('b', 100);
  time.advance(300);
  expect(expired).toEqual(['b at 130', 'c at 200']);
});
