/**
 * From what is proposed to what is done: bounds, stabilisation, and how much may change in how much time.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior and
 * `pkg/controller/podautoscaler/horizontal.go`
 */
import type { HorizontalPodAutoscalerSpec, HorizontalRules } from '@sluice/kubernetes';

/** What is remembered of one autoscaler between two looks. */
export interface ScalingHistory {
  /** What was proposed when, ms; the oldest first. */
  readonly proposals: readonly { readonly at: number; readonly replicas: number }[];
  /** What was done when: how many came (more than 0) or went. */
  readonly changes: readonly { readonly at: number; readonly by: number }[];
}

export const noHistory: ScalingHistory = { proposals: [], changes: [] };

export interface Decision {
  readonly replicas: number;
  /** Why something else was proposed; the conditions say it. */
  readonly stabilized: 'up' | 'down' | undefined;
  readonly limited: { readonly reason: string; readonly message: string } | undefined;
  /** With the proposal in it. */
  readonly history: ScalingHistory;
}

interface Rules {
  readonly windowMs: number;
  readonly select: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly { readonly type: 'Pods' | 'Percent'; readonly value: number; readonly periodMs: number }[];
}

/** Kubernetes' own for what is not said. */
const downDefault: Rules = { windowMs: 300_000, select: 'Max', policies: [{ type: 'Percent', value: 100, periodMs: 15_000 }] };
const upDefault: Rules = { windowMs: 0, select: 'Max', policies: [{ type: 'Percent', value: 100, periodMs: 15_000 }, { type: 'Pods', value: 4, periodMs: 15_000 }] };

/** What is older can be part of no window: 3,600 s is the longest that may be asked for. */
const rememberedMs = 3_600_000;

export function decideScale(proposed: number, currentReplicas: number, { minReplicas = 1, maxReplicas, behavior }: HorizontalPodAutoscalerSpec, history: ScalingHistory, now: number): Decision {
  const [up, down] = [rulesOf(behavior?.scaleUp, upDefault), rulesOf(behavior?.scaleDown, downDefault)];
  // The first look at something that is there already is a proposal to leave it.
  const proposals = history.proposals.length === 0 ? [{ at: now, replicas: currentReplicas }] : history.proposals;
  const { replicas: steady, stabilized } = stabilize(proposed, currentReplicas, proposals, { up, down, now });
  const { replicas, limited } = limit(steady, currentReplicas, { min: minReplicas, max: maxReplicas, up, down, isPlain: behavior === undefined, changes: history.changes, now });
  return {
    replicas,
    stabilized,
    limited,
    history: { proposals: [...proposals, { at: now, replicas: proposed }].filter(({ at }) => at > now - rememberedMs), changes: history.changes.filter(({ at }) => at > now - rememberedMs) },
  };
}

/** Remembers what was done. */
export function withChange(history: ScalingHistory, by: number, at: number): ScalingHistory {
  return by === 0 ? history : { ...history, changes: [...history.changes, { at, by }] };
}

function rulesOf(rules: HorizontalRules | undefined, usual: Rules): Rules {
  const { stabilizationWindowSeconds, selectPolicy = 'Max', policies } = rules ?? {};
  return {
    windowMs: stabilizationWindowSeconds === undefined ? usual.windowMs : stabilizationWindowSeconds * 1000,
    select: selectPolicy,
    policies: policies?.length ? policies.map(({ type, value, periodSeconds }) => ({ type, value, periodMs: periodSeconds * 1000 })) : usual.policies,
  };
}

/** Up only by what all of its window has asked for, down only to what all of its window could do with. */
function stabilize(
  proposed: number,
  current: number,
  proposals: ScalingHistory['proposals'],
  { up, down, now }: { readonly up: Rules; readonly down: Rules; readonly now: number },
): Pick<Decision, 'replicas' | 'stabilized'> {
  const within = (windowMs: number): number[] => proposals.filter(({ at }) => at > now - windowMs).map(({ replicas }) => replicas);
  const atLeast = Math.min(proposed, ...within(up.windowMs));
  const atMost = Math.max(proposed, ...within(down.windowMs));
  const replicas = Math.min(Math.max(current, atLeast), atMost);
  return { replicas, stabilized: replicas === proposed ? undefined : proposed > replicas ? 'up' : 'down' };
}

interface Limits {
  readonly min: number;
  readonly max: number;
  readonly up: Rules;
  readonly down: Rules;
  /** Nothing is said of behaviour: then one look goes up to twice as many, or to four. */
  readonly isPlain: boolean;
  readonly changes: ScalingHistory['changes'];
  readonly now: number;
}

function limit(desired: number, current: number, limits: Limits): Pick<Decision, 'replicas' | 'limited'> {
  const { min, max } = limits;
  if (desired > current) {
    const reach = Math.max(current, limits.isPlain ? Math.max(2 * current, 4) : highest(current, limits));
    if (desired > Math.min(max, reach)) return { replicas: Math.min(max, reach), limited: max <= reach ? tooMany : { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' } };
  }
  if (desired < current && !limits.isPlain) {
    const reach = Math.min(current, lowest(current, limits));
    if (desired < Math.max(min, reach)) return { replicas: Math.max(min, reach), limited: min >= reach ? tooFew : { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' } };
  }
  if (desired > max) return { replicas: max, limited: tooMany };
  return desired < min ? { replicas: min, limited: tooFew } : { replicas: desired, limited: undefined };
}

const tooMany = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const tooFew = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };

function highest(current: number, { up: { select, policies }, changes, now }: Limits): number {
  if (select === 'Disabled') return current;
  const reaches = policies.map(({ type, value, periodMs }) => {
    const start = replicasBefore(current, changes, now - periodMs);
    return type === 'Pods' ? start + value : Math.ceil(Number((start * (1 + value / 100)).toFixed(9)));
  });
  return select === 'Min' ? Math.min(...reaches) : Math.max(...reaches);
}

function lowest(current: number, { down: { select, policies }, changes, now }: Limits): number {
  if (select === 'Disabled') return current;
  const reaches = policies.map(({ type, value, periodMs }) => {
    const start = replicasBefore(current, changes, now - periodMs);
    return type === 'Pods' ? start - value : Math.floor(Number((start * (1 - value / 100)).toFixed(9)));
  });
  // The policy that changes most goes lowest.
  return select === 'Min' ? Math.max(...reaches) : Math.min(...reaches);
}

/** How many there were when the period began, as far as it was this autoscaler who changed it. */
function replicasBefore(current: number, changes: ScalingHistory['changes'], since: number): number {
  return changes.filter(({ at }) => at > since).reduce((replicas, { by }) => replicas - by, current);
}
