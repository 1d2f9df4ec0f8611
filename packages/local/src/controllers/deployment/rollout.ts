/** How many replicas each ReplicaSet of a Deployment shall have next. Pure arithmetic, Kubernetes' own. */
import type { Deployment, ReplicaSet } from '@sluice/kubernetes';
import { revisionOf } from './template.ts';

/** One change of one ReplicaSet. */
export interface ScaleStep {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

export interface RolloutBounds {
  /** How many pods there may be above the wished number. */
  readonly maxSurge: number;
  /** How many of the wished pods may be missing. */
  readonly maxUnavailable: number;
}

/** Defaults 25 % and 25 %. Surge is rounded up, unavailability down; if both are 0, one pod may be missing. */
export function rolloutBounds({ spec }: Deployment): RolloutBounds {
  const replicas = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: replicas };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = resolve(maxSurge, replicas, Math.ceil);
  const unavailable = resolve(maxUnavailable, replicas, Math.floor);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas) };
}

function resolve(value: number | string, total: number, round: (exact: number) => number): number {
  if (typeof value === 'number') return value;
  return value.endsWith('%') ? round((Number.parseFloat(value) / 100) * total) : Number(value) || 0;
}

const replicasOf = ({ spec }: ReplicaSet): number => spec.replicas ?? 1;
const availableOf = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** With how many replicas a ReplicaSet for a new template begins, or goes on. */
export function newReplicaCount(deployment: Deployment, current: number, olds: readonly ReplicaSet[]): number {
  const wanted = deployment.spec.replicas ?? 1;
  const total = sum(olds.map(replicasOf)) + current;
  if (deployment.spec.strategy?.type === 'Recreate') {
    // Nothing new before everything old is gone.
    return olds.some((old) => replicasOf(old) > 0 || (old.status?.replicas ?? 0) > 0) ? current : wanted;
  }
  if (current >= wanted) return wanted;
  const room = wanted + rolloutBounds(deployment).maxSurge - total;
  return current + Math.max(0, Math.min(room, wanted - current));
}

/**
 * The next steps of a rollout, none when it is over or has to wait for pods. The new one grows before old ones shrink: with
 * room to surge nothing is taken away that is not replaced.
 */
export function nextSteps(deployment: Deployment, current: ReplicaSet, olds: readonly ReplicaSet[]): ScaleStep[] {
  const replicas = newReplicaCount(deployment, replicasOf(current), olds);
  if (replicas !== replicasOf(current)) return [{ replicaSet: current, replicas }];
  const active = olds.filter((old) => replicasOf(old) > 0);
  if (active.length === 0) return [];
  if (deployment.spec.strategy?.type === 'Recreate') return active.map((replicaSet) => ({ replicaSet, replicas: 0 }));
  return shrinkOlds(deployment, current, active);
}

/** Oldest first; pods that are not available go before those that are. */
function shrinkOlds(deployment: Deployment, current: ReplicaSet, active: readonly ReplicaSet[]): ScaleStep[] {
  const minAvailable = (deployment.spec.replicas ?? 1) - rolloutBounds(deployment).maxUnavailable;
  const total = sum(active.map(replicasOf)) + replicasOf(current);
  const newUnavailable = Math.max(0, replicasOf(current) - availableOf(current));
  let removable = total - minAvailable - newUnavailable;
  const wanted = new Map<ReplicaSet, number>();
  const ordered = [...active].sort((a, b) => revisionOf(a) - revisionOf(b));
  for (const old of ordered) {
    const unhealthy = Math.max(0, Math.min(removable, replicasOf(old) - availableOf(old)));
    wanted.set(old, replicasOf(old) - unhealthy);
    removable -= unhealthy;
  }
  let spareAvailable = sum([...active, current].map(availableOf)) - minAvailable;
  for (const old of ordered) {
    const left = wanted.get(old) ?? 0;
    const step = Math.max(0, Math.min(spareAvailable, removable, left));
    wanted.set(old, left - step);
    spareAvailable -= step;
    removable -= step;
  }
  return [...wanted].filter(([old, replicas]) => replicas !== replicasOf(old)).map(([replicaSet, replicas]) => ({ replicaSet, replicas }));
}

/** Old ReplicaSets beyond the history limit (default 10), which nothing needs any more. */
export function surplusHistory(deployment: Deployment, olds: readonly ReplicaSet[]): ReplicaSet[] {
  const idle = olds.filter((old) => replicasOf(old) === 0 && (old.status?.replicas ?? 0) === 0 && old.metadata.deletionTimestamp === undefined);
  const surplus = Math.max(0, idle.length - (deployment.spec.revisionHistoryLimit ?? 10));
  return idle.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus);
}
