import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeWindow } from './time-window.ts';

/** Records one value per second, from second 0 on. */
function createFilledWindow(windowMs: number, values: readonly number[]): TimeWindow {
  const window = new TimeWindow(windowMs);
  for (const [second, value] of values.entries()) window.record(second * 1000, value);
  return window;
}

describe('the average over a window', () => {
  it('adds up what comes within a second and divides by the seconds', () => {
    const window = new TimeWindow(5000);
    window.record(0, 1);
    window.record(400, 2);
    window.record(1000, 5);
    expect(window.average(1999)).toBe(4);
  });

  it('is taken over its own age while younger than the window', () => {
    expect(createFilledWindow(60_000, [10, 20, 30]).average(2000)).toBe(20);
  });

  it('forgets what is older than the window', () => {
    expect(createFilledWindow(3000, [100, 1, 2, 3]).average(3000)).toBe(2);
  });

  it('counts a gap within the data as zero', () => {
    const window = new TimeWindow(60_000);
    window.record(0, 10);
    window.record(4000, 10);
    expect(window.average(4000)).toBe(4);
  });

  it('leaves out the seconds at the end that have not been reported, dividing by fewer', () => {
    const window = createFilledWindow(5000, [1, 2, 3, 4, 5]);
    expect([4, 5, 6, 7, 8].map((second) => window.average(second * 1000))).toEqual([3, 3.5, 4, 4.5, 5]);
  });

  it('is 0, and the window empty, after silence as long as the window', () => {
    const window = createFilledWindow(5000, [1, 2, 3]);
    expect([window.isEmpty(6999), window.average(6999)]).toEqual([false, 3]);
    expect([window.isEmpty(7000), window.average(7000)]).toEqual([true, 0]);
  });

  it('starts anew after a gap as long as the window', () => {
    const window = createFilledWindow(5000, [9, 9, 9]);
    window.record(7000, 4);
    expect(window.average(7000)).toBe(4);
  });

  it('takes late values within the window and drops later ones', () => {
    const window = new TimeWindow(3000);
    window.record(10_000, 3);
    window.record(8000, 6);
    window.record(7000, 100);
    expect(window.average(10_000)).toBe(3);
  });

  it('takes the last of what replaces a second', () => {
    const window = createFilledWindow(5000, [10, 20]);
    window.replace(1500, 4);
    window.replace(2000, 7);
    expect(window.average(2000)).toBe(7);
  });

  it('is rounded to six digits', () => {
    expect(createFilledWindow(3000, [1, 0, 0]).average(2000)).toBe(0.333333);
  });

  it('agrees with adding up a list, whatever is written', () => {
    const writes = fc.array(fc.record({ pause: fc.nat(4), value: fc.nat(100) }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(writes, fc.integer({ min: 1, max: 10 }), fc.nat(12), (all, size, silence) => {
        const window = new TimeWindow(size * 1000);
        const bySecond = new Map<number, number>();
        let second = 0;
        let first = 0;
        for (const [index, { pause, value }] of all.entries()) {
          second += pause;
          if (index === 0 || pause >= size) first = second;
          window.record(second * 1000, value);
          bySecond.set(second, (bySecond.get(second) ?? 0) + value);
        }
        const now = second + silence;
        let sum = 0;
        for (let at = Math.max(first, now - size + 1); at <= second; at += 1) sum += bySecond.get(at) ?? 0;
        const expected = silence >= size ? 0 : sum / Math.min(second - first + 1, size - silence);
        expect(window.average(now * 1000)).toBeCloseTo(expected, 6);
      }),
    );
  });
});

describe('the weighted average', () => {
  it('counts the newest second most', () => {
    const window = new TimeWindow(60_000, 'weighted-exponential');
    window.record(0, 10);
    window.record(1000, 20);
    // 0.2 is the least share; 20 × 0.2 + 10 × 0.2 × 0.8.
    expect(window.average(1000)).toBe(5.6);
    expect(window.average(2000)).toBe(4.48);
  });

  it('weighs the newest second of a short window more, so that little is left beyond it', () => {
    const window = new TimeWindow(6000, 'weighted-exponential');
    window.record(0, 100);
    expect(window.average(0)).toBeCloseTo(78.4557, 4);
  });
});

describe('a window that changes in length', () => {
  it('keeps the newest seconds when it shrinks', () => {
    const window = createFilledWindow(5000, [1, 2, 3, 4, 5]);
    window.resize(2000);
    expect(window.average(4000)).toBe(4.5);
  });

  it('keeps everything when it grows, and its age', () => {
    const window = createFilledWindow(3000, [1, 2, 3]);
    window.resize(60_000);
    expect(window.average(2000)).toBe(2);
    window.record(3000, 6);
    expect(window.average(3000)).toBe(3);
  });
});
