/** What a decision is made from, and what it is. */
import type { DelayWindow } from './delay-window.ts';
import type { ScalingMetric } from './stat.ts';
import type { ObservedLoad } from './stats-collector.ts';

/** The policy for one revision, from its annotations and the cluster's configuration. */
export interface DeciderSpec {
  readonly metric: ScalingMetric;
  /** Load one pod should have, after utilisation (T). */
  readonly targetValue: number;
  /** Load one pod can take (V). */
  readonly totalValue: number;
  /** Spare load to keep for bursts: −1 for unlimited (activators always in the path), 0 for none. */
  readonly targetBurstCapacity: number;
  /** Desired pods may be at most this many times the ready ones. Above 1. */
  readonly maxScaleUpRate: number;
  /** Desired pods may be at least the ready ones divided by this. Above 1. */
  readonly maxScaleDownRate: number;
  /** Panic when the panic window wants this many times the ready pods. */
  readonly panicThresholdRatio: number;
  /** Pods to start with whenever any are needed; 1 for no such wish. */
  readonly activationScale: number;
  readonly stableWindowMs: number;
  /** A lower count must be wanted for this long before it is followed. 0 for at once. */
  readonly scaleDownDelayMs: number;
  /** Whether a route still points to the revision. If not, it may shrink at once. */
  readonly isReachable: boolean;
}

/** What is seen at the moment of deciding. */
export interface Observed extends ObservedLoad {
  /** Pods that are ready, counted by whoever runs them. */
  readonly readyPods: number;
}

/** What a decision leaves behind for the next. */
export interface DeciderState {
  /** When panic was last entered or extended; undefined in calm times. */
  readonly panicAt: number | undefined;
  /** The most pods wanted since panic began. */
  readonly panicPodsMax: number;
  readonly delayWindow: DelayWindow;
}

/** What was wanted before rates, panic and delay had their say; kept so that a decision can be explained. */
export interface DecisionInputs extends Observed {
  readonly targetValue: number;
  /** Pods each window alone would want, unbounded. */
  readonly stablePods: number;
  readonly panicPods: number;
  /** The bounds that the rates set. */
  readonly podsMin: number;
  readonly podsMax: number;
}

export interface Decision {
  readonly desiredPods: number;
  /** Load that could be added at once without overloading anybody; negative when a burst would hurt. */
  readonly excessBurstCapacity: number;
  readonly isPanicking: boolean;
  /** One sentence for a person. */
  readonly reason: string;
  readonly inputs: DecisionInputs;
}
