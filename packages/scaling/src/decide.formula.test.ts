/**
 * The decider beside Knative's formula, written down once more the way it is published: with state that changes and a list of
 * all that was ever wanted. What either says must be the same, whatever load, specs and pauses come.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeciderState, decide } from './decide.ts';
import type { DeciderSpec, Observed } from './decision.ts';

class Formula {
  #panicTime: number | undefined;
  #maxPanicPods: number;
  readonly #wanted: { readonly step: number; readonly pods: number }[] = [];

  constructor(ready: number, now: number) {
    this.#panicTime = ready > 1 ? now : undefined;
    this.#maxPanicPods = ready;
  }

  decide(spec: DeciderSpec, { readyPods: r0, stable: S, panic: P }: Observed, now: number) {
    const r = Math.max(1, r0);
    const maxUp = Math.ceil(spec.maxScaleUpRate * r);
    const maxDown = spec.isReachable ? Math.floor(r / spec.maxScaleDownRate) : 0;
    const dS = Math.ceil(S / spec.targetValue);
    const dP = Math.ceil(P / spec.targetValue);
    let s = Math.max(Math.min(dS, maxUp), maxDown);
    let p = Math.max(Math.min(dP, maxUp), maxDown);
    const A = spec.activationScale;
    if (A > 1) {
      if (dS > 0 && s < A) s = A;
      if (dP > 0 && p < A) p = A;
    }
    const over = dP / r >= spec.panicThresholdRatio;
    if (over) {
      this.#panicTime = now;
    } else if (this.#panicTime !== undefined && this.#panicTime + spec.stableWindowMs < now) {
      this.#panicTime = undefined;
      this.#maxPanicPods = 0;
    }
    let want = s;
    if (this.#panicTime !== undefined) {
      want = Math.max(s, p);
      this.#maxPanicPods = Math.max(this.#maxPanicPods, want);
      want = this.#maxPanicPods;
    }
    if (spec.isReachable && spec.scaleDownDelayMs > 0) {
      const step = Math.floor(now / 2000);
      this.#wanted.push({ step, pods: want });
      const steps = Math.ceil(spec.scaleDownDelayMs / 2000);
      want = Math.max(...this.#wanted.filter((entry) => entry.step > step - steps).map(({ pods }) => pods));
    }
    const tbc = spec.targetBurstCapacity;
    return {
      desiredPods: want,
      isPanicking: this.#panicTime !== undefined,
      excessBurstCapacity: tbc === 0 ? 0 : tbc > 0 ? Math.floor(r0 * spec.totalValue - tbc - P) : -1,
    };
  }
}

const specs: fc.Arbitrary<DeciderSpec> = fc.record({
  metric: fc.constantFrom('concurrency' as const, 'rps' as const),
  targetValue: fc.double({ min: 0.01, max: 100, noNaN: true }),
  totalValue: fc.double({ min: 0.01, max: 100, noNaN: true }),
  targetBurstCapacity: fc.oneof(fc.constant(-1), fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true })),
  maxScaleUpRate: fc.double({ min: 1.1, max: 1000, noNaN: true }),
  maxScaleDownRate: fc.double({ min: 1.1, max: 10, noNaN: true }),
  panicThresholdRatio: fc.double({ min: 1.1, max: 10, noNaN: true }),
  activationScale: fc.constantFrom(1, 2, 5),
  stableWindowMs: fc.constantFrom(6000, 60_000),
  scaleDownDelayMs: fc.constantFrom(0, 1000, 5000, 30_000),
  isReachable: fc.boolean(),
});

/** Loads of few sizes, so that thresholds and ends of windows are met exactly. */
const moments = fc.array(
  fc.record({
    readyPods: fc.nat(20),
    stable: fc.oneof(fc.nat(30), fc.double({ min: 0, max: 500, noNaN: true })),
    panic: fc.oneof(fc.nat(30), fc.double({ min: 0, max: 500, noNaN: true })),
    pauseMs: fc.oneof(fc.constantFrom(0, 1, 2000, 6000, 60_000), fc.nat(70_000)),
  }),
  { maxLength: 40 },
);

test('it decides as the formula does', () => {
  fc.assert(
    fc.property(specs, fc.nat(5), moments, (spec, ready, all) => {
      const formula = new Formula(ready, 0);
      let state = createDeciderState(ready, 0);
      let now = 0;
      for (const { pauseMs, ...observed } of all) {
        now += pauseMs;
        const result = decide(spec, observed, state, now);
        state = result.state;
        expect(result.decision).toMatchObject(formula.decide(spec, observed, now));
      }
    }),
    { numRuns: 300 },
  );
});
