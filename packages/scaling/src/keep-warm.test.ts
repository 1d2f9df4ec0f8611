import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeepWarm, type KeepWarmSpec } from './keep-warm.ts';

const minute = 60_000;
const hour = 60 * minute;
const spec: KeepWarmSpec = { budgetMs: 20 * minute, windDownMs: 90_000, stepMs: 2000 };

/** Runs in steps of two seconds; `isUsed` says when requests come. Gives when a pod was held for expectation alone. */
function run(keeper: KeepWarm, fromMs: number, toMs: number, isUsed: (now: number) => boolean, asked: KeepWarmSpec = spec) {
  const warm: number[] = [];
  for (let now = fromMs; now < toMs; now += 2000) {
    keeper.observe(now, isUsed(now));
    if (keeper.decide(now, asked).isWarm) warm.push(now);
  }
  return warm;
}

/** Used for ten seconds at the beginning of each `everyMs`. */
const every = (everyMs: number) => (now: number) => now % everyMs < 10_000;

describe('a revision with a habit', () => {
  it('has a pod shortly before it is used, and at no other time', () => {
    const warm = run(new KeepWarm(0), 0, 4 * hour, every(10 * minute)).filter((now) => now >= 2 * hour);
    // Pauses of 590 s, less the lead of 30.
    for (const now of warm) expect(now % (10 * minute)).toBeGreaterThanOrEqual(9 * minute + 30_000);
    expect(new Set(warm.map((now) => Math.floor(now / (10 * minute)))).size).toBe(12);
  });

  it('has none before the habit has been seen', () => {
    const keeper = new KeepWarm(-hour);
    expect(run(keeper, 0, 50 * minute, every(10 * minute))).toEqual([]);
    expect(keeper.decide(50 * minute, spec)).toEqual({ isWarm: false, reason: '4 pauses seen, of 5 that make a habit' });
  });

  it('that gives it up is waited for no longer than its longest pause', () => {
    const warm = run(new KeepWarm(0), 0, 6 * hour, (now) => now < 2 * hour && every(10 * minute)(now));
    expect(Math.max(...warm)).toBeLessThan(2 * hour + 10 * minute + 30_000);
  });

  it('has none in the first hour, since nobody knows what was spent before', () => {
    const warm = run(new KeepWarm(0), 0, 2 * hour, every(5 * minute));
    expect(Math.min(...warm)).toBeGreaterThanOrEqual(hour - spec.budgetMs);
  });

  it('has none when the budget does not cover what it takes to end one', () => {
    const small = { ...spec, budgetMs: 91_000 };
    // 90 s for the end and one step of two.
    expect(run(new KeepWarm(0), 0, 4 * hour, every(10 * minute), small)).toEqual([]);
  });
});

it('says why', () => {
  const keeper = new KeepWarm(-hour);
  run(keeper, 0, 2 * hour, every(10 * minute));
  expect(keeper.decide(2 * hour - 1000, spec).reason).toBe('kept warm: pauses of 590 to 590 s, this one is 589 s');
  keeper.observe(2 * hour, true);
  expect(keeper.decide(2 * hour, spec).reason).toBe('in use');
  keeper.observe(2 * hour + 10_000, false);
  expect(keeper.decide(2 * hour + 20_000, spec).reason).toBe('too early: pauses last 590 s at least, this one is 10 s');
});

it('in no sixty minutes more is held than the budget, whatever comes', () => {
  const pauses = fc.array(fc.record({ pauseMs: fc.integer({ min: 2000, max: 15 * minute }), useMs: fc.integer({ min: 2000, max: minute }) }), { minLength: 10, maxLength: 40 });
  fc.assert(
    fc.property(pauses, fc.integer({ min: minute, max: 30 * minute }), (all, budgetMs) => {
      const asked = { ...spec, budgetMs };
      const keeper = new KeepWarm(0);
      /** Per step of two seconds: whether a pod is there because of it. */
      const held: boolean[] = [];
      let windDownLeft = 0;
      let wasWarm = false;
      const step = (now: number, isUsed: boolean) => {
        keeper.observe(now, isUsed);
        const { isWarm } = keeper.decide(now, asked);
        if (isUsed) windDownLeft = 0;
        else if (wasWarm && !isWarm) windDownLeft = asked.windDownMs;
        held.push(isWarm || windDownLeft > 0);
        if (!isWarm) windDownLeft = Math.max(0, windDownLeft - 2000);
        wasWarm = isWarm;
      };
      let now = 0;
      for (const { pauseMs, useMs } of all) {
        for (const end = now + pauseMs; now < end; now += 2000) step(now, false);
        for (const end = now + useMs; now < end; now += 2000) step(now, true);
      }
      let within = 0;
      for (let index = 0; index < held.length; index += 1) {
        within += held[index] ? 1 : 0;
        if (index >= 1800) within -= held[index - 1800] ? 1 : 0;
        expect(within * 2000).toBeLessThanOrEqual(budgetMs);
      }
    }),
    { numRuns: 25 },
  );
});
