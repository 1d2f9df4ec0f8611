import { describe, expect, it } from 'vitest';
import { findCondition, type Deployment, type ReplicaSet } from '@sluice/kubernetes';
import { deploymentStatus } from './deployment-status.ts';

const start = Date.UTC(2026, 0, 1);

function deployment(status?: Deployment['status']): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', generation: 3 },
    spec: { replicas: 2, selector: {}, template: { spec: { containers: [] } }, progressDeadlineSeconds: 60 },
    ...(status ? { status } : {}),
  };
}

function replicaSet(replicas: number, ready: number): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web-bcdfg' },
    spec: { replicas: 2, selector: {} },
    status: { replicas, readyReplicas: ready, availableReplicas: ready },
  };
}

/** Runs a story: each step's status is what the next begins with. */
function story() {
  let status: Deployment['status'];
  return (replicas: number, ready: number, atSeconds: number, created = false) => {
    const facts = { current: replicaSet(replicas, ready), olds: [], created, wallTimeMs: start + atSeconds * 1000 };
    const result = deploymentStatus(deployment(status), facts);
    status = result.status;
    const progressing = findCondition(status.conditions, 'Progressing');
    const available = findCondition(status.conditions, 'Available');
    return { ...result, said: `${progressing?.status} ${progressing?.reason}, available ${available?.status}` };
  };
}

describe('the status of a Deployment', () => {
  it('tells a rollout from its beginning to its end', () => {
    const at = story();
    expect(at(0, 0, 0, true).said).toBe('True NewReplicaSetCreated, available False');
    expect(at(2, 0, 1).said).toBe('True ReplicaSetUpdated, available False');
    expect(at(2, 1, 2).said).toBe('True ReplicaSetUpdated, available False');
    const done = at(2, 2, 3);
    expect(done.said).toBe('True NewReplicaSetAvailable, available True');
    expect(done.status).toMatchObject({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, unavailableReplicas: 0, observedGeneration: 3 });
    expect(done.deadlineInMs).toBeUndefined();
  });

  it('says so when there was no progress before the deadline, and takes it back on progress', () => {
    const at = story();
    at(0, 0, 0, true);
    expect(at(2, 0, 1).deadlineInMs).toBe(60_000);
    expect(at(2, 0, 60).said).toBe('True ReplicaSetUpdated, available False');
    const late = at(2, 0, 61);
    expect(late.said).toBe('False ProgressDeadlineExceeded, available False');
    expect(findCondition(late.status.conditions, 'Progressing')?.message).toBe('ReplicaSet "web-bcdfg" has timed out progressing.');
    expect(at(2, 0, 62).said).toBe('False ProgressDeadlineExceeded, available False');
    expect(at(2, 2, 70).said).toBe('True NewReplicaSetAvailable, available True');
  });

  it('does not start the deadline again when a rolled-out Deployment loses a pod', () => {
    const at = story();
    at(0, 0, 0, true);
    at(2, 2, 1);
    expect(at(2, 1, 100).said).toBe('True NewReplicaSetAvailable, available False');
    expect(at(2, 1, 1000).said).toBe('True NewReplicaSetAvailable, available False');
  });

  it('passes on that pods cannot be created', () => {
    const failing = { ...replicaSet(0, 0), status: { replicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True' as const, reason: 'FailedCreate', message: 'quota' }] } };
    const { status } = deploymentStatus(deployment(), { current: failing, olds: [], created: false, wallTimeMs: start });
    expect(findCondition(status.conditions, 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'quota' });
  });

  it('computes the same again when nothing changed', () => {
    const at = story();
    at(0, 0, 0, true);
    const once = at(2, 2, 5).status;
    expect(at(2, 2, 50).status).toEqual(once);
  });
});
