import { describe, expect, it } from 'vitest';
import { DEFAULT_AUTOSCALER_CONFIG, parseAutoscalerConfig } from './autoscaler-config.ts';

/** The keys that problems were found at. */
function problemKeys(data: Record<string, string>): string[] {
  return parseAutoscalerConfig(data).problems.map(({ path }) => path);
}

describe('config-autoscaler', () => {
  it('without data has Knative’s defaults', () => {
    expect(parseAutoscalerConfig({})).toEqual({ ok: true, value: DEFAULT_AUTOSCALER_CONFIG, problems: [] });
  });

  it('is read in Go’s spelling', () => {
    const data = { 'stable-window': '1m30s', 'enable-scale-to-zero': 'false', 'target-burst-capacity': '-1', 'min-scale': '1', _example: 'x' };
    expect(parseAutoscalerConfig(data)).toEqual({
      ok: true,
      value: { ...DEFAULT_AUTOSCALER_CONFIG, stableWindowMs: 90_000, enableScaleToZero: false, targetBurstCapacity: -1, minScale: 1 },
      problems: [],
    });
  });

  it.each([
    ['70', 0.7],
    ['0.7', 0.7],
    ['1', 1],
    ['100', 1],
  ])('takes a target percentage of %s for a ratio of %d', (text, expected) => {
    const checked = parseAutoscalerConfig({ 'container-concurrency-target-percentage': text });
    expect(checked.ok && checked.value.containerConcurrencyTargetRatio).toBe(expected);
  });

  it.each([
    ['container-concurrency-target-percentage', '-42'],
    ['container-concurrency-target-percentage', '101'],
    ['container-concurrency-target-default', '0'],
    ['requests-per-second-target-default', '0.001'],
    ['target-burst-capacity', '-11'],
    ['stable-window', 'not a duration'],
    ['stable-window', '1s'],
    ['stable-window', '61984ms'],
    ['panic-window-percentage', '0.1'],
    ['panic-window-percentage', '110'],
    ['max-scale-up-rate', '1'],
    ['max-scale-down-rate', '1'],
    ['scale-to-zero-grace-period', '0s'],
    ['scale-to-zero-pod-retention-period', '-4m11s'],
    ['scale-down-delay', '1.5s'],
    ['activator-capacity', '0.95'],
    ['initial-scale', '0'],
    ['allow-zero-initial-scale', 'invalid'],
    ['min-scale', '-1'],
    ['max-scale', '2.5'],
  ])('refuses %s: %s', (key, text) => {
    expect(problemKeys({ [key]: text })).toContain(key);
    expect(parseAutoscalerConfig({ [key]: text }).ok).toBe(false);
  });

  it('refuses a maximum below the minimum, and one above the limit', () => {
    expect(problemKeys({ 'min-scale': '4', 'max-scale': '3' })).toEqual(['max-scale']);
    expect(problemKeys({ 'max-scale-limit': '3' })).toEqual(['max-scale']);
    expect(problemKeys({ 'max-scale-limit': '3', 'max-scale': '3' })).toEqual([]);
  });

  it('names everything that is wrong at once', () => {
    expect(parseAutoscalerConfig({ 'stable-window': '1s', 'initial-scale': 'two' }).problems).toEqual([
      { path: 'initial-scale', message: 'must be a whole number, but was "two"', severity: 'error' },
      { path: 'stable-window', message: 'must be whole seconds from 6s to 1h0m0s', severity: 'error' },
    ]);
  });
});
