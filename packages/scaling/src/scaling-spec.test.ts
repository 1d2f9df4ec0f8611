import { describe, expect, it } from 'vitest';
import { DEFAULT_AUTOSCALER_CONFIG, type AutoscalerConfig } from './autoscaler-config.ts';
import { buildScalingSpec, type ScalingSpec } from './scaling-spec.ts';

function build(annotations: Record<string, string>, containerConcurrency = 0, config: Partial<AutoscalerConfig> = {}): ScalingSpec {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value]));
  return buildScalingSpec({ annotations: prefixed, containerConcurrency, isReachable: true, config: { ...DEFAULT_AUTOSCALER_CONFIG, ...config } });
}

describe('the target per pod', () => {
  it.each([
    { annotations: {}, limit: 0, total: 100, target: 70 },
    { annotations: {}, limit: 10, total: 10, target: 7 },
    { annotations: { target: '5' }, limit: 10, total: 5, target: 3.5 },
    { annotations: { target: '50' }, limit: 10, total: 10, target: 7 },
    { annotations: { target: '50' }, limit: 0, total: 50, target: 35 },
    { annotations: { 'target-utilization-percentage': '100' }, limit: 10, total: 10, target: 10 },
    { annotations: { metric: 'rps' }, limit: 10, total: 200, target: 140 },
    { annotations: { metric: 'rps', target: '300' }, limit: 10, total: 300, target: 210 },
    { annotations: { target: '0.01' }, limit: 0, total: 0.01, target: 0.01 },
  ])('with limit $limit and $annotations is $target of $total', ({ annotations, limit, total, target }) => {
    const { totalValue, targetValue } = build(annotations, limit).decider;
    expect(totalValue).toBe(total);
    expect(targetValue).toBeCloseTo(target, 10);
  });

  it('of requests per second does not follow the utilisation of concurrency', () => {
    expect(build({ metric: 'rps' }, 0, { containerConcurrencyTargetRatio: 0.5 }).decider.targetValue).toBeCloseTo(140, 10);
  });
});

describe('windows', () => {
  it.each([
    { window: '60s', percentage: '10', panicMs: 6000 },
    { window: '60s', percentage: '51', panicMs: 31_000 },
    { window: '6s', percentage: '1', panicMs: 1000 },
  ])('$percentage % of $window are $panicMs ms of panic window', ({ window, percentage, panicMs }) => {
    expect(build({ window, 'panic-window-percentage': percentage }).collector.panicWindowMs).toBe(panicMs);
  });
});

describe('everything else', () => {
  it('comes from the annotations, else from the configuration', () => {
    const spec = build({ 'min-scale': '2', 'panic-threshold-percentage': '150', 'activation-scale': '3' }, 0, { maxScale: 9, scaleDownDelayMs: 5000 });
    expect([spec.minScale, spec.maxScale, spec.initialScale]).toEqual([2, 9, 1]);
    expect(spec.decider).toMatchObject({ panicThresholdRatio: 1.5, activationScale: 3, scaleDownDelayMs: 5000, targetBurstCapacity: 211 });
  });
});
