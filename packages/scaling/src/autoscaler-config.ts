/**
 * The ConfigMap `config-autoscaler`: what holds for every revision that does not say otherwise.
 * Keys, defaults and rules are Knative's:
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/config/config.go
 */
import { parseDuration, problem, type Checked, type Problem } from '@sluice/kernel';

export interface AutoscalerConfig {
  /** Share of a pod's limit to aim at, 0 to 1. `container-concurrency-target-percentage`, 70 %. */
  readonly containerConcurrencyTargetRatio: number;
  /** Requests one pod may have at once when the revision sets no limit. 100. */
  readonly containerConcurrencyTargetDefault: number;
  /** 200. */
  readonly requestsPerSecondTargetDefault: number;
  /** Spare load for bursts; −1 is unlimited. 211. */
  readonly targetBurstCapacity: number;
  /** 60 s. */
  readonly stableWindowMs: number;
  /** Length of the panic window as a share of the stable one, 1 to 100. 10. */
  readonly panicWindowPercentage: number;
  /** Panic when this share of the ready pods is wanted. 200. */
  readonly panicThresholdPercentage: number;
  /** 1000. */
  readonly maxScaleUpRate: number;
  /** 2. */
  readonly maxScaleDownRate: number;
  /** True. */
  readonly enableScaleToZero: boolean;
  /** How long activators must have been in the path before the last pod goes. 30 s. */
  readonly scaleToZeroGracePeriodMs: number;
  /** How long the last pod stays after the load has ended. 0. */
  readonly scaleToZeroPodRetentionPeriodMs: number;
  /** 0. */
  readonly scaleDownDelayMs: number;
  readonly podAutoscalerClass: string;
  /** Load one activator can take. 100. */
  readonly activatorCapacity: number;
  /** 1. */
  readonly initialScale: number;
  /** False. */
  readonly allowZeroInitialScale: boolean;
  /** 0. */
  readonly minScale: number;
  /** 0: no maximum. */
  readonly maxScale: number;
  /** The most that a revision may ask for as its maximum; 0: anything. */
  readonly maxScaleLimit: number;
}

export const KPA_CLASS = 'kpa.autoscaling.knative.dev';
export const HPA_CLASS = 'hpa.autoscaling.knative.dev';

/** What holds without a ConfigMap. */
export const DEFAULT_AUTOSCALER_CONFIG: AutoscalerConfig = {
  containerConcurrencyTargetRatio: 0.7,
  containerConcurrencyTargetDefault: 100,
  requestsPerSecondTargetDefault: 200,
  targetBurstCapacity: 211,
  stableWindowMs: 60_000,
  panicWindowPercentage: 10,
  panicThresholdPercentage: 200,
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  enableScaleToZero: true,
  scaleToZeroGracePeriodMs: 30_000,
  scaleToZeroPodRetentionPeriodMs: 0,
  scaleDownDelayMs: 0,
  podAutoscalerClass: KPA_CLASS,
  activatorCapacity: 100,
  initialScale: 1,
  allowZeroInitialScale: false,
  minScale: 0,
  maxScale: 0,
  maxScaleLimit: 0,
};

/** The bounds of a stable window, here and in annotations. Knative's `WindowMin` and `WindowMax`. Milliseconds. */
export const STABLE_WINDOW_MS_MIN = 6000;
export const STABLE_WINDOW_MS_MAX = 3_600_000;

/** The least load a pod may be given as its target. Knative's `TargetMin`. */
export const TARGET_MIN = 0.01;

/** Reads the data of the ConfigMap. Unknown keys are left alone; one bad value refuses the whole. */
export function parseAutoscalerConfig(data: Readonly<Record<string, string>>): Checked<AutoscalerConfig> {
  const reader = new DataReader(data);
  const defaults = DEFAULT_AUTOSCALER_CONFIG;
  const percentage = reader.number('container-concurrency-target-percentage', 70);
  const config: AutoscalerConfig = {
    // Older configurations say 0.7 and mean 70 %.
    containerConcurrencyTargetRatio: percentage > 1 ? percentage / 100 : percentage,
    containerConcurrencyTargetDefault: reader.number('container-concurrency-target-default', defaults.containerConcurrencyTargetDefault),
    requestsPerSecondTargetDefault: reader.number('requests-per-second-target-default', defaults.requestsPerSecondTargetDefault),
    targetBurstCapacity: reader.number('target-burst-capacity', defaults.targetBurstCapacity),
    stableWindowMs: reader.duration('stable-window', defaults.stableWindowMs),
    panicWindowPercentage: reader.number('panic-window-percentage', defaults.panicWindowPercentage),
    panicThresholdPercentage: reader.number('panic-threshold-percentage', defaults.panicThresholdPercentage),
    maxScaleUpRate: reader.number('max-scale-up-rate', defaults.maxScaleUpRate),
    maxScaleDownRate: reader.number('max-scale-down-rate', defaults.maxScaleDownRate),
    enableScaleToZero: reader.boolean('enable-scale-to-zero', defaults.enableScaleToZero),
    scaleToZeroGracePeriodMs: reader.duration('scale-to-zero-grace-period', defaults.scaleToZeroGracePeriodMs),
    scaleToZeroPodRetentionPeriodMs: reader.duration('scale-to-zero-pod-retention-period', defaults.scaleToZeroPodRetentionPeriodMs),
    scaleDownDelayMs: reader.duration('scale-down-delay', defaults.scaleDownDelayMs),
    podAutoscalerClass: data['pod-autoscaler-class'] ?? defaults.podAutoscalerClass,
    activatorCapacity: reader.number('activator-capacity', defaults.activatorCapacity),
    initialScale: reader.integer('initial-scale', defaults.initialScale),
    allowZeroInitialScale: reader.boolean('allow-zero-initial-scale', defaults.allowZeroInitialScale),
    minScale: reader.integer('min-scale', defaults.minScale),
    maxScale: reader.integer('max-scale', defaults.maxScale),
    maxScaleLimit: reader.integer('max-scale-limit', defaults.maxScaleLimit),
  };
  // A value that could not be read has its problem already, and its default passes every rule.
  const problems = [...reader.problems, ...validate(config, percentage)];
  return problems.length === 0 ? { ok: true, value: config, problems } : { ok: false, problems };
}

