import { describe, expect, it } from 'vitest';
import { ProbeProgress, probeSchedule } from './probe-progress.ts';
import { RestartBackoff } from './restart-backoff.ts';

describe('a probe', () => {
  it('has the defaults of Kubernetes, also where Knative writes a period of zero', () => {
    expect(probeSchedule({ periodSeconds: 0 }, true)).toEqual({
      initialDelayMs: 0,
      periodMs: 10_000,
      timeoutMs: 1000,
      successThreshold: 1,
      failureThreshold: 3,
      quickStart: true,
    });
  });

  it('waits at most a twentieth more than it has waited, until the first success', () => {
    const progress = new ProbeProgress(probeSchedule({ periodSeconds: 5 }, true), 0);
    expect([0, 100, 1000, 10_000, 1_000_000].map((now) => progress.nextDelayMs(now))).toEqual([25, 25, 50, 500, 5000]);
    progress.record(true, 1000);
    expect(progress.nextDelayMs(1000)).toBe(5000);
    progress.record(false, 6000);
    expect(progress.nextDelayMs(6000)).toBe(5000);
  });

  it('keeps its initial delay', () => {
    const progress = new ProbeProgress(probeSchedule({ initialDelaySeconds: 3 }, true), 1000);
    expect(progress.nextDelayMs(1500)).toBe(2500);
    expect(progress.nextDelayMs(4000)).toBe(25);
  });

  it('does not fail sooner because it looks more often', () => {
    const progress = new ProbeProgress(probeSchedule({ periodSeconds: 1, failureThreshold: 3 }, true), 0);
    const verdicts = [];
    for (let now = 0; now <= 2000; now += 25) verdicts.push(progress.record(false, now));
    expect(verdicts.indexOf('failure') * 25).toBe(2000);
  });

  it('needs as many successes in a row as it says', () => {
    const progress = new ProbeProgress(probeSchedule({ successThreshold: 2 }, true), 0);
    expect([true, false, true, true, false].map((result, index) => progress.record(result, index))).toEqual([
      'initial',
      'initial',
      'initial',
      'success',
      'success',
    ]);
  });

  it('turns to failure after the threshold and back with the next success', () => {
    const progress = new ProbeProgress(probeSchedule({ failureThreshold: 2 }, false), 0);
    expect([true, false, false, false, true].map((result, index) => progress.record(result, index))).toEqual([
      'success',
      'success',
      'failure',
      'failure',
      'success',
    ]);
  });
});

describe('the wait before a restart', () => {
  it('is nothing first, then doubles from ten seconds to five minutes', () => {
    const backoff = new RestartBackoff();
    const waits = [];
    for (let restart = 0; restart < 8; restart += 1) {
      backoff.started(0);
      waits.push(backoff.ended(1000) / 1000);
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('begins afresh after ten good minutes', () => {
    const backoff = new RestartBackoff();
    for (let restart = 0; restart < 4; restart += 1) backoff.ended(1000);
    backoff.started(0);
    expect(backoff.ended(600_000)).toBe(80_000);
    backoff.started(0);
    expect(backoff.ended(600_001)).toBe(0);
  });
});
