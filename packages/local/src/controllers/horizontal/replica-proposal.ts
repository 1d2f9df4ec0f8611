/**
 * How many replicas one metric asks for: Kubernetes' formula, desired = ceil(current × value ÷ target), with what it does about pods that are not ready
 * or give no value. https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details and
 * `pkg/controller/podautoscaler/replica_calculator.go`
 */
import type { Pod } from '@sluice/kubernetes';
import { isFinished, isReady, isTerminating } from '../../objects/pod-facts.ts';

/** What a metric says of the pods that give it, and what is aimed at. */
export interface Reading {
  readonly metric: string;
  /** By uid. */
  readonly values: ReadonlyMap<string, number>;
  readonly target: { readonly kind: 'value'; readonly value: number } | { readonly kind: 'utilization'; readonly percent: number; readonly requests: ReadonlyMap<string, number> };
  /** Of cpu, what a pod uses while it starts counts for nothing. */
  readonly isCpu: boolean;
}

export interface ProposalContext {
  readonly currentReplicas: number;
  /** Those that the target selects. */
  readonly pods: readonly Pod[];
  readonly wallTimeMs: number;
  /** How far from the target nothing is done. Kubernetes: 0.1. */
  readonly toleranceUp: number;
  readonly toleranceDown: number;
}

export type Proposal =
  /** `average`: of one pod, in the metric's own unit; `utilization`: per cent of what is requested. */
  | { readonly kind: 'replicas'; readonly replicas: number; readonly average: number; readonly utilization: number | undefined }
  | { readonly kind: 'unknown'; readonly message: string };

/** For so long after its start a pod's cpu counts only once it is ready. Kubernetes: five minutes. */
const cpuInitializationMs = 300_000;
/** A pod that was never ready within this time after its start has not been ready yet. Kubernetes: 30 s. */
const initialReadinessMs = 30_000;

export function proposeReplicas(reading: Reading, context: ProposalContext): Proposal {
  const { currentReplicas, pods, toleranceUp, toleranceDown } = context;
  const { ready, unready, missing } = grouped(reading, context);
  const values = new Map([...ready].map((uid) => [uid, reading.values.get(uid) ?? 0]));
  if (values.size === 0) return { kind: 'unknown', message: pods.length === 0 ? 'no pods returned by selector while calculating replica count' : 'did not receive metrics for targeted pods (pods might be unready)' };
  const isWithin = (ratio: number): boolean => ratio >= 1 - toleranceDown && ratio <= 1 + toleranceUp;
  const before = ratioOf(values, reading);
  const stated = { average: sum(values.values()) / values.size, utilization: before.utilization };
  const say = (replicas: number): Proposal => ({ kind: 'replicas', replicas, ...stated });
  const countsUnready = unready.length > 0 && before.ratio > 1;
  if (!countsUnready && missing.length === 0) return say(isWithin(before.ratio) ? currentReplicas : Math.ceil(rounded(before.ratio * values.size)));
  // Of whom nothing is known the careful thing is taken: on the way down that it needs all that is aimed at, on the way up that it needs nothing.
  for (const uid of missing) values.set(uid, before.ratio < 1 ? assumed(uid, reading) : 0);
  if (countsUnready) for (const uid of unready) values.set(uid, 0);
  const { ratio } = ratioOf(values, reading);
  const hasTurned = (before.ratio < 1 && ratio > 1) || (before.ratio > 1 && ratio < 1);
  if (isWithin(ratio) || hasTurned) return say(currentReplicas);
  const replicas = Math.ceil(rounded(ratio * values.size));
  return say((ratio < 1 && replicas > currentReplicas) || (ratio > 1 && replicas < currentReplicas) ? currentReplicas : replicas);
}

interface Groups {
  readonly ready: ReadonlySet<string>;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
}

function grouped({ values, isCpu }: Reading, { pods, wallTimeMs }: ProposalContext): Groups {
  const ready = new Set<string>();
  const unready: string[] = [];
  const missing: string[] = [];
  for (const pod of pods) {
    const { uid = '' } = pod.metadata;
    if (isTerminating(pod) || isFinished(pod)) continue;
    if (pod.status?.phase !== 'Running') unready.push(uid);
    else if (!values.has(uid)) missing.push(uid);
    else if (isCpu && !hasBeenReady(pod, wallTimeMs)) unready.push(uid);
    else ready.add(uid);
  }
  return { ready, unready, missing };
}

function hasBeenReady(pod: Pod, wallTimeMs: number): boolean {
  const startedAt = Date.parse(pod.status?.startTime ?? '');
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (Number.isNaN(startedAt) || !condition) return false;
  if (isReady(pod)) return true;
  if (wallTimeMs < startedAt + cpuInitializationMs) return false;
  return Date.parse(condition.lastTransitionTime ?? '') > startedAt + initialReadinessMs;
}

function ratioOf(values: ReadonlyMap<string, number>, { target }: Reading): { readonly ratio: number; readonly utilization: number | undefined } {
  const total = sum(values.values());
  if (target.kind === 'value') return { ratio: total / values.size / target.value, utilization: undefined };
  const requested = sum([...values.keys()].map((uid) => target.requests.get(uid) ?? 0));
  const utilization = Math.floor((total * 100) / requested);
  return { ratio: utilization / target.percent, utilization };
}

/** What is aimed at, or all that is requested where more than that is aimed at. */
function assumed(uid: string, { target }: Reading): number {
  if (target.kind === 'value') return target.value;
  return ((target.requests.get(uid) ?? 0) * Math.max(100, target.percent)) / 100;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** 3.0000000000000004 replicas are three. */
function rounded(replicas: number): number {
  return Number(replicas.toFixed(9));
}
