import { SimulatedTime } from '@sluice/kernel/testing';
import { buildScalingSpec, DEFAULT_AUTOSCALER_CONFIG, type Stat } from '@sluice/scaling';
import { expect, test } from 'vitest';
import { WarmKeeping } from './warm-keeping.ts';

const key = 'default/hello-00001';
const minute = 60_000;
const used: Stat = { podName: 'activator', averageConcurrentRequests: 1, averageProxiedConcurrentRequests: 0, requestCount: 1, proxiedRequestCount: 0 };

function start(annotations: Record<string, string>) {
  const time = new SimulatedTime();
  const changes: number[] = [];
  const keeping = new WarmKeeping({ clock: time, timers: time, config: () => DEFAULT_AUTOSCALER_CONFIG, onChange: () => changes.push(time.now()) });
  keeping.upsert(key, buildScalingSpec({ annotations, containerConcurrency: 10, isReachable: true, config: DEFAULT_AUTOSCALER_CONFIG }));
  keeping.start();
  return { time, changes, keeping };
}

/** Used once every ten minutes, for so many minutes. */
function useEveryTenMinutes({ time, keeping }: ReturnType<typeof start>, minutes: number): void {
  for (let elapsed = 0; elapsed < minutes; elapsed += 10) {
    keeping.record(key, used);
    time.advance(10 * minute);
  }
}

test('a revision that states a budget has a pod shortly before its next use, and says why', () => {
  const world = start({ 'autoscaling.sluice.dev/keep-warm-budget': '20m' });
  useEveryTenMinutes(world, 120);
  // Each time begun once and ended once, by the use.
  expect(world.changes.length).toBeGreaterThanOrEqual(12);
  expect(world.keeping.reasonFor(key)).toMatch(/^kept warm: pauses of 598 to 598 s, this one is 5\d\d s$/);
  world.keeping.record(key, used);
  world.time.advance(2000);
  expect(world.keeping.reasonFor(key)).toBeUndefined();
});

test.each([{}, { 'autoscaling.sluice.dev/keep-warm-budget': '0s' }, { 'autoscaling.sluice.dev/keep-warm-budget': 'much' }])('without a budget nothing is kept: %o', (annotations) => {
  const world = start(annotations as Record<string, string>);
  useEveryTenMinutes(world, 180);
  expect(world.changes).toEqual([]);
});

test('a revision that no route reaches any more is given up', () => {
  const world = start({ 'autoscaling.sluice.dev/keep-warm-budget': '20m' });
  useEveryTenMinutes(world, 120);
  const spec = buildScalingSpec({ annotations: { 'autoscaling.sluice.dev/keep-warm-budget': '20m' }, containerConcurrency: 10, isReachable: false, config: DEFAULT_AUTOSCALER_CONFIG });
  world.keeping.upsert(key, spec);
  expect(world.keeping.reasonFor(key)).toBeUndefined();
});
