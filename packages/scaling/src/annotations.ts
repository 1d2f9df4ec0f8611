/**
 * What a revision says about its own scaling: the annotations `autoscaling.knative.dev/…`. Names, older
 * spellings, limits and the wording of complaints are Knative's:
 * https://github.com/knative/serving/blob/main/pkg/apis/autoscaling/annotation_validation.go
 */
import { formatDuration, parseDuration, problem, type Problem } from '@sluice/kernel';
import { HPA_CLASS, KPA_CLASS, STABLE_WINDOW_MS_MAX, STABLE_WINDOW_MS_MIN, TARGET_MIN, type AutoscalerConfig } from './autoscaler-config.ts';
import type { ScalingMetric } from './stat.ts';
import type { Aggregation } from './time-window.ts';

const PREFIX = 'autoscaling.knative.dev/';
const KEEP_WARM_BUDGET = 'autoscaling.sluice.dev/keep-warm-budget';
const INT32_MAX = 2_147_483_647;

/** What the annotations say. An absent field means: as the cluster's configuration says. */
export interface ScalingAnnotations {
  readonly class?: string;
  readonly metric?: ScalingMetric;
  /** What other classes are scaled on: `cpu`, `memory`, or the name of a metric. */
  readonly resourceMetric?: string;
  readonly target?: number;
  readonly targetUtilizationPercentage?: number;
  readonly targetBurstCapacity?: number;
  readonly stableWindowMs?: number;
  readonly panicWindowPercentage?: number;
  readonly panicThresholdPercentage?: number;
  readonly minScale?: number;
  readonly maxScale?: number;
  readonly initialScale?: number;
  readonly activationScale?: number;
  readonly scaleDownDelayMs?: number;
  readonly scaleToZeroPodRetentionPeriodMs?: number;
  readonly aggregation?: Aggregation;
  /** Ours: time per hour that a pod may be held in expectation of use. `autoscaling.sluice.dev/keep-warm-budget`. */
  readonly keepWarmBudgetMs?: number;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Reads all annotations and reports all that is wrong with them. A wrong one is as good as absent, so that a
 * revision which slipped past validation still scales by the defaults.
 */
export function readAnnotations(
  annotations: Readonly<Record<string, string>>,
  config: AutoscalerConfig,
): { readonly value: ScalingAnnotations; readonly problems: readonly Problem[] } {
  const reader = new AnnotationReader(annotations);
  const value: Mutable<ScalingAnnotations> = {};
  const className = reader.text('class');
  if (className !== undefined) {
    const isOurs = className.endsWith('.knative.dev');
    const isKnown = className === KPA_CLASS || className === HPA_CLASS;
    if (isOurs && !isKnown) reader.complain('class', `invalid value: ${className}`);
    else value.class = className;
  }
  readMetric(reader, value, config);
  assign(value, 'target', reader.number('target', (given) => (given >= TARGET_MIN ? undefined : `target ${given} should be at least ${TARGET_MIN}`)));
  assign(value, 'targetUtilizationPercentage', reader.number('target-utilization-percentage', within(1, 100)));
  assign(value, 'targetBurstCapacity', reader.number('target-burst-capacity', (given) => (given >= 0 || given === -1 ? undefined : `invalid value: ${given}`)));
  assign(value, 'panicWindowPercentage', reader.number('panic-window-percentage', within(1, 100)));
  assign(value, 'panicThresholdPercentage', reader.number('panic-threshold-percentage', within(110, 1000)));
  assign(value, 'stableWindowMs', reader.duration('window', STABLE_WINDOW_MS_MIN, STABLE_WINDOW_MS_MAX, true));
  assign(value, 'scaleDownDelayMs', reader.duration('scale-down-delay', 0, STABLE_WINDOW_MS_MAX, true));
  assign(value, 'scaleToZeroPodRetentionPeriodMs', reader.duration('scale-to-zero-pod-retention-period', 0, STABLE_WINDOW_MS_MAX, false));
  readScales(reader, value, config);
  assign(value, 'keepWarmBudgetMs', reader.keepWarmBudget());
  return { value, problems: reader.problems };
}

function readMetric(reader: AnnotationReader, value: Mutable<ScalingAnnotations>, config: AutoscalerConfig): void {
  const className = value.class ?? config.podAutoscalerClass;
  const metric = reader.text('metric');
  if (className === KPA_CLASS) {
    if (metric === 'concurrency' || metric === 'rps') value.metric = metric;
    else if (metric !== undefined) reader.complain('metric', `invalid value: ${metric}`);
    const algorithm = reader.text('metric-aggregation-algorithm');
    if (algorithm === 'weighted-exponential' || algorithm === 'weightedExponential') value.aggregation = 'weighted-exponential';
    else if (algorithm === 'linear') value.aggregation = 'linear';
    else if (algorithm) reader.complain('metric-aggregation-algorithm', `invalid value: ${algorithm}`);
  } else if (metric === '') {
    reader.complain('metric', 'invalid value: ');
  } else {
    assign(value, 'resourceMetric', metric);
  }
}

function readScales(reader: AnnotationReader, value: Mutable<ScalingAnnotations>, config: AutoscalerConfig): void {
  const [min, max] = reader.scaleBounds();
  const limit = config.maxScaleLimit;
  if (max !== undefined && max !== 0 && min !== undefined && max < min) {
    reader.complainAbout(['max-scale', 'min-scale'], `max-scale=${max} is less than min-scale=${min}`);
  } else if (max === 0 && limit > 0) {
    reader.complain('max-scale', `max-scale=0 (unlimited), must be less than ${limit}`);
  } else if (max !== undefined && limit > 0 && max > limit) {
    reader.complain('max-scale', `expected 1 <= ${max} <= ${limit}`);
  } else {
    assign(value, 'minScale', min);
    assign(value, 'maxScale', max);
  }
  const initial = reader.integer('initial-scale', 0);
  if (initial === 0 && !config.allowZeroInitialScale) {
    reader.problems.push(problem('', `invalid value: 0: ${PREFIX}initial-scale=0 not allowed by cluster`));
  } else {
    assign(value, 'initialScale', initial);
  }
  const activation = reader.integer('activation-scale', 2);
  if (activation === undefined) return;
  if (min !== undefined && min > activation) reader.complain('activation-scale', `min-scale=${min} is greater than activation-scale=${activation}`);
  else if (max !== undefined && max !== 0 && max < activation) reader.complain('activation-scale', `max-scale=${max} is less than activation-scale=${activation}`);
  else value.activationScale = activation;
}

function assign<Key extends keyof ScalingAnnotations>(
  value: Mutable<ScalingAnnotations>,
  key: Key,
  given: ScalingAnnotations[Key] | undefined,
): void {
  if (given !== undefined) value[key] = given;
}

function within(low: number, high: number): (given: number) => string | undefined {
  return (given) => (given >= low && given <= high ? undefined : `expected ${low} <= ${given} <= ${high}`);
}

class AnnotationReader {
  readonly problems: Problem[] = [];
  readonly #annotations: Readonly<Record<string, string>>;
  /** Whether any has a name in camel case. Seldom. */
  readonly #hasOlder: boolean;

