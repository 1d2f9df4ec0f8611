import { createSeededRandom } from '@sluice/kernel';
import { describe, expect, test } from 'vitest';
import { Drain } from './drain.ts';

const create = () => new Drain(createSeededRandom(1));

/** Of a thousand responses that begin at `now`. */
function leaving(drain: Drain, now: number): number {
  let count = 0;
  for (let response = 0; response < 1_000; response += 1) if (drain.asksToLeave(now)) count += 1;
  return count;
}

describe('a drain', () => {
  test('gradual: the share of responses that ask to leave grows with the grace', () => {
    const drain = create();
    drain.leave(1_000, 10_000, 'gradual');
    expect(leaving(drain, 1_000)).toBe(0);
    expect(leaving(drain, 3_500)).toBeGreaterThan(200);
    expect(leaving(drain, 3_500)).toBeLessThan(300);
    expect(leaving(drain, 11_000)).toBe(1_000);
  });

  test('immediate: every response asks to leave from the beginning', () => {
    const drain = create();
    drain.leave(0, 10_000, 'immediate');
    expect(leaving(drain, 0)).toBe(1_000);
  });

  test('once the grace is over every response asks to leave, whatever the strategy', () => {
    const drain = create();
    drain.leave(0, 10_000, 'gradual');
    drain.close();
    expect([drain.state, leaving(drain, 1)]).toEqual(['closing', 1_000]);
  });

  test('while health checks are made to fail, a listener that drains on changes alone asks nobody', () => {
    const drain = create();
    drain.failHealthChecks(true);
    expect([drain.asksToLeave(0), drain.asksToLeave(0, true)]).toEqual([true, false]);
    drain.leave(0, 0, 'immediate');
    expect(drain.asksToLeave(0, true)).toBe(true);
  });

  test('begins once', () => {
    const drain = create();
    expect([drain.leave(0, 0, 'immediate'), drain.leave(0, 0, 'immediate')]).toEqual([true, false]);
  });
});

describe('failing health checks', () => {
  test('ask every client to leave, until they are well again', () => {
    const drain = create();
    drain.failHealthChecks(true);
    expect([drain.state, drain.isUnderWay, leaving(drain, 0)]).toEqual(['failing', true, 1_000]);
    drain.failHealthChecks(false);
    expect([drain.state, drain.isUnderWay]).toEqual(['serving', false]);
  });

  test('a drain that begins while they fail is not gentler than they were', () => {
    const drain = create();
    drain.failHealthChecks(true);
    drain.leave(0, 10_000, 'gradual');
    expect(leaving(drain, 1)).toBe(1_000);
  });

  test('cannot be undone once the end has begun', () => {
    const drain = create();
    drain.leave(0, 0, 'immediate');
    drain.failHealthChecks(false);
    expect([drain.state, drain.isUnderWay]).toEqual(['leaving', true]);
  });
});
