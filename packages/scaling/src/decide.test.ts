import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeciderState, decide, initialExcessBurstCapacity } from './decide.ts';
import type { DeciderSpec, DeciderState } from './decision.ts';

/** Ten per pod of which seven are aimed at; no burst capacity, so that it does not distract. */
const spec: DeciderSpec = {
  metric: 'concurrency',
  targetValue: 7,
  totalValue: 10,
  targetBurstCapacity: 0,
  maxScaleUpRate: 10,
  maxScaleDownRate: 2,
  panicThresholdRatio: 2,
  activationScale: 1,
  stableWindowMs: 60_000,
  scaleDownDelayMs: 0,
  isReachable: true,
};

const calm = createDeciderState(1, 0);

/** One decision from a calm start. */
function decideOnce(readyPods: number, stable: number, panic: number, changes: Partial<DeciderSpec> = {}) {
  return decide({ ...spec, ...changes }, { readyPods, stable, panic }, calm, 0).decision;
}

describe('in calm times', () => {
  it.each([
    { readyPods: 2, stable: 14, desired: 2 },
    { readyPods: 2, stable: 14.1, desired: 3 },
    { readyPods: 1, stable: 0, desired: 0 },
    { readyPods: 0, stable: 1, desired: 1 },
  ])('$stable requests at 7 per pod want $desired pods', ({ readyPods, stable, desired }) => {
    expect(decideOnce(readyPods, stable, stable)).toMatchObject({ desiredPods: desired, isPanicking: false });
  });

  it('pods grow by no more than the rate allows', () => {
    expect(decideOnce(5, 700, 0, { maxScaleUpRate: 1.5 })).toMatchObject({
      desiredPods: 8,
      reason: 'stable concurrency 700 at 7 per pod wants 100; at most 8 by the scale-up rate 1.5',
    });
  });

  it('pods shrink by no more than the rate allows', () => {
    expect(decideOnce(9, 0, 0)).toMatchObject({
      desiredPods: 4,
      reason: 'stable concurrency 0 at 7 per pod wants 0; at least 4 by the scale-down rate 2',
    });
  });

  it('pods of a revision that no route reaches may go at once', () => {
    expect(decideOnce(9, 0, 0, { isReachable: false }).desiredPods).toBe(0);
  });

  it('whoever starts at all starts with the activation scale', () => {
    expect(decideOnce(1, 3, 3, { activationScale: 4 })).toMatchObject({
      desiredPods: 4,
      reason: 'stable concurrency 3 at 7 per pod wants 1; at least 4 by the activation scale',
    });
    expect(decideOnce(1, 0, 0, { activationScale: 4 }).desiredPods).toBe(0);
  });
});

describe('in panic', () => {
  it('begins when the short window wants twice the ready pods, and follows that window', () => {
    expect(decideOnce(3, 10, 42)).toMatchObject({
      desiredPods: 6,
      isPanicking: true,
      reason: 'panic concurrency 42 at 7 per pod wants 6, 2× of 3 ready or more: panic',
    });
    expect(decideOnce(3, 10, 35)).toMatchObject({ desiredPods: 2, isPanicking: false });
  });

  it('holds the highest count until a stable window has passed without such load', () => {
    let state: DeciderState = calm;
    const desired: number[] = [];
    const loads: [now: number, readyPods: number, load: number][] = [
      [0, 1, 70],
      [2000, 10, 20],
      [60_000, 10, 20],
      [60_001, 10, 20],
    ];
    for (const [now, readyPods, load] of loads) {
      const result = decide(spec, { readyPods, stable: load, panic: load }, state, now);
      state = result.state;
      desired.push(result.decision.desiredPods);
    }
    expect(desired).toEqual([10, 10, 10, 5]);
  });

  it('is extended by load over the threshold', () => {
    let { state } = decide(spec, { readyPods: 1, stable: 14, panic: 14 }, calm, 0);
    state = decide(spec, { readyPods: 1, stable: 14, panic: 14 }, state, 50_000).state;
    expect(decide(spec, { readyPods: 2, stable: 0, panic: 0 }, state, 110_000).decision.isPanicking).toBe(true);
    expect(decide(spec, { readyPods: 2, stable: 0, panic: 0 }, state, 110_001).decision.isPanicking).toBe(false);
  });

  it('is where an autoscaler starts that finds more than one pod, so that it takes none away unseen', () => {
    const started = createDeciderState(5, 0);
    expect(decide(spec, { readyPods: 5, stable: 0, panic: 0 }, started, 0).decision).toMatchObject({
      desiredPods: 5,
      isPanicking: true,
      reason: 'panic concurrency 0 at 7 per pod wants 0; in panic the count does not fall below 5',
    });
    expect(createDeciderState(1, 0).panicAt).toBeUndefined();
  });
});

