/**
 * How many pods a revision should have: Knative's formula, as a function of values.
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/scaling/autoscaler.go
 *
 *     calm ──panic load wants ≥ threshold × ready pods──► panic
 *       ▲                                                  │  (the desired count never falls)
 *       └──── a stable window without such load ◄──────────┘
 */
import type { DeciderSpec, DeciderState, Decision, DecisionInputs, Observed } from './decision.ts';
import { EMPTY_DELAY_WINDOW, recordInDelayWindow } from './delay-window.ts';
import { explain } from './explain.ts';

/**
 * The state of a revision not decided on before. With more than one ready pod it starts in panic: this
 * autoscaler has just begun to look, and must not take pods away before it has seen a whole window.
 */
export function createDeciderState(readyPods: number, now: number): DeciderState {
  return { panicAt: readyPods > 1 ? now : undefined, panicPodsMax: readyPods, delayWindow: EMPTY_DELAY_WINDOW };
}

export function decide(
  spec: DeciderSpec,
  observed: Observed,
  state: DeciderState,
  now: number,
): { readonly decision: Decision; readonly state: DeciderState } {
  const inputs = weigh(spec, observed);
  const stable = clamp(inputs.stablePods, inputs, spec.activationScale);
  const panic = clamp(inputs.panicPods, inputs, spec.activationScale);

  const isOverThreshold = inputs.panicPods / Math.max(1, observed.readyPods) >= spec.panicThresholdRatio;
  const panicAt = nextPanicAt(spec, state, isOverThreshold, now);
  const isPanicking = panicAt !== undefined;

  const panicPodsMax = isPanicking ? Math.max(state.panicPodsMax, stable, panic) : 0;
  const wanted = isPanicking ? panicPodsMax : stable;

  const isDelayed = spec.isReachable && spec.scaleDownDelayMs > 0;
  const delayWindow = isDelayed
    ? recordInDelayWindow(state.delayWindow, now, wanted, spec.scaleDownDelayMs)
    : EMPTY_DELAY_WINDOW;
  const desiredPods = isDelayed ? (delayWindow[0]?.pods ?? wanted) : wanted;

  const excessBurstCapacity = excessBurstCapacityOf(spec, observed);
  const reason = explain({ spec, inputs, stable, panic, panicPodsMax, isPanicking, isOverThreshold, wanted, desiredPods });
  return {
    decision: { desiredPods, excessBurstCapacity, isPanicking, reason, inputs },
    state: { panicAt, panicPodsMax, delayWindow },
  };
}

/** The excess burst capacity of a revision before its first decision, from the pods it will start with. */
export function initialExcessBurstCapacity(spec: DeciderSpec, initialScale: number): number {
  const { targetBurstCapacity, totalValue } = spec;
  if (targetBurstCapacity <= 0) return targetBurstCapacity;
  return Math.trunc(initialScale * totalValue - targetBurstCapacity);
}

function weigh(spec: DeciderSpec, observed: Observed): DecisionInputs {
  const ready = Math.max(1, observed.readyPods);
  return {
    ...observed,
    targetValue: spec.targetValue,
    stablePods: Math.ceil(observed.stable / spec.targetValue),
    panicPods: Math.ceil(observed.panic / spec.targetValue),
    podsMin: spec.isReachable ? Math.floor(ready / spec.maxScaleDownRate) : 0,
    podsMax: Math.ceil(spec.maxScaleUpRate * ready),
  };
}

/** The upper bound first, then the lower; after both, whoever starts at all starts with `activationScale`. */
function clamp(pods: number, bounds: DecisionInputs, activationScale: number): number {
  const clamped = Math.max(Math.min(pods, bounds.podsMax), bounds.podsMin);
  return pods > 0 && clamped < activationScale ? activationScale : clamped;
}

function nextPanicAt(spec: DeciderSpec, state: DeciderState, isOverThreshold: boolean, now: number): number | undefined {
  if (isOverThreshold) return now;
  if (state.panicAt !== undefined && state.panicAt + spec.stableWindowMs < now) return undefined;
  return state.panicAt;
}

function excessBurstCapacityOf(spec: DeciderSpec, observed: Observed): number {
  const { targetBurstCapacity, totalValue } = spec;
  if (targetBurstCapacity === 0) return 0;
  if (targetBurstCapacity < 0) return -1;
  return Math.floor(observed.readyPods * totalValue - targetBurstCapacity - observed.panic);
}
