import { describe, expect, test } from 'vitest';
import type { Condition } from '../api/object.ts';
import { aConfiguration, aPodAutoscaler, aRevision } from '../testing/index.ts';
import { conditionOf, isFalse, isTrue, isUnknown, livingConditions, type Mark } from './condition-set.ts';
import { configurationStatus } from './configuration-status.ts';
import { findPodFailure, type PodView } from './pod-failure.ts';
import { hasFailed, revisionStatus, type RevisionFacts } from './revision-status.ts';

const earlier = '2026-01-01T00:00:00Z';
const now = '2026-01-01T00:01:00Z';

describe('livingConditions', () => {
  const ready = (marks: Record<string, Mark>) =>
    conditionOf(livingConditions({ dependents: ['A', 'B'], marks, previous: undefined, now }), 'Ready');

  test.each<[string, Record<string, Mark>, Partial<Condition>]>([
    ['all true', { A: isTrue, B: isTrue }, { status: 'True' }],
    ['one not known', { A: isTrue }, { status: 'Unknown' }],
    [
      'one unknown with a reason',
      { A: isTrue, B: isUnknown('Waiting', 'for it') },
      { status: 'Unknown', reason: 'Waiting', message: 'for it' },
    ],
    [
      'one false beats one unknown',
      { A: isUnknown('Waiting'), B: isFalse('Broken', 'it is') },
      { status: 'False', reason: 'Broken', message: 'it is' },
    ],
    ['an informational one gates nothing', { A: isTrue, B: isTrue, C: isFalse('Asleep', '') }, { status: 'True' }],
  ])('%s', (_, marks, expected) => {
    expect(ready(marks)).toMatchObject(expected);
  });

  test('times move only where the status does', () => {
    const previous: Condition[] = [
      { type: 'A', status: 'True', lastTransitionTime: earlier },
      { type: 'B', status: 'True', lastTransitionTime: earlier },
    ];
    const next = livingConditions({ dependents: ['A', 'B'], marks: { A: isTrue, B: isUnknown() }, previous, now });
    expect(next.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ['A', earlier],
      ['B', now],
      ['Ready', now],
    ]);
  });
});

describe('findPodFailure', () => {
  const pod = (status: NonNullable<PodView['status']>, metadata: Partial<PodView['metadata']> = {}): PodView => ({
    metadata: { name: 'p', ...metadata },
    status,
  });
  const ended = { terminated: { exitCode: 1, message: 'boom' } };

  test('a container that runs again is given another chance', () => {
    const status = { containerStatuses: [{ name: 'u', state: { running: {} }, lastState: ended }] };
    expect(findPodFailure([pod(status)])).toBeUndefined();
  });

  test('a pod on its way out is not looked at: that it ends is meant', () => {
    const status = { containerStatuses: [{ name: 'u', state: ended }] };
    expect(findPodFailure([pod(status, { deletionTimestamp: earlier })])).toBeUndefined();
    expect(findPodFailure([pod(status)])?.mark).toMatchObject({ reason: 'ExitCode1' });
  });

  test('a pod that no node takes is a matter of resources', () => {
    const conditions: Condition[] = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no room' },
    ];
    expect(findPodFailure([pod({ conditions })])).toEqual({
      condition: 'ResourcesAvailable',
      mark: isFalse('Unschedulable', 'no room'),
    });
  });

  test('of several pods the first by name speaks, whatever their order', () => {
    const failing = (name: string, exitCode: number) =>
      pod({ containerStatuses: [{ name: 'u', state: { terminated: { exitCode } } }] }, { name });
    const reason = (pods: readonly PodView[]) => findPodFailure(pods)?.mark.reason;
    expect(reason([failing('b', 2), failing('a', 1)])).toBe('ExitCode1');
    expect(reason([failing('a', 1), failing('b', 2)])).toBe('ExitCode1');
  });
});

