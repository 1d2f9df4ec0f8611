import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { buildScalingSpec, DEFAULT_AUTOSCALER_CONFIG } from '@sluice/scaling';
import { emptyStat } from '@sluice/stats';
import { expect, test } from 'vitest';
import { createAutoscalerWorld } from '../testing/autoscaler-world.ts';
import { Scraping } from './scraping.ts';

test('of more revisions than are asked at once none is passed over', async () => {
  const { time, network, startQueueProxy } = createAutoscalerWorld();
  const pod = await startQueueProxy('pod', '10.0.0.9');
  pod.stat = emptyStat('pod');
  const heard = new Map<string, number>();
  const scraping = new Scraping({
    mode: 'all',
    network: network.view('autoscaler', '10.0.0.1'),
    meshMode: () => 'auto',
    passesMesh: () => false,
    podsOf: () => ({ pods: [{ address: '10.0.0.9', podName: 'pod', metricsPort: 9090 }], service: undefined }),
    hasReported: () => false,
    record: (key) => void heard.set(key, (heard.get(key) ?? 0) + 1),
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    logger: silentLogger,
    meter: createMeter(),
  });
  const spec = buildScalingSpec({ annotations: { 'autoscaling.knative.dev/target-burst-capacity': '0' }, containerConcurrency: 1, isReachable: true, config: DEFAULT_AUTOSCALER_CONFIG });
  for (let index = 0; index < 600; index += 1) scraping.upsert(`default/r${index}`, spec, {});
  scraping.start();
  await time.advanceAsync(3_500);
  scraping.stop();
  expect(heard.size).toBe(600);
  expect(new Set(heard.values())).toEqual(new Set([3]));
});