  constructor(annotations: Readonly<Record<string, string>>) {
    this.#annotations = annotations;
    this.#hasOlder = Object.keys(annotations).some((key) => key.startsWith(PREFIX) && /[A-Z]/.test(key));
  }

  /** By its name of today, or by the one it had in camel case. */
  text(name: string): string | undefined {
    const given = this.#annotations[PREFIX + name];
    if (given !== undefined || !this.#hasOlder) return given;
    return this.#annotations[PREFIX + name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
  }

  complain(name: string, message: string): void {
    this.complainAbout([name], message);
  }

  /** In Knative's form: the message, then the keys it is about. */
  complainAbout(names: readonly string[], message: string): void {
    this.problems.push(problem('', `${message}: ${names.map((name) => PREFIX + name).join(', ')}`));
  }

  number(name: string, check: (given: number) => string | undefined): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const given = text.trim() === '' ? Number.NaN : Number(text);
    const complaint = Number.isFinite(given) ? check(given) : `invalid value: ${text}`;
    if (complaint !== undefined) this.complain(name, complaint);
    return complaint === undefined ? given : undefined;
  }

  integer(name: string, low: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [given, complaint] = readInteger(text, low);
    if (complaint !== undefined) this.complain(name, complaint);
    return given;
  }

  /** Both bounds; a complaint that fits both is made once. */
  scaleBounds(): [min: number | undefined, max: number | undefined] {
    const complaints = new Map<string, string[]>();
    const values = ['min-scale', 'max-scale'].map((name) => {
      const text = this.text(name);
      if (text === undefined) return undefined;
      const [given, complaint] = readInteger(text, 0);
      if (complaint !== undefined) complaints.set(complaint, [name, ...(complaints.get(complaint) ?? [])]);
      return given;
    });
    for (const [complaint, names] of complaints) this.complainAbout(names, complaint);
    return [values[0], values[1]];
  }

  duration(name: string, lowMs: number, highMs: number, isWholeSeconds: boolean): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const givenMs = parseDuration(text);
    let complaint: string | undefined;
    if (givenMs === undefined) complaint = `invalid value: ${text}`;
    else if (givenMs < lowMs || givenMs > highMs) complaint = `expected ${formatDuration(lowMs)} <= ${text} <= ${formatDuration(highMs)}`;
    else if (isWholeSeconds && givenMs % 1000 !== 0) complaint = 'must be specified with at most second precision';
    if (complaint !== undefined) this.complain(name, complaint);
    return complaint === undefined ? givenMs : undefined;
  }

  /** Of an hour, in ms. */
  keepWarmBudget(): number | undefined {
    const text = this.#annotations[KEEP_WARM_BUDGET];
    if (text === undefined) return undefined;
    const givenMs = parseDuration(text);
    if (givenMs !== undefined && givenMs >= 0 && givenMs <= STABLE_WINDOW_MS_MAX) return givenMs;
    const complaint = givenMs === undefined ? `invalid value: ${text}` : `expected 0s <= ${text} <= ${formatDuration(STABLE_WINDOW_MS_MAX)}`;
    this.problems.push(problem('', `${complaint}: ${KEEP_WARM_BUDGET}`));
    return undefined;
  }
}

function readInteger(text: string, low: number): [value: number | undefined, complaint: string | undefined] {
  if (!/^[+-]?\d+$/.test(text)) return [undefined, `invalid value: ${text}`];
  const value = Number(text);
  if (value < low || value > INT32_MAX) return [undefined, `expected ${low} <= ${text} <= ${INT32_MAX}`];
  return [value, undefined];
}
