import { describe, expect, test } from 'vitest';
import { IdleLimit } from './idle-limit.ts';

describe('how long connections may rest', () => {
  test('is not limited while nothing is known', () => {
    expect(new IdleLimit().restMs(0)).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([
    ['timeout=5', 4000],
    ['timeout=5, max=1000', 4000],
    ['max=1000, Timeout = 10', 8000],
    ['timeout=0', 0],
    ['max=1000', Number.POSITIVE_INFINITY],
    ['timeout=abc', Number.POSITIVE_INFINITY],
    ['timeout=99999999999', Number.POSITIVE_INFINITY],
  ])('is four fifths of what the host says: %s', (value, restMs) => {
    const limit = new IdleLimit();
    limit.announce(value);
    expect(limit.restMs(0)).toBe(restMs);
  });

  test('is four fifths of the shortest rest that the host was seen to end', () => {
    const limit = new IdleLimit();
    limit.observe(5000, 10_000);
    limit.observe(4000, 20_000);
    limit.observe(6000, 30_000);
    expect(limit.restMs(30_000)).toBe(3200);
  });

  test('follows neither one quick close nor many together, as when a host goes away', () => {
    const limit = new IdleLimit();
    for (let close = 0; close < 100; close += 1) limit.observe(5 + close, 10_000 + close);
    expect(limit.restMs(10_100)).toBe(Number.POSITIVE_INFINITY);
  });

  test('follows quick closes that happen again and again', () => {
    const limit = new IdleLimit();
    for (const now of [10_000, 20_000, 30_000]) limit.observe(500, now);
    expect(limit.restMs(30_000)).toBe(400);
  });

  test('follows no host that goes away, however often: what had rested long ends with what had hardly rested', () => {
    const limit = new IdleLimit();
    for (const now of [10_000, 20_000, 30_000, 40_000]) for (const restedMs of [4000, 300, 5, 150, 2000]) limit.observe(restedMs, now);
    expect(limit.restMs(40_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test('keeps what was known before a host went away, and follows it afterwards', () => {
    const limit = new IdleLimit();
    limit.observe(5000, 10_000);
    for (const restedMs of [1500, 100, 4000]) limit.observe(restedMs, 20_000);
    expect(limit.restMs(20_000)).toBe(4000);
    limit.observe(3000, 30_000);
    expect(limit.restMs(30_000)).toBe(2400);
  });

  test('follows closes of one moment that had rested alike', () => {
    const limit = new IdleLimit();
    for (const restedMs of [2000, 2002, 2040]) limit.observe(restedMs, 10_000);
    expect(limit.restMs(10_000)).toBe(1600);
  });

  test('follows no close so quick that nearly every request would need another connection, as when a host goes away under load', () => {
    const limit = new IdleLimit();
    for (let now = 10_000; now < 200_000; now += 10_000) limit.observe(20, now);
    expect(limit.restMs(200_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test('forgets what was seen long ago', () => {
    const limit = new IdleLimit();
    limit.observe(2000, 10_000);
    expect(limit.restMs(610_000)).toBe(1600);
    expect(limit.restMs(610_001)).toBe(Number.POSITIVE_INFINITY);
    limit.observe(5000, 700_000);
    expect(limit.restMs(700_000)).toBe(4000);
  });
});