interface Rule {
  readonly key: string;
  readonly isMet: (config: AutoscalerConfig) => boolean;
  readonly expected: string;
}

const isWholeSeconds = (durationMs: number) => durationMs % 1000 === 0;

const rules: readonly Rule[] = [
  {
    key: 'container-concurrency-target-default',
    isMet: (config) =>
      config.containerConcurrencyTargetDefault > 0 &&
      config.containerConcurrencyTargetDefault * config.containerConcurrencyTargetRatio >= TARGET_MIN,
    expected: `must be greater than 0, and at least ${TARGET_MIN} after the target percentage`,
  },
  { key: 'requests-per-second-target-default', isMet: (config) => config.requestsPerSecondTargetDefault >= TARGET_MIN, expected: `must be at least ${TARGET_MIN}` },
  { key: 'target-burst-capacity', isMet: (config) => config.targetBurstCapacity >= 0 || config.targetBurstCapacity === -1, expected: 'must be 0 or more, or -1 for unlimited' },
  {
    key: 'stable-window',
    isMet: ({ stableWindowMs }) => stableWindowMs >= STABLE_WINDOW_MS_MIN && stableWindowMs <= STABLE_WINDOW_MS_MAX && isWholeSeconds(stableWindowMs),
    expected: 'must be whole seconds from 6s to 1h0m0s',
  },
  { key: 'panic-window-percentage', isMet: (config) => config.panicWindowPercentage >= 1 && config.panicWindowPercentage <= 100, expected: 'must be from 1 to 100' },
  { key: 'max-scale-up-rate', isMet: (config) => config.maxScaleUpRate > 1, expected: 'must be greater than 1' },
  { key: 'max-scale-down-rate', isMet: (config) => config.maxScaleDownRate > 1, expected: 'must be greater than 1' },
  { key: 'scale-to-zero-grace-period', isMet: (config) => config.scaleToZeroGracePeriodMs > 0, expected: 'must be greater than 0s' },
  { key: 'scale-to-zero-pod-retention-period', isMet: (config) => config.scaleToZeroPodRetentionPeriodMs >= 0, expected: 'must be 0s or more' },
  { key: 'scale-down-delay', isMet: ({ scaleDownDelayMs }) => scaleDownDelayMs >= 0 && isWholeSeconds(scaleDownDelayMs), expected: 'must be whole seconds, 0s or more' },
  { key: 'activator-capacity', isMet: (config) => config.activatorCapacity >= 1, expected: 'must be at least 1' },
  {
    key: 'initial-scale',
    isMet: (config) => config.initialScale > 0 || (config.initialScale === 0 && config.allowZeroInitialScale),
    expected: 'must be 0 or more, and 0 only with allow-zero-initial-scale',
  },
  { key: 'min-scale', isMet: (config) => config.minScale >= 0, expected: 'must be 0 or more' },
  { key: 'max-scale', isMet: ({ maxScale, minScale }) => maxScale >= 0 && (maxScale === 0 || maxScale >= minScale), expected: 'must be 0 for no maximum, or at least min-scale' },
  {
    key: 'max-scale',
    isMet: ({ maxScale, maxScaleLimit }) => maxScaleLimit <= 0 || (maxScale > 0 && maxScale <= maxScaleLimit),
    expected: 'must be from 1 to max-scale-limit',
  },
  { key: 'max-scale-limit', isMet: (config) => config.maxScaleLimit >= 0, expected: 'must be 0 or more' },
];

function validate(config: AutoscalerConfig, percentage: number): Problem[] {
  const problems = rules.filter(({ isMet }) => !isMet(config)).map(({ key, expected }) => problem(key, expected));
  if (!(percentage > 0 && percentage <= 100)) {
    problems.unshift(problem('container-concurrency-target-percentage', `must be greater than 0 and at most 100, but was ${percentage}`));
  }
  return problems;
}

class DataReader {
  readonly problems: Problem[] = [];
  readonly #data: Readonly<Record<string, string>>;

  constructor(data: Readonly<Record<string, string>>) {
    this.#data = data;
  }

  number(key: string, fallback: number): number {
    return this.#read(key, fallback, 'a number', (text) => (text.trim() === '' ? Number.NaN : Number(text)));
  }

  integer(key: string, fallback: number): number {
    return this.#read(key, fallback, 'a whole number', (text) => (/^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN));
  }

  duration(key: string, fallbackMs: number): number {
    return this.#read(key, fallbackMs, 'a duration such as 60s', (text) => parseDuration(text) ?? Number.NaN);
  }

  boolean(key: string, fallback: boolean): boolean {
    const text = this.#data[key];
    if (text === undefined) return fallback;
    if (/^(1|t|true)$/i.test(text)) return true;
    if (/^(0|f|false)$/i.test(text)) return false;
    this.problems.push(problem(key, `must be true or false, but was ${JSON.stringify(text)}`));
    return fallback;
  }

  #read(key: string, fallback: number, expected: string, parse: (text: string) => number): number {
    const text = this.#data[key];
    if (text === undefined) return fallback;
    const value = parse(text);
    if (Number.isFinite(value)) return value;
    this.problems.push(problem(key, `must be ${expected}, but was ${JSON.stringify(text)}`));
    return fallback;
  }
}
