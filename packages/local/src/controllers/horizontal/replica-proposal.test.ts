import type { Pod } from '@sluice/kubernetes';
import { describe, expect, test } from 'vitest';
import { proposeReplicas, type ProposalContext, type Reading } from './replica-proposal.ts';

const startTime = '2026-01-01T00:00:00Z';
const wallTimeMs = Date.parse('2026-01-01T01:00:00Z');

function pod(uid: string, more: { readonly phase?: string; readonly isReady?: boolean; readonly since?: string; readonly goes?: boolean; readonly startTime?: string } = {}): Pod {
  const { phase = 'Running', isReady = true, since = '2026-01-01T00:00:10Z', goes = false } = more;
  const metadata = { namespace: 'default', name: uid, uid, ...(goes ? { deletionTimestamp: startTime } : {}) };
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: since } as const];
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'c' }] }, status: { phase, startTime: more.startTime ?? startTime, conditions } } as Pod;
}

const context = (pods: readonly Pod[], more: Partial<ProposalContext> = {}): ProposalContext => ({ currentReplicas: pods.length, pods, wallTimeMs, toleranceUp: 0.1, toleranceDown: 0.1, ...more });
const reading = (values: Readonly<Record<string, number>>, more: Partial<Reading> = {}): Reading => ({ metric: 'm', values: new Map(Object.entries(values)), target: { kind: 'value', value: 10 }, isCpu: false, ...more });
const share = (values: Readonly<Record<string, number>>, percent = 50, request = 1): Reading =>
  reading(values, { target: { kind: 'utilization', percent, requests: new Map(['a', 'b', 'c', 'd'].map((uid) => [uid, request])) }, isCpu: true });
const replicas = (one: Reading, of: ProposalContext): number | string => {
  const found = proposeReplicas(one, of);
  return found.kind === 'replicas' ? found.replicas : found.message;
};
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((uid) => pod(uid)) as [Pod, Pod, Pod, Pod];

describe('one metric asks for', () => {
  test.each([
    ['twice as many at twice the target', { a: 20, b: 20 }, 4],
    ['a part more, rounded up', { a: 13, b: 13 }, 3],
    ['half at half of it', { a: 5, b: 5 }, 1],
    ['the same within a tenth of it', { a: 11, b: 10.9 }, 2],
    ['more beyond that', { a: 11.2, b: 11.2 }, 3],
    ['what the average says, whoever has it', { a: 40, b: 0 }, 4],
  ])('%s', (_, values, wanted) => expect(replicas(reading(values), context([a, b]))).toBe(wanted));

  test('a share of what is requested, in whole per cent', () => {
    expect(proposeReplicas(share({ a: 0.9, b: 0.7 }), context([a, b]))).toEqual({ kind: 'replicas', replicas: 4, average: 0.8, utilization: 80 });
    expect(replicas(share({ a: 0.1, b: 0.1 }, 50, 0.2), context([a, b]))).toBe(2);
  });

  test('something else by tolerances of one’s own, each way', () => {
    expect(replicas(reading({ a: 10.5, b: 10.5 }), context([a, b], { toleranceUp: 0 }))).toBe(3);
    expect(replicas(reading({ a: 7, b: 7 }), context([a, b], { toleranceDown: 0.5 }))).toBe(2);
  });
});

describe('pods of which nothing is known', () => {
  test('are taken to need nothing on the way up, and all of the target on the way down', () => {
    expect(replicas(reading({ a: 40 }), context([a, b]))).toBe(4);
    expect(replicas(reading({ a: 15 }), context([a, b]))).toBe(2);
    expect(replicas(reading({ a: 1, b: 1, c: 1 }), context([a, b, c, d]))).toBe(2);
    // Of a share, all that is requested.
    expect(replicas(share({ a: 0.1, b: 0.1 }), context([a, b, c]))).toBe(3);
  });

  test('are nobody at all where no pod is known', () => {
    expect(replicas(reading({}), context([a, b]))).toMatch(/did not receive metrics/);
    expect(replicas(reading({}), context([]))).toMatch(/no pods returned/);
  });
});

describe('pods that are not ready', () => {
  test('count as idle on the way up, and not on the way down', () => {
    const starting = pod('b', { phase: 'Pending' });
    expect(replicas(reading({ a: 30 }), context([a, starting]))).toBe(3);
    expect(replicas(reading({ a: 15 }), context([a, starting]))).toBe(2);
    expect(replicas(reading({ a: 1 }), context([a, starting]))).toBe(1);
  });

  test('use cpu for their start, which says nothing; once ready they count', () => {
    const never = pod('b', { isReady: false, since: '2026-01-01T00:00:05Z' });
    expect(replicas(share({ a: 0.5, b: 5 }), context([a, never]))).toBe(2);
    const later = pod('b', { isReady: false, since: '2026-01-01T00:40:00Z' });
    expect(replicas(share({ a: 0.5, b: 2.5 }), context([a, later]))).toBe(6);
    const young = pod('b', { isReady: false, startTime: '2026-01-01T00:59:00Z', since: '2026-01-01T00:59:50Z' });
    expect(replicas(share({ a: 0.5, b: 2.5 }), context([a, young]))).toBe(2);
    // Other metrics take them as they are.
    expect(replicas(reading({ a: 10, b: 30 }), context([a, never]))).toBe(4);
  });

  test('and those that go or have ended are not there', () => {
    expect(replicas(reading({ a: 20, b: 100, c: 100 }), context([a, pod('b', { goes: true }), pod('c', { phase: 'Failed' })], { currentReplicas: 1 }))).toBe(2);
  });
});
