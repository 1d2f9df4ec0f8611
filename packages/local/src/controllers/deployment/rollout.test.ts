import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from '@sluice/kubernetes';
import { newReplicaCount, nextSteps, rolloutBounds, surplusHistory } from './rollout.ts';

function deployment(replicas: number, rollingUpdate: { maxSurge?: number | string; maxUnavailable?: number | string } = {}, rest: object = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: {}, template: { spec: { containers: [] } }, strategy: { type: 'RollingUpdate', rollingUpdate }, ...rest },
  };
}

function replicaSet(name: string, revision: number, replicas: number, available = replicas): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, annotations: { 'deployment.kubernetes.io/revision': String(revision) } },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available, readyReplicas: available },
  };
}

const steps = (wanted: Deployment, current: ReplicaSet, olds: ReplicaSet[]) =>
  nextSteps(wanted, current, olds).map(({ replicaSet: { metadata }, replicas }) => `${metadata.name} → ${replicas}`);

describe('the bounds of a rollout', () => {
  it('are a quarter each by default, surge rounded up and unavailability down', () => {
    expect(rolloutBounds(deployment(3))).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(rolloutBounds(deployment(10))).toEqual({ maxSurge: 3, maxUnavailable: 2 });
  });

  it('let one pod be missing when both are zero, since nothing could move otherwise', () => {
    expect(rolloutBounds(deployment(3, { maxSurge: 0, maxUnavailable: 0 }))).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  });
});

describe('a rolling update', () => {
  it('starts a first version with all its replicas', () => {
    expect(newReplicaCount(deployment(3), 0, [])).toBe(3);
  });

  it('follows the wished number when there is nothing to roll', () => {
    expect(steps(deployment(5), replicaSet('new', 1, 2), [])).toEqual(['new → 5']);
    expect(steps(deployment(0), replicaSet('new', 1, 2), [])).toEqual(['new → 0']);
  });

  it('grows the new one into the room that surge gives', () => {
    expect(newReplicaCount(deployment(4, { maxSurge: 1, maxUnavailable: 0 }), 0, [replicaSet('old', 1, 4)])).toBe(1);
  });

  it('waits for new pods to become available before it takes old ones away', () => {
    const wanted = deployment(4, { maxSurge: 1, maxUnavailable: 0 });
    expect(steps(wanted, replicaSet('new', 2, 1, 0), [replicaSet('old', 1, 4)])).toEqual([]);
    expect(steps(wanted, replicaSet('new', 2, 1, 1), [replicaSet('old', 1, 4)])).toEqual(['old → 3']);
  });

  it('removes broken old pods first, whatever the new ones do', () => {
    const wanted = deployment(4, { maxSurge: 1, maxUnavailable: 1 });
    expect(steps(wanted, replicaSet('new', 3, 1, 0), [replicaSet('old', 1, 2, 0), replicaSet('older', 2, 2, 2)])).toEqual(['old → 1']);
  });

  it('never leaves too few available pods nor too many, and comes to an end', () => {
    const sizes = fc.record({
      replicas: fc.integer({ min: 0, max: 12 }),
      maxSurge: fc.integer({ min: 0, max: 4 }),
      maxUnavailable: fc.integer({ min: 0, max: 4 }),
      olds: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(sizes, ({ replicas, maxSurge, maxUnavailable, olds }) => {
        const wanted = deployment(replicas, { maxSurge, maxUnavailable });
        const bounds = rolloutBounds(wanted);
        let current = replicaSet('new', 9, 0);
        let others = olds.map((size, index) => replicaSet(`old-${index}`, index, size));
        const started = others.reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0);
        for (let round = 0; round < 200; round += 1) {
          const next = new Map(nextSteps(wanted, current, others).map((step) => [step.replicaSet, step.replicas]));
          if (next.size === 0) break;
          // Every pod that was asked for becomes available before the next round.
          const move = (each: ReplicaSet) => replicaSet(each.metadata.name, Number(each.metadata.annotations?.['deployment.kubernetes.io/revision']), next.get(each) ?? each.spec.replicas ?? 0);
          [current, others] = [move(current), others.map(move)];
          const total = [current, ...others].reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0);
          expect(total).toBeLessThanOrEqual(Math.max(started, replicas + bounds.maxSurge));
          expect(total).toBeGreaterThanOrEqual(Math.min(started, replicas - bounds.maxUnavailable));
        }
        expect(current.spec.replicas).toBe(replicas);
        expect(others.map(({ spec }) => spec.replicas)).toEqual(others.map(() => 0));
      }),
    );
  });
});

describe('a Recreate strategy', () => {
  const recreate = deployment(2, {}, { strategy: { type: 'Recreate' } });

  it('takes everything old away first', () => {
    expect(steps(recreate, replicaSet('new', 2, 0), [replicaSet('old', 1, 2)])).toEqual(['old → 0']);
  });

  it('starts the new one when the last old pod is gone', () => {
    const going = { ...replicaSet('old', 1, 0), status: { replicas: 1 } };
    expect(steps(recreate, replicaSet('new', 2, 0), [going])).toEqual([]);
    expect(steps(recreate, replicaSet('new', 2, 0), [replicaSet('old', 1, 0)])).toEqual(['new → 2']);
  });
});

describe('old versions', () => {
  it('are kept up to the limit, the newest ones', () => {
    const wanted = deployment(1, {}, { revisionHistoryLimit: 1 });
    const olds = [replicaSet('b', 2, 0), replicaSet('a', 1, 0), replicaSet('c', 3, 1)];
    expect(surplusHistory(wanted, olds).map(({ metadata }) => metadata.name)).toEqual(['a']);
  });
});