describe('a scale-down delay', () => {
  it('keeps the largest count of the delay', () => {
    const delayed = { ...spec, scaleDownDelayMs: 4000 };
    let state: DeciderState = calm;
    const desired: number[] = [];
    for (const [now, load] of [[0, 21], [2000, 14], [4000, 7], [6000, 7]] as const) {
      const result = decide(delayed, { readyPods: 3, stable: load, panic: load }, state, now);
      state = result.state;
      desired.push(result.decision.desiredPods);
    }
    expect(desired).toEqual([3, 3, 2, 1]);
  });

  it('says that it holds', () => {
    const delayed = { ...spec, scaleDownDelayMs: 4000 };
    const { state } = decide(delayed, { readyPods: 3, stable: 21, panic: 21 }, calm, 0);
    expect(decide(delayed, { readyPods: 3, stable: 7, panic: 7 }, state, 2000).decision.reason).toBe(
      'stable concurrency 7 at 7 per pod wants 1; held at 3 by the scale-down delay of 4 s',
    );
  });

  it('does not hold pods of a revision that no route reaches', () => {
    const delayed = { ...spec, scaleDownDelayMs: 4000, isReachable: false };
    const { state } = decide(delayed, { readyPods: 3, stable: 21, panic: 21 }, calm, 0);
    expect(decide(delayed, { readyPods: 3, stable: 0, panic: 0 }, state, 2000).decision.desiredPods).toBe(0);
  });
});

describe('excess burst capacity', () => {
  it.each([
    { targetBurstCapacity: 0, expected: 0 },
    { targetBurstCapacity: -1, expected: -1 },
    { targetBurstCapacity: 10, expected: 5 },
    { targetBurstCapacity: 20, expected: -5 },
  ])('with 2 pods of 10 and 4.5 in flight is $expected for a target of $targetBurstCapacity', ({ targetBurstCapacity, expected }) => {
    // 2 × 10 − target − 4.5, rounded down.
    expect(decideOnce(2, 4.5, 4.5, { targetBurstCapacity }).excessBurstCapacity).toBe(expected);
  });

  it('counts no pod when none is ready', () => {
    expect(decideOnce(0, 1, 1, { targetBurstCapacity: 200 }).excessBurstCapacity).toBe(-201);
  });

  it('before the first decision is that of the pods to start with', () => {
    expect(initialExcessBurstCapacity({ ...spec, targetBurstCapacity: 211 }, 1)).toBe(-201);
    expect(initialExcessBurstCapacity({ ...spec, targetBurstCapacity: -1 }, 1)).toBe(-1);
    expect(initialExcessBurstCapacity({ ...spec, targetBurstCapacity: 0 }, 1)).toBe(0);
  });
});

describe('whatever the load does', () => {
  const loads = fc.array(
    fc.record({
      readyPods: fc.nat(50),
      stable: fc.double({ min: 0, max: 2000, noNaN: true }),
      panic: fc.double({ min: 0, max: 2000, noNaN: true }),
      pauseMs: fc.nat(70_000),
    }),
    { maxLength: 60 },
  );

  it('the count never falls within one panic', () => {
    fc.assert(
      fc.property(loads, (all) => {
        let state: DeciderState = calm;
        let now = 0;
        let last = 0;
        for (const { pauseMs, ...observed } of all) {
          now += pauseMs;
          const result = decide(spec, observed, state, now);
          const { desiredPods, isPanicking } = result.decision;
          if (isPanicking && state.panicAt !== undefined) expect(desiredPods).toBeGreaterThanOrEqual(last);
          last = desiredPods;
          state = result.state;
        }
      }),
    );
  });

  it('outside panic the rates hold', () => {
    fc.assert(
      fc.property(loads, (all) => {
        for (const observed of all) {
          const { desiredPods, isPanicking } = decide(spec, observed, calm, 0).decision;
          if (isPanicking) continue;
          const ready = Math.max(1, observed.readyPods);
          expect(desiredPods).toBeLessThanOrEqual(Math.ceil(ready * 10));
          expect(desiredPods).toBeGreaterThanOrEqual(Math.floor(ready / 2));
        }
      }),
    );
  });
});
