/**
 * Calm load is noisy: what pods tell ahead of time must not make an autoscaler that hears of each peak at once restless. Pods
 * count requests as sidecars do, on a clock moved by hand.
 */
import { MultiScaler } from '@sluice/autoscaler';
import { createSeededRandom, type Random } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { LoadMeter } from '@sluice/queue-proxy';
import { buildScalingSpec, DEFAULT_AUTOSCALER_CONFIG, StatsCollector } from '@sluice/scaling';
import { AheadReports } from '@sluice/xds';
import { expect, test } from 'vitest';

const key = 'default/hello';
const targetPerPod = 10;
const pods = 3;

interface Trace {
  /** Mean in flight on each pod at a moment. */
  readonly meanAt: (now: number) => number;
  readonly requestMs: number;
}

/** What was decided until the fifth minute, in order, once what the start has brought is over; and how often pods spoke ahead of time. */
function decide({ meanAt, requestMs }: Trace) {
  const time = new SimulatedTime();
  const random = createSeededRandom(11);
  const decided: number[] = [];
  let aheads = 0;
  const scaler: MultiScaler = new MultiScaler({
    clock: time,
    timers: time,
    collector: new StatsCollector(),
    countReadyPods: () => pods,
    onDecision: () => {
      if (time.now() > 70_000) decided.push(scaler.decisionOf(key)?.desiredPods ?? 0);
    },
  });
  const annotations = { 'autoscaling.knative.dev/target': String(targetPerPod), 'autoscaling.knative.dev/target-utilization-percentage': '100', 'autoscaling.knative.dev/target-burst-capacity': '0' };
  scaler.upsert(key, buildScalingSpec({ annotations, containerConcurrency: 0, isReachable: true, config: DEFAULT_AUTOSCALER_CONFIG }));
  scaler.start();
  for (let pod = 0; pod < pods; pod += 1) {
    const load = new LoadMeter(time.now(), 7);
    const record = (report: ReturnType<LoadMeter['report']>, isAhead: boolean) =>
      scaler.record(key, {
        podName: `pod-${pod}`,
        averageConcurrentRequests: report.averageConcurrency,
        averageProxiedConcurrentRequests: 0,
        requestCount: report.requestCount,
        proxiedRequestCount: 0,
        isAhead,
      });
    const ahead = new AheadReports({ reportNow: () => record(load.ahead(), true) }, time);
    load.onRise = () => {
      aheads += 1;
      ahead.tell(key);
    };
    time.after(random.next() * 1_000, () => time.every(1_000, () => record(load.report(time.now()), false)));
    arrive(time, random, load, (now) => requestMs / Math.max(0.01, meanAt(now)), requestMs);
  }
  time.advance(300_000);
  return { decided, desired: scaler.decisionOf(key)?.desiredPods, aheads };
}

/** Requests that know nothing of each other, each of a length of its own. */
function arrive(time: SimulatedTime, random: Random, load: LoadMeter, gapMs: (now: number) => number, requestMs: number): void {
  const exponential = (mean: number) => -Math.log(1 - random.next()) * mean;
  const next = (): void => {
    if (load.stats.requestIn(time.now(), false)) load.onRise();
    time.after(exponential(requestMs), () => load.stats.requestOut(time.now(), false));
    time.after(exponential(gapMs(time.now())), next);
  };
  time.after(exponential(gapMs(0)), next);
}

test.each<[string, Trace]>([
  ['of many short requests', { meanAt: () => 8.5, requestMs: 100 }],
  ['of few long requests', { meanAt: () => 8.5, requestMs: 1_000 }],
  ['with a burst to the double every five seconds', { meanAt: (now) => (now % 5_000 < 300 ? 16 : 8), requestMs: 100 }],
])('the noise %s moves nothing', (_, trace) => {
  const { decided, desired, aheads } = decide(trace);
  // There were peaks, and they were told of.
  expect(aheads).toBeGreaterThan(100);
  expect(desired).toBe(3);
  expect(decided).toEqual([]);
});
