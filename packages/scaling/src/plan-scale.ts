/**
 * From a decision to what is done about it: bounds, the way down to zero, and who stands in the path.
 * Knative's rules: https://github.com/knative/serving/blob/main/pkg/reconciler/autoscaling/kpa/scaler.go
 * and kpa.go beside it.
 *
 * Whether a revision is active, and how the last pod goes:
 *
 *     activating ──enough pods ready──► active ──no load for a stable window──► inactive
 *         ▲  └──too long without──────────────────────────────────────────────►  │ │
 *         └──────────────────────────load──────────────────────────────────────── ┘ │
 *                              activators in the path for the grace period: 0 pods ◄┘
 */
import { formatDuration } from '@sluice/kernel';
import type { AutoscalerConfig } from './autoscaler-config.ts';
import type { ScalingSpec } from './scaling-spec.ts';

/** Condition `Active` of a PodAutoscaler: unknown, true, false. */
export type Activity = 'activating' | 'active' | 'inactive';

/** Straight to the pods, or through the activators. */
export type ServingMode = 'Serve' | 'Proxy';

/** No decision yet: leave things as they are. */
export const SCALE_UNKNOWN = -1;

export interface ScaleInput {
  readonly spec: ScalingSpec;
  readonly config: AutoscalerConfig;
  /** Desired pods of the last valid decision, `SCALE_UNKNOWN` before it. */
  readonly desiredPods: number;
  readonly excessBurstCapacity: number;
  readonly readyPods: number;
  /** What the Deployment asks for now. */
  readonly replicas: number;
  /** Who stands in the path now; undefined when nothing has been said yet. */
  readonly mode: ServingMode | undefined;
  readonly activity: Activity;
  /** How long the activity has been what it is. */
  readonly activityForMs: number;
  /** How long this autoscaler has heard of the revision's load. Until that is a whole window, what it has not heard is no silence. */
  readonly watchedForMs: number;
  /** A pod of this revision has been ready once. */
  readonly isInitialized: boolean;
  /** The revision can be reached by name, so that its state may be called initialised. */
  readonly hasService: boolean;
  /** How long activators have been in the path: undefined when they are not, or not known to be. */
  readonly proxiedForMs: number | undefined;
  /** Why a pod is to be there although none is wanted; absent when none is. */
  readonly keepWarmReason?: string | undefined;
  /** When a revision that does not come up is given up: progress deadline plus 30 s. Milliseconds. */
  readonly activationTimeoutMs: number;
}

export interface ScalePlan {
  /** The scale after bounds, `SCALE_UNKNOWN` when nothing is to be said. */
  readonly scale: number;
  /** Set when the Deployment must be patched. */
  readonly replicas: number | undefined;
  /** Why the scale is not what was desired; empty when it is. */
  readonly reason: string;
  readonly activity: Activity;
  /** Reason and message of the condition, Knative's words; empty when active. */
  readonly activityReason: '' | 'NoTraffic' | 'TimedOut' | 'Queued';
  readonly isInitialized: boolean;
  readonly mode: ServingMode;
  /** How many activators are to stand in front. */
  readonly activators: number;
  /** Look again after this long, even if nothing happens. */
  readonly lookAgainAfterMs: number | undefined;
}

/** How soon to look again while the last pod waits for activators to be in the path. Chosen: one decision tick. */
const PROXY_CHECK_MS = 2000;

/** At least this many activators in front of a revision. Knative's `minActivators`. */
const ACTIVATORS_MIN = 2;

export function planScale(input: ScaleInput): ScalePlan {
  const step = scaleStep(input);
  const { spec, config, readyPods } = input;
  const replicas = step.isApplied && step.scale !== input.replicas ? step.scale : undefined;
  const { targetBurstCapacity, totalValue } = spec.decider;
  const activatorLoad = readyPods * totalValue + Math.max(targetBurstCapacity, 0);
  return {
    scale: step.scale,
    replicas,
    reason: step.reason,
    ...nextActivity(input, step.scale),
    mode: nextMode(input, step.scale),
    activators: targetBurstCapacity === 0 ? ACTIVATORS_MIN : Math.max(ACTIVATORS_MIN, Math.ceil(activatorLoad / config.activatorCapacity)),
    // Whole milliseconds: what is left between two readings of a clock may be too little to add to the time of either.
    lookAgainAfterMs: step.lookAgainAfterMs === undefined ? undefined : Math.ceil(step.lookAgainAfterMs),
  };
}

interface ScaleStep {
  readonly scale: number;
  /** Whether the Deployment is to follow, or only the plan. */
  readonly isApplied: boolean;
  readonly reason: string;
  readonly lookAgainAfterMs: number | undefined;
}

function applied(scale: number, reason = '', lookAgainAfterMs?: number): ScaleStep {
  return { scale, isApplied: true, reason, lookAgainAfterMs };
}

function planned(scale: number, reason: string, lookAgainAfterMs?: number): ScaleStep {
  return { scale, isApplied: false, reason, lookAgainAfterMs };
}