describe('revisionStatus', () => {
  const status = (facts: Partial<RevisionFacts>) =>
    revisionStatus({
      revision: aRevision('hello', 1, { conditions: [] }),
      deployment: undefined,
      podAutoscaler: undefined,
      pods: [],
      now,
      ...facts,
    });
  const said = (facts: Partial<RevisionFacts>) =>
    Object.fromEntries(
      (status(facts).conditions ?? []).map(({ type, status: value, reason }) => [
        type,
        reason ? `${value} ${reason}` : value,
      ]),
    );
  const initialized: Condition = { type: 'ScaleTargetInitialized', status: 'True' };

  test('knows nothing at first', () => {
    expect(said({})).toEqual({
      Ready: 'Unknown Deploying',
      ResourcesAvailable: 'Unknown Deploying',
      ContainerHealthy: 'Unknown Deploying',
      Active: 'Unknown Deploying',
    });
  });

  test('is ready when its pods have been up once, deployed or asleep', () => {
    const podAutoscaler = aPodAutoscaler('hello-00001', {
      conditions: [initialized, { type: 'Active', status: 'False', reason: 'NoTraffic' }],
      actualScale: 0,
      desiredScale: 0,
    });
    expect(said({ podAutoscaler })).toEqual({
      Ready: 'True',
      ResourcesAvailable: 'True',
      ContainerHealthy: 'True',
      Active: 'False NoTraffic',
    });
    expect(status({ podAutoscaler })).toMatchObject({ actualReplicas: 0, desiredReplicas: 0 });
  });

  test('has failed when the autoscaler gave up before the first pod was up', () => {
    const podAutoscaler = aPodAutoscaler('hello-00001', {
      serviceName: 'hello-00001',
      conditions: [{ type: 'Active', status: 'False', reason: 'TimedOut' }],
    });
    expect(said({ podAutoscaler })).toMatchObject({
      Ready: 'False ProgressDeadlineExceeded',
      Active: 'False TimedOut',
    });
  });

  test('does not mind one failing pod where another is available', () => {
    const pods = [
      {
        metadata: { name: 'p' },
        status: { containerStatuses: [{ name: 'u', state: { terminated: { exitCode: 1 } } }] },
      },
    ];
    const deployment = (availableReplicas: number) => ({ spec: { replicas: 2 }, status: { availableReplicas } });
    expect(said({ pods, deployment: deployment(1) })['ContainerHealthy']).toBe('Unknown Deploying');
    expect(said({ pods, deployment: deployment(0) })['ContainerHealthy']).toBe('False ExitCode1');
  });

  test('says that replicas cannot be made', () => {
    const conditions: Condition[] = [
      { type: 'Progressing', status: 'True' },
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' },
    ];
    expect(said({ deployment: { spec: { replicas: 1 }, status: { conditions } } })).toMatchObject({
      ResourcesAvailable: 'False FailedCreate',
    });
  });

  test('counts as failed only while something is wished for and nothing is ready', () => {
    const failing = { conditions: [{ type: 'ContainerHealthy', status: 'False' as const }] };
    expect(hasFailed(failing, { spec: { replicas: 1 } })).toBe(true);
    expect(hasFailed(failing, { spec: { replicas: 0 } })).toBe(false);
    expect(hasFailed(failing, { spec: { replicas: 2 }, status: { readyReplicas: 1 } })).toBe(false);
    expect(hasFailed({ conditions: [] }, { spec: { replicas: 1 } })).toBe(false);
  });
});

describe('configurationStatus', () => {
  const unready: Condition[] = [{ type: 'Ready', status: 'Unknown' }];
  const configuration = (latestReadyRevisionName?: string) =>
    aConfiguration('hello', latestReadyRevisionName === undefined ? {} : { status: { latestReadyRevisionName } });
  const of = (before: string | undefined, ...revisions: readonly ReturnType<typeof aRevision>[]) => {
    const latestCreated = revisions.at(-1);
    if (!latestCreated) throw new Error('a configuration has a revision');
    const { conditions, latestReadyRevisionName } = configurationStatus({
      configuration: configuration(before),
      latestCreated,
      revisions,
      now,
    });
    return { latestReadyRevisionName, ready: conditions?.[0] };
  };

  test('is ready with the newest revision', () => {
    expect(of(undefined, aRevision('hello', 1))).toMatchObject({
      latestReadyRevisionName: 'hello-00001',
      ready: { status: 'True' },
    });
  });

  test('keeps the last that was ready while a newer one comes up', () => {
    expect(of('hello-00001', aRevision('hello', 1), aRevision('hello', 2, { conditions: unready }))).toMatchObject({
      latestReadyRevisionName: 'hello-00001',
      ready: { status: 'Unknown' },
    });
  });

  test('moves on by generation, also by numbers that sort otherwise as text', () => {
    expect(of('hello-00009', aRevision('hello', 9), aRevision('hello', 10))).toMatchObject({
      latestReadyRevisionName: 'hello-00010',
    });
  });

  test('never goes back, even if the last ready one has become unready', () => {
    expect(of('hello-00002', aRevision('hello', 1), aRevision('hello', 2, { conditions: unready }))).toMatchObject({
      latestReadyRevisionName: 'hello-00002',
    });
  });

  test('says that the ready revision was deleted', () => {
    expect(of('hello-00001', aRevision('hello', 2, { conditions: unready }))).toMatchObject({
      latestReadyRevisionName: undefined,
      ready: { status: 'False', reason: 'RevisionDeleted', message: 'Revision "hello-00001" was deleted.' },
    });
  });
});
