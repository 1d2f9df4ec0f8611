import { describe, expect, it } from 'vitest';
import type { Pod, ReplicaSet } from '@sluice/kubernetes';
import { countReplicas, planReplicas } from './replicas.ts';

function replicaSet(replicas: number, minReadySeconds = 0): ReplicaSet {
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web' }, spec: { replicas, selector: {}, minReadySeconds } };
}

interface Traits {
  readonly ready?: string;
  readonly phase?: 'Pending' | 'Running' | 'Failed';
  readonly bound?: boolean;
  readonly terminating?: boolean;
  readonly restarts?: number;
  readonly created?: string;
  readonly cost?: number;
}

function pod(name: string, { ready, phase = 'Running', bound = true, terminating = false, restarts = 0, created, cost }: Traits = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(created === undefined ? {} : { creationTimestamp: created }),
      ...(terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': String(cost) } }),
    },
    spec: { containers: [], ...(bound ? { nodeName: 'local' } : {}) },
    status: {
      phase,
      conditions: ready === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: ready }],
      containerStatuses: [{ name: 'c', ready: ready !== undefined, restartCount: restarts }],
    },
  };
}

const removed = (replicas: number, pods: Pod[]) => planReplicas(replicaSet(replicas), pods).remove.map(({ metadata }) => metadata.name);

describe('which pods a ReplicaSet creates and removes', () => {
  it('counts neither pods that are over nor those on their way out', () => {
    const pods = [pod('a', { phase: 'Failed' }), pod('b', { terminating: true }), pod('c')];
    expect(planReplicas(replicaSet(3), pods)).toEqual({ create: 2, remove: [] });
  });

  it('gives up the pods that are worth least', () => {
    const long = '2026-01-01T00:00:00Z';
    const short = '2026-01-01T01:00:00Z';
    expect(removed(1, [pod('bound', { phase: 'Pending' }), pod('unbound', { phase: 'Pending', bound: false })])).toEqual(['unbound']);
    expect(removed(1, [pod('running'), pod('pending', { phase: 'Pending' })])).toEqual(['pending']);
    expect(removed(1, [pod('ready', { ready: long }), pod('unready')])).toEqual(['unready']);
    expect(removed(1, [pod('dear', { ready: short, cost: 10 }), pod('cheap', { ready: long, cost: -1 })])).toEqual(['cheap']);
    expect(removed(1, [pod('long', { ready: long }), pod('short', { ready: short })])).toEqual(['short']);
    expect(removed(1, [pod('steady', { ready: long }), pod('restarting', { ready: long, restarts: 3 })])).toEqual(['restarting']);
    expect(removed(1, [pod('old', { created: long }), pod('young', { created: short })])).toEqual(['young']);
  });
});

describe('how pods are counted', () => {
  it('takes a pod for available when it has been ready long enough, and says when to look again', () => {
    const now = Date.parse('2026-01-01T00:00:10Z');
    const pods = [pod('a', { ready: '2026-01-01T00:00:00Z' }), pod('b', { ready: '2026-01-01T00:00:07Z' }), pod('c')];
    expect(countReplicas(replicaSet(3, 5), pods, now)).toEqual({ replicas: 3, readyReplicas: 2, availableReplicas: 1, nextAvailableMs: 2000 });
  });
});
