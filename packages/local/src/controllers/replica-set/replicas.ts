/** Which pods a ReplicaSet has, lacks, and can do without. Pure. */
import type { Condition, Pod, ReplicaSet } from '@sluice/kubernetes';
import { isFinished, isReady, isTerminating, readySinceMs } from '../../objects/pod-facts.ts';

/** The most pods created or removed in one go. 500, as kube-controller-manager. */
const burstMax = 500;

export interface ReplicaPlan {
  readonly create: number;
  readonly remove: readonly Pod[];
}

/** Pods that count: neither over nor on their way out. */
export function activePods(pods: readonly Pod[]): Pod[] {
  return pods.filter((pod) => !isFinished(pod) && !isTerminating(pod));
}

/** What to do so that there are as many pods as the spec wishes. */
export function planReplicas(replicaSet: ReplicaSet, pods: readonly Pod[]): ReplicaPlan {
  const active = activePods(pods);
  const missing = (replicaSet.spec.replicas ?? 1) - active.length;
  if (missing >= 0) return { create: Math.min(missing, burstMax), remove: [] };
  const spare = Math.min(-missing, burstMax);
  return { create: 0, remove: active.sort(byWorth).slice(0, spare) };
}

/**
 * Kubernetes' order, the least worth first: not bound, not running, not ready, a lower deletion cost, ready
 * for a shorter time, restarted more often, younger.
 */
function byWorth(a: Pod, b: Pod): number {
  return (
    compare(isBound(a), isBound(b)) ||
    compare(phaseRank(a), phaseRank(b)) ||
    compare(Number(isReady(a)), Number(isReady(b))) ||
    compare(deletionCost(a), deletionCost(b)) ||
    compare(readySinceMs(b) ?? 0, readySinceMs(a) ?? 0) ||
    compare(restarts(b), restarts(a)) ||
    compare(createdMs(b), createdMs(a))
  );
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function isBound(pod: Pod): number {
  return pod.spec.nodeName === undefined ? 0 : 1;
}

function phaseRank({ status }: Pod): number {
  return status?.phase === 'Running' ? 2 : status?.phase === 'Unknown' ? 1 : 0;
}

function deletionCost({ metadata }: Pod): number {
  return Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost']) || 0;
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

function createdMs({ metadata }: Pod): number {
  return metadata.creationTimestamp === undefined ? 0 : Date.parse(metadata.creationTimestamp);
}

export interface ReplicaCounts {
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  /** When the next ready pod becomes available, in ms from now. Absent when none is about to. */
  readonly nextAvailableMs: number | undefined;
}

/** Counts the pods that are there; one is available when it has been ready for `minReadySeconds`. */
export function countReplicas(replicaSet: ReplicaSet, pods: readonly Pod[], wallTimeMs: number): ReplicaCounts {
  const active = activePods(pods);
  const minReadyMs = (replicaSet.spec.minReadySeconds ?? 0) * 1000;
  const ready = active.filter(isReady);
  const waits = ready.map((pod) => (minReadyMs === 0 ? 0 : Math.max(0, (readySinceMs(pod) ?? wallTimeMs) + minReadyMs - wallTimeMs)));
  const waiting = waits.filter((waitMs) => waitMs > 0);
  return {
    replicas: active.length,
    readyReplicas: ready.length,
    availableReplicas: ready.length - waiting.length,
    nextAvailableMs: waiting.length > 0 ? Math.min(...waiting) : undefined,
  };
}

/** The status as it is to be. `failure` says why pods could not be created or removed. */
export function replicaSetStatus(
  replicaSet: ReplicaSet,
  counts: ReplicaCounts,
  failure: { readonly reason: string; readonly message: string } | undefined,
  now: string,
): NonNullable<ReplicaSet['status']> {
  const before = replicaSet.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  const condition: Condition | undefined = failure && {
    type: 'ReplicaFailure',
    status: 'True',
    ...failure,
    lastTransitionTime: before?.lastTransitionTime ?? now,
  };
  return {
    replicas: counts.replicas,
    readyReplicas: counts.readyReplicas,
    availableReplicas: counts.availableReplicas,
    observedGeneration: replicaSet.metadata.generation ?? 0,
    conditions: condition ? [condition] : [],
  };
}