function scaleStep(input: ScaleInput): ScaleStep {
  if (input.desiredPods < 0 && input.activity !== 'activating') return planned(SCALE_UNKNOWN, 'no load reported yet');
  const bounded = applyBounds(input);
  if (bounded.scale > 0) return bounded;
  return input.keepWarmReason === undefined ? stepTowardsZero(input) : applied(1, input.keepWarmReason);
}

function applyBounds({ spec, desiredPods, isInitialized }: ScaleInput): ScaleStep {
  const { isReachable } = spec.decider;
  const min = isReachable ? spec.minScale : 0;
  const initial = isReachable && !isInitialized && spec.initialScale > 1 ? spec.initialScale : 0;
  // The minimum wins over the maximum: an initial scale above the maximum is kept until it has been reached.
  if (initial > min && desiredPods < initial) return applied(initial, `at least ${initial} by initial-scale`);
  if (desiredPods < min) return applied(min, `at least ${min} by min-scale`);
  if (spec.maxScale > 0 && desiredPods > spec.maxScale) return applied(spec.maxScale, `at most ${spec.maxScale} by max-scale`);
  return applied(Math.max(0, desiredPods));
}

/** The formula wants no pod. Whether the last one may really go depends on how far the revision is. */
function stepTowardsZero(input: ScaleInput): ScaleStep {
  const { spec, config, activity, activityForMs, watchedForMs } = input;
  if (!config.enableScaleToZero) return applied(1, 'scaling to zero is off');
  switch (activity) {
    case 'activating': {
      const leftMs = input.activationTimeoutMs - activityForMs;
      const timeout = formatDuration(input.activationTimeoutMs);
      return leftMs <= 0 ? applied(0, `no pod became ready within ${timeout}`) : planned(SCALE_UNKNOWN, 'waiting for a pod to become ready', leftMs);
    }
    case 'active': {
      const { stableWindowMs } = spec.decider;
      const leftMs = stableWindowMs - Math.min(activityForMs, watchedForMs);
      // Not applied: being inactive puts activators in the path first, and the pod goes after that.
      if (leftMs <= 0) return planned(0, 'no load: putting activators in the path');
      return applied(1, `${watchedForMs < activityForMs ? 'load known' : 'active'} for less than ${formatDuration(stableWindowMs)}`, leftMs);
    }
    case 'inactive':
      return stepOfInactive(input);
    default:
      return activity satisfies never;
  }
}

function stepOfInactive(input: ScaleInput): ScaleStep {
  const { spec, config, activityForMs, proxiedForMs } = input;
  const graceMs = config.scaleToZeroGracePeriodMs;
  const retentionMs = spec.decider.isReachable ? spec.retentionPeriodMs : 0;
  const isAlwaysProxied = spec.decider.targetBurstCapacity === -1;
  if (proxiedForMs === undefined && !isAlwaysProxied) return planned(0, 'waiting for activators to be in the path', PROXY_CHECK_MS);
  const waited = `no load, and activators in the path for ${formatDuration(graceMs)}`;
  if (activityForMs >= Math.max(graceMs, retentionMs)) return applied(0, waited);
  if (activityForMs < retentionMs) return planned(0, 'kept by the pod retention period', retentionMs - activityForMs);
  const leftMs = graceMs - (proxiedForMs ?? 0);
  return leftMs <= 0 ? applied(0, waited) : planned(0, 'kept by the grace period', leftMs);
}

/**
 * Before the first decision everything stays as it is: a restarted autoscaler must not send the traffic of
 * every revision on a detour, as Knative's does.
 */
function nextMode({ desiredPods, excessBurstCapacity, hasService, mode }: ScaleInput, scale: number): ServingMode {
  if (desiredPods < 0 && mode !== undefined) return mode;
  return hasService && scale > 0 && excessBurstCapacity >= 0 ? 'Serve' : 'Proxy';
}

function nextActivity(input: ScaleInput, scale: number): Pick<ScalePlan, 'activity' | 'activityReason' | 'isInitialized'> {
  const { spec, readyPods, activity } = input;
  const { isReachable } = spec.decider;
  const min = isReachable ? spec.minScale : 0;
  const podsMin = input.isInitialized ? Math.max(min, 1) : Math.max(min, spec.initialScale);
  const isInitialized = input.isInitialized || (readyPods >= podsMin && input.hasService);

  if (scale === 0 || podsMin === 0) {
    const hasTimedOut = activity === 'activating' && podsMin > 0;
    return { activity: 'inactive', activityReason: hasTimedOut ? 'TimedOut' : 'NoTraffic', isInitialized };
  }
  const isWanted = scale > 0 || activity !== 'inactive';
  if (!isWanted) return { activity: 'inactive', activityReason: 'NoTraffic', isInitialized };
  if (readyPods < podsMin) return { activity: 'activating', activityReason: 'Queued', isInitialized };
  return { activity: 'active', activityReason: '', isInitialized };
}
