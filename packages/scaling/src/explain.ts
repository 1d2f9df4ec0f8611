/** The reason of a decision in a sentence: the load, what it wants, and which rule had the last word. */
import type { DeciderSpec, DecisionInputs } from './decision.ts';

export interface Explained {
  readonly spec: DeciderSpec;
  readonly inputs: DecisionInputs;
  /** What each window wants after the rates. */
  readonly stable: number;
  readonly panic: number;
  readonly panicPodsMax: number;
  readonly isPanicking: boolean;
  readonly isOverThreshold: boolean;
  /** Before and after the scale-down delay. */
  readonly wanted: number;
  readonly desiredPods: number;
}

/**
 * Examples: `stable concurrency 23.4 at 7 per pod wants 4`;
 * `panic concurrency 60 at 7 per pod wants 9, 2× of 3 ready or more: panic`.
 */
export function explain(explained: Explained): string {
  const parts = [explained.isPanicking ? explainPanic(explained) : explainStable(explained)];
  const bound = explainBound(explained);
  if (bound) parts.push(bound);
  if (explained.desiredPods > explained.wanted) {
    parts.push(`held at ${explained.desiredPods} by the scale-down delay of ${explained.spec.scaleDownDelayMs / 1000} s`);
  }
  return parts.join('; ');
}

function explainStable({ spec, inputs }: Explained): string {
  return wish('stable', spec, inputs.stable, inputs.stablePods);
}

function explainPanic(explained: Explained): string {
  const { spec, inputs, stable, panic, panicPodsMax, isOverThreshold } = explained;
  if (panicPodsMax > Math.max(stable, panic)) {
    const load = panic >= stable ? wish('panic', spec, inputs.panic, inputs.panicPods) : explainStable(explained);
    return `${load}; in panic the count does not fall below ${panicPodsMax}`;
  }
  if (stable > panic) return `${explainStable(explained)}, in panic`;
  const load = wish('panic', spec, inputs.panic, inputs.panicPods);
  if (!isOverThreshold) return `${load}, in panic`;
  return `${load}, ${figure(spec.panicThresholdRatio)}× of ${Math.max(1, inputs.readyPods)} ready or more: panic`;
}

/** The bound that changed what the deciding window wants, if one did. */
function explainBound({ spec, inputs, stable, panic, panicPodsMax, isPanicking, wanted }: Explained): string | undefined {
  if (isPanicking && panicPodsMax > Math.max(stable, panic)) return undefined;
  const isByPanic = isPanicking && panic >= stable;
  const pods = isByPanic ? inputs.panicPods : inputs.stablePods;
  if (wanted === pods) return undefined;
  if (pods > inputs.podsMax) return `at most ${inputs.podsMax} by the scale-up rate ${figure(spec.maxScaleUpRate)}`;
  if (wanted === spec.activationScale && pods > 0 && wanted > inputs.podsMin) return `at least ${wanted} by the activation scale`;
  return `at least ${inputs.podsMin} by the scale-down rate ${figure(spec.maxScaleDownRate)}`;
}

function wish(window: 'stable' | 'panic', spec: DeciderSpec, load: number, pods: number): string {
  return `${window} ${spec.metric} ${figure(load)} at ${figure(spec.targetValue)} per pod wants ${pods}`;
}

/** At most two digits after the point. */
function figure(value: number): string {
  return String(Math.round(value * 100) / 100);
}
