import { SimulatedTime } from '@sluice/kernel/testing';
import { buildScalingSpec, DEFAULT_AUTOSCALER_CONFIG, StatsCollector } from '@sluice/scaling';
import { expect, test } from 'vitest';
import { DECISION_TICK_MS, MultiScaler } from './multi-scaler.ts';

const key = 'default/hello-00001';

function start() {
  const time = new SimulatedTime();
  const pods = { ready: 1 };
  const scaler = new MultiScaler({
    clock: time,
    timers: time,
    collector: new StatsCollector(),
    countReadyPods: () => pods.ready,
    onDecision: () => {},
  });
  scaler.upsert(key, buildScalingSpec({ annotations: {}, containerConcurrency: 1, isReachable: true, config: DEFAULT_AUTOSCALER_CONFIG }));
  scaler.start();
  return {
    time,
    pods,
    scaler,
    report(concurrency: number) {
      scaler.record(key, {
        podName: 'activator',
        averageConcurrentRequests: concurrency,
        averageProxiedConcurrentRequests: 0,
        requestCount: concurrency,
        proxiedRequestCount: 0,
      });
    },
  };
}

test('pods that were wanted and are still starting stay wanted when reports come again after a break', () => {
  const { time, pods, scaler, report } = start();
  report(20);
  time.advance(DECISION_TICK_MS);
  const wanted = scaler.decisionOf(key)?.desiredPods ?? 0;
  expect(wanted).toBeGreaterThan(4);

  pods.ready = 4;
  scaler.setReporting(false);
  time.advance(500);
  scaler.setReporting(true);
  report(2);
  time.advance(DECISION_TICK_MS);
  expect(scaler.decisionOf(key)).toMatchObject({ desiredPods: wanted, isPanicking: true });
});

test('while reports do not come nothing is decided', () => {
  const { time, scaler, report } = start();
  report(20);
  time.advance(DECISION_TICK_MS);
  const before = scaler.decisionOf(key);
  scaler.setReporting(false);
  time.advance(300_000);
  expect(scaler.decisionOf(key)).toBe(before);
});
