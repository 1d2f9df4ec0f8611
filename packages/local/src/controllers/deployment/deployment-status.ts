/** What a Deployment's status says, computed from its ReplicaSets. Pure; rules and words are kube-controller-manager's. */
import { findCondition, formatTime, type Condition, type Deployment, type DeploymentStatus, type ReplicaSet } from '@sluice/kubernetes';
import { rolloutBounds } from './rollout.ts';

/** Deployments note when a condition last changed in any way, too. */
interface DeploymentCondition extends Condition {
  readonly lastUpdateTime?: string;
}

/** Default of `progressDeadlineSeconds`. */
const progressDeadlineSeconds = 600;

export interface StatusFacts {
  readonly current: ReplicaSet | undefined;
  readonly olds: readonly ReplicaSet[];
  /** The ReplicaSet was made in this very reconciliation. */
  readonly created: boolean;
  readonly wallTimeMs: number;
}

export interface StatusResult {
  readonly status: DeploymentStatus;
  /** When progress has to be looked at again, in ms from now. Absent when no deadline runs. */
  readonly deadlineInMs: number | undefined;
}

export function deploymentStatus(deployment: Deployment, facts: StatusFacts): StatusResult {
  const all = [...facts.olds, ...(facts.current ? [facts.current] : [])];
  const total = (count: (replicaSet: ReplicaSet) => number | undefined) => all.reduce((sum, each) => sum + (count(each) ?? 0), 0);
  const available = total(({ status }) => status?.availableReplicas);
  const counts = {
    replicas: total(({ status }) => status?.replicas),
    updatedReplicas: facts.current?.status?.replicas ?? 0,
    readyReplicas: total(({ status }) => status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total(({ spec }) => spec.replicas ?? 1) - available),
    observedGeneration: deployment.metadata.generation ?? 0,
  };
  const progressing = progressCondition(deployment, counts, facts);
  const conditions = [availableCondition(deployment, available), progressing, failureCondition(all)].filter((found) => found !== undefined);
  const now = formatTime(facts.wallTimeMs);
  return {
    status: { ...counts, conditions: conditions.map((condition) => stamp(condition, deployment.status?.conditions, now)) },
    deadlineInMs: deadlineMs(deployment, progressing, facts.wallTimeMs),
  };
}

function availableCondition(deployment: Deployment, available: number): DeploymentCondition {
  const needed = (deployment.spec.replicas ?? 1) - rolloutBounds(deployment).maxUnavailable;
  return available >= needed
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' };
}

/**
 * Progress is judged during a rollout only: once it has completed, scaling does not start the deadline again.
 */
function progressCondition(deployment: Deployment, counts: DeploymentStatus, facts: StatusFacts): DeploymentCondition | undefined {
  const before = findCondition(deployment.status?.conditions, 'Progressing') as DeploymentCondition | undefined;
  const name = facts.current?.metadata.name ?? deployment.metadata.name;
  const now = formatTime(facts.wallTimeMs);
  const say = (status: 'True' | 'False', reason: string, message: string): DeploymentCondition => ({
    type: 'Progressing',
    status,
    reason,
    message: `ReplicaSet "${name}" ${message}`,
    lastUpdateTime: now,
  });
  if (facts.created) {
    return { ...say('True', 'NewReplicaSetCreated', ''), message: `Created new replica set "${name}"` };
  }
  const rolledOut = before?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas;
  if (rolledOut) return before;
  if (isComplete(deployment, counts)) return say('True', 'NewReplicaSetAvailable', 'has successfully progressed.');
  if (isProgress(counts, deployment.status)) return say('True', 'ReplicaSetUpdated', 'is progressing.');
  if (before && isTimedOut(deployment, before, facts.wallTimeMs)) return say('False', 'ProgressDeadlineExceeded', 'has timed out progressing.');
  if (before?.reason === 'NewReplicaSetAvailable' || !before) return say('True', 'ReplicaSetUpdated', 'is progressing.');
  return before;
}

function isComplete(deployment: Deployment, counts: DeploymentStatus): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return counts.updatedReplicas === wanted && counts.replicas === wanted && counts.availableReplicas === wanted;
}

function isProgress(counts: DeploymentStatus, before: DeploymentStatus = {}): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (counts.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(counts) < old(before) ||
    (counts.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (counts.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut(deployment: Deployment, before: DeploymentCondition, wallTimeMs: number): boolean {
  if (before.reason === 'ProgressDeadlineExceeded') return true;
  return wallTimeMs >= deadlineOf(deployment, before);
}

function deadlineOf({ spec }: Deployment, { lastUpdateTime }: DeploymentCondition): number {
  return Date.parse(lastUpdateTime ?? '') + (spec.progressDeadlineSeconds ?? progressDeadlineSeconds) * 1000;
}

function deadlineMs(deployment: Deployment, progressing: DeploymentCondition | undefined, wallTimeMs: number): number | undefined {
  if (!progressing || progressing.reason === 'NewReplicaSetAvailable' || progressing.status === 'False') return undefined;
  return Math.max(0, deadlineOf(deployment, progressing) - wallTimeMs) || undefined;
}

/** A ReplicaSet that cannot create its pods is the Deployment's failure too. */
function failureCondition(all: readonly ReplicaSet[]): DeploymentCondition | undefined {
  return all.map(({ status }) => findCondition(status?.conditions, 'ReplicaFailure')).find((found) => found !== undefined);
}

function stamp(condition: DeploymentCondition, previous: readonly Condition[] | undefined, now: string): DeploymentCondition {
  const before = findCondition(previous, condition.type) as DeploymentCondition | undefined;
  const same = before?.status === condition.status && before.reason === condition.reason && before.message === condition.message;
  return {
    ...condition,
    lastUpdateTime: condition.lastUpdateTime ?? (same ? (before.lastUpdateTime ?? now) : now),
    lastTransitionTime: before?.status === condition.status ? (before.lastTransitionTime ?? now) : now,
  };
}
