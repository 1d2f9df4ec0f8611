import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_AUTOSCALER_CONFIG } from './autoscaler-config.ts';
import { planScale, type ScaleInput } from './plan-scale.ts';
import { buildScalingSpec, type ScalingSpec } from './scaling-spec.ts';

function createSpec(annotations: Record<string, string> = {}, isReachable = true): ScalingSpec {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value]));
  return buildScalingSpec({ annotations: prefixed, containerConcurrency: 10, isReachable, config: DEFAULT_AUTOSCALER_CONFIG });
}

/** An active revision with two ready pods, burst capacity to spare, and a decision for two. */
function plan(changes: Partial<ScaleInput> = {}) {
  return planScale({
    spec: createSpec(),
    config: DEFAULT_AUTOSCALER_CONFIG,
    desiredPods: 2,
    excessBurstCapacity: 5,
    readyPods: 2,
    replicas: 2,
    mode: 'Proxy',
    activity: 'active',
    activityForMs: 100_000,
    watchedForMs: 100_000,
    isInitialized: true,
    hasService: true,
    proxiedForMs: undefined,
    activationTimeoutMs: 630_000,
    ...changes,
  });
}

describe('the scale', () => {
  it('is patched only when it changes', () => {
    expect(plan().replicas).toBeUndefined();
    expect(plan({ desiredPods: 4 }).replicas).toBe(4);
  });

  it('is left alone before the first decision', () => {
    expect(plan({ desiredPods: -1 })).toMatchObject({ scale: -1, replicas: undefined, activity: 'active', mode: 'Proxy' });
  });

  it('stays within the bounds, and says so', () => {
    const spec = createSpec({ 'min-scale': '2', 'max-scale': '5' });
    expect(plan({ spec, desiredPods: 1 })).toMatchObject({ scale: 2, reason: 'at least 2 by min-scale' });
    expect(plan({ spec, desiredPods: 9 })).toMatchObject({ scale: 5, reason: 'at most 5 by max-scale' });
    expect(plan({ spec, desiredPods: 3 })).toMatchObject({ scale: 3, reason: '' });
  });

  it('is one pod, and says why, where one is kept in expectation of use', () => {
    const idle = { desiredPods: 0, readyPods: 0, replicas: 0, activity: 'inactive', mode: 'Proxy' } as const;
    expect(plan({ ...idle, keepWarmReason: 'kept warm: so' })).toMatchObject({ scale: 1, replicas: 1, reason: 'kept warm: so', activity: 'activating' });
    expect(plan({ ...idle, desiredPods: 3, keepWarmReason: 'kept warm: so' })).toMatchObject({ scale: 3, reason: '' });
  });

  it('is within the bounds whatever is decided, or on its way to zero and back', () => {
    const inputs = fc.record({
      desiredPods: fc.integer({ min: -1, max: 50 }),
      excessBurstCapacity: fc.integer({ min: -10, max: 10 }),
      readyPods: fc.nat(20),
      replicas: fc.nat(20),
      activity: fc.constantFrom('activating' as const, 'active' as const, 'inactive' as const),
      activityForMs: fc.nat(1_000_000),
      watchedForMs: fc.nat(1_000_000),
      isInitialized: fc.boolean(),
      proxiedForMs: fc.option(fc.nat(100_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(inputs, fc.nat(10), fc.nat(10), fc.integer({ min: 1, max: 10 }), fc.boolean(), (changes, low, more, initial, isReachable) => {
        const max = low === 0 && more === 0 ? 0 : low + more;
        const spec = createSpec({ 'min-scale': String(low), 'max-scale': String(max), 'initial-scale': String(initial) }, isReachable);
        const { scale, replicas, mode } = plan({ ...changes, spec });
        const isStarting = isReachable && !changes.isInitialized && initial > 1;
        const least = isReachable ? Math.max(low, isStarting ? initial : 0) : 0;
        // An initial scale above the maximum lifts what is less, and what is more is held down by the maximum: Knative's clamp.
        if (scale >= 0) expect(scale).toBeGreaterThanOrEqual(max > 0 ? Math.min(least, max) : least);
        if (max > 0) expect(scale).toBeLessThanOrEqual(Math.max(max, least));
        if (replicas !== undefined) expect(replicas).toBe(scale);
        if (scale <= 0 && changes.desiredPods >= 0) expect(mode).toBe('Proxy');
      }),
    );
  });

  it('has no minimum for a revision that no route reaches', () => {
    const spec = createSpec({ 'min-scale': '2' }, false);
    expect(plan({ spec, desiredPods: 1 }).scale).toBe(1);
  });

  it('does not fall below the initial scale until that has been reached once', () => {
    const spec = createSpec({ 'initial-scale': '3' });
    expect(plan({ spec, desiredPods: 1, isInitialized: false }).scale).toBe(3);
    expect(plan({ spec, desiredPods: 1, isInitialized: true }).scale).toBe(1);
  });
});

describe('on the way to zero', () => {
  it('one pod stays when scaling to zero is off', () => {
    const config = { ...DEFAULT_AUTOSCALER_CONFIG, enableScaleToZero: false };
    expect(plan({ config, desiredPods: 0 }).replicas).toBe(1);
  });

  it('an active revision keeps one pod for the rest of its stable window', () => {
    expect(plan({ desiredPods: 0, activityForMs: 45_000 })).toMatchObject({ replicas: 1, activity: 'active', lookAgainAfterMs: 15_000 });
  });

  it('stays one until a whole stable window of load is known, however long the revision has been active', () => {
    const restarted = plan({ desiredPods: 0, readyPods: 1, replicas: 1, activityForMs: 3_600_000, watchedForMs: 2_000 });
    expect(restarted).toMatchObject({ scale: 1, replicas: undefined, activity: 'active', reason: 'load known for less than 1m0s', lookAgainAfterMs: 58_000 });
    expect(plan({ desiredPods: 0, readyPods: 1, replicas: 1, activityForMs: 3_600_000, watchedForMs: 60_000 })).toMatchObject({ scale: 0, activity: 'inactive' });
  });

  it('never looks again sooner than in a whole millisecond, since less may not move the clock on', () => {
    expect(plan({ desiredPods: 0, readyPods: 1, replicas: 1, activityForMs: 3_600_000, watchedForMs: 60_000 - 1e-7 }).lookAgainAfterMs).toBe(1);
  });

  it('then it becomes inactive, which puts activators in the path, and its pods stay for now', () => {
    expect(plan({ desiredPods: 0, activityForMs: 60_000 })).toMatchObject({
      scale: 0,
      replicas: undefined,
      activity: 'inactive',
      activityReason: 'NoTraffic',
      mode: 'Proxy',
    });
  });

  it('an inactive one keeps its pods while activators are not known to be in the path', () => {
    expect(plan({ desiredPods: 0, activity: 'inactive', proxiedForMs: undefined })).toMatchObject({ replicas: undefined, lookAgainAfterMs: 2000 });
  });

  it('and for the grace period after that', () => {
    const input = { desiredPods: 0, activity: 'inactive', activityForMs: 10_000 } as const;
    expect(plan({ ...input, proxiedForMs: 8000 })).toMatchObject({ replicas: undefined, lookAgainAfterMs: 22_000 });
    expect(plan({ ...input, proxiedForMs: 30_000 })).toMatchObject({ replicas: 0, reason: 'no load, and activators in the path for 30s' });
    expect(plan({ ...input, proxiedForMs: 8000, activityForMs: 30_000 }).replicas).toBe(0);
  });

  it('and for its retention period, unless no route reaches it', () => {
    const input = { desiredPods: 0, activity: 'inactive', activityForMs: 40_000, proxiedForMs: 40_000 } as const;
    const annotations = { 'scale-to-zero-pod-retention-period': '1m' };
    expect(plan({ ...input, spec: createSpec(annotations) })).toMatchObject({ replicas: undefined, lookAgainAfterMs: 20_000 });
    expect(plan({ ...input, spec: createSpec(annotations, false) }).replicas).toBe(0);
  });

  it('activators that are always in the path need not be asked for', () => {
    const spec = createSpec({ 'target-burst-capacity': '-1' });
    expect(plan({ spec, desiredPods: 0, activity: 'inactive', activityForMs: 30_000 }).replicas).toBe(0);
  });

  it('one that does not come up is given up after the activation timeout', () => {
    const input = { desiredPods: 0, readyPods: 0, activity: 'activating', isInitialized: false } as const;
    expect(plan({ ...input, activityForMs: 600_000 })).toMatchObject({ scale: -1, replicas: undefined, lookAgainAfterMs: 30_000 });
    expect(plan({ ...input, activityForMs: 630_000 })).toMatchObject({ replicas: 0, activity: 'inactive', activityReason: 'TimedOut' });
  });
});

describe('activity', () => {
  it.each([
    { name: 'wakes with a first wish', from: 'inactive', desiredPods: 1, readyPods: 0, to: 'activating', reason: 'Queued' },
    { name: 'is active when its pod is ready', from: 'activating', desiredPods: 1, readyPods: 1, to: 'active', reason: '' },
    { name: 'waits again when its pods are lost', from: 'active', desiredPods: 1, readyPods: 0, to: 'activating', reason: 'Queued' },
    { name: 'stays inactive without a decision', from: 'inactive', desiredPods: -1, readyPods: 0, to: 'inactive', reason: 'NoTraffic' },
    { name: 'stays active without a decision', from: 'active', desiredPods: -1, readyPods: 1, to: 'active', reason: '' },
  ] as const)('$name', ({ from, desiredPods, readyPods, to, reason }) => {
    expect(plan({ activity: from, desiredPods, readyPods })).toMatchObject({ activity: to, activityReason: reason });
  });

  it('waits for the minimum', () => {
    const spec = createSpec({ 'min-scale': '3' });
    expect(plan({ spec, readyPods: 2, activity: 'activating' }).activity).toBe('activating');
    expect(plan({ spec, readyPods: 3, activity: 'activating' }).activity).toBe('active');
  });

  it('a revision is initialised once its pods and its service are there, and remains so', () => {
    expect(plan({ isInitialized: false }).isInitialized).toBe(true);
    expect(plan({ isInitialized: false, hasService: false }).isInitialized).toBe(false);
    expect(plan({ isInitialized: false, readyPods: 0 }).isInitialized).toBe(false);
    expect(plan({ isInitialized: true, readyPods: 0 }).isInitialized).toBe(true);
  });
});

describe('who stands in the path', () => {
  it('pods serve when they have burst capacity to spare', () => {
    expect(plan({ excessBurstCapacity: 0 }).mode).toBe('Serve');
    expect(plan({ excessBurstCapacity: -1 }).mode).toBe('Proxy');
    expect(plan({ hasService: false }).mode).toBe('Proxy');
  });

  it('nobody changes place before the first decision', () => {
    expect(plan({ desiredPods: -1, mode: 'Serve' }).mode).toBe('Serve');
    expect(plan({ desiredPods: -1, mode: undefined }).mode).toBe('Proxy');
  });

  it('activators are as many as the load may need, and at least two', () => {
    expect(plan({ readyPods: 2 }).activators).toBe(3);
    expect(plan({ readyPods: 100 }).activators).toBe(13);
    expect(plan({ spec: createSpec({ 'target-burst-capacity': '0' }), readyPods: 100 }).activators).toBe(2);
  });
});
