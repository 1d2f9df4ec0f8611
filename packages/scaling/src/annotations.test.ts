import { describe, expect, it } from 'vitest';
import { readAnnotations } from './annotations.ts';
import { DEFAULT_AUTOSCALER_CONFIG } from './autoscaler-config.ts';

const prefix = 'autoscaling.knative.dev/';

/** Reads annotations given without their prefix. */
function read(annotations: Record<string, string>, config = DEFAULT_AUTOSCALER_CONFIG) {
  return readAnnotations(Object.fromEntries(Object.entries(annotations).map(([name, value]) => [prefix + name, value])), config);
}

function complaints(annotations: Record<string, string>, config = DEFAULT_AUTOSCALER_CONFIG): string[] {
  return read(annotations, config).problems.map(({ message }) => message.replaceAll(prefix, ''));
}

describe('annotations', () => {
  it('are read in the spelling of today and of old', () => {
    expect(read({ 'min-scale': '2', maxScale: '5', window: '1m', target: '0.5', metricAggregationAlgorithm: 'weightedExponential' })).toEqual({
      value: { minScale: 2, maxScale: 5, stableWindowMs: 60_000, target: 0.5, aggregation: 'weighted-exponential' },
      problems: [],
    });
  });

  it('that are absent say nothing', () => {
    expect(read({})).toEqual({ value: {}, problems: [] });
  });

  it.each([
    [{ 'max-scale': '2147483648' }, 'expected 0 <= 2147483648 <= 2147483647: max-scale'],
    [{ 'max-scale': 'bar', 'min-scale': 'bar' }, 'invalid value: bar: max-scale, min-scale'],
    [{ 'min-scale': '4', 'max-scale': '3' }, 'max-scale=3 is less than min-scale=4: max-scale, min-scale'],
    [{ 'panic-window-percentage': 'fifty' }, 'invalid value: fifty: panic-window-percentage'],
    [{ 'panic-threshold-percentage': '50' }, 'expected 110 <= 50 <= 1000: panic-threshold-percentage'],
    [{ target: '100}' }, 'invalid value: 100}: target'],
    [{ target: '0' }, 'target 0 should be at least 0.01: target'],
    [{ 'target-burst-capacity': '-11' }, 'invalid value: -11: target-burst-capacity'],
    [{ 'target-utilization-percentage': '0' }, 'expected 1 <= 0 <= 100: target-utilization-percentage'],
    [{ window: '1s' }, 'expected 6s <= 1s <= 1h0m0s: window'],
    [{ window: '6500ms' }, 'must be specified with at most second precision: window'],
    [{ 'scale-to-zero-pod-retention-period': '311m' }, 'expected 0s <= 311m <= 1h0m0s: scale-to-zero-pod-retention-period'],
    [{ metric: 'cpu' }, 'invalid value: cpu: metric'],
    [{ class: 'hpa.autoscaling.knative.dev', metric: '' }, 'invalid value: : metric'],
    [{ class: 'foo.knative.dev' }, 'invalid value: foo.knative.dev: class'],
    [{ 'initial-scale': '0' }, 'invalid value: 0: initial-scale=0 not allowed by cluster'],
    [{ 'activation-scale': '2', 'min-scale': '3' }, 'min-scale=3 is greater than activation-scale=2: activation-scale'],
    [{ 'activation-scale': '4', 'max-scale': '3' }, 'max-scale=3 is less than activation-scale=4: activation-scale'],
  ])('%o are refused: %s', (annotations, complaint) => {
    expect(complaints(annotations)).toEqual([complaint]);
  });

  it.each([
    [{ 'max-scale': '0' }],
    [{ 'metric-aggregation-algorithm': 'random-selection', class: 'of-keys' }],
    [{ 'target-burst-capacity': '0' }],
    [{ 'scale-to-zero-pod-retention-period': '0' }],
    [{ metric: 'rps' }],
  ])('%o are accepted', (annotations) => {
    expect(complaints(annotations)).toEqual([]);
  });

  it('obey what the cluster allows', () => {
    expect(complaints({ 'initial-scale': '0' }, { ...DEFAULT_AUTOSCALER_CONFIG, allowZeroInitialScale: true })).toEqual([]);
    const limited = { ...DEFAULT_AUTOSCALER_CONFIG, maxScaleLimit: 5 };
    expect(complaints({ 'max-scale': '0' }, limited)).toEqual(['max-scale=0 (unlimited), must be less than 5: max-scale']);
    expect(complaints({ 'max-scale': '6' }, limited)).toEqual(['expected 1 <= 6 <= 5: max-scale']);
  });

  it('that are wrong count as absent, and the others hold', () => {
    expect(read({ window: '1s', target: '5' }).value).toEqual({ target: 5 });
  });
});
