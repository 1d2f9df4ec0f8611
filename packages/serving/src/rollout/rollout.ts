/**
 * A gradual rollout: of each configuration that a route follows, which revisions have which share, and when the next step is due.
 * The state stands in an annotation, in Knative's form; times are nanoseconds since 1970 there and here.
 * https://github.com/knative/serving/blob/main/pkg/reconciler/route/traffic/rollout.go
 */

/** Where the state stands: in the annotations of a Route's status. */
export const rolloutAnnotation = 'networking.internal.knative.dev/rollout';

export interface Rollout {
  /** Sorted by tag, then by name. */
  readonly configurations: readonly ConfigurationRollout[];
}

export interface ConfigurationRollout {
  readonly configurationName: string;
  /** Empty for the share of the route's own host. */
  readonly tag: string;
  /** Of the route's traffic, 0 to 100; of a tag's always 100. */
  readonly percent: number;
  /** The oldest first. Their shares make up `percent`. */
  readonly revisions: readonly RevisionRollout[];
  readonly step: RolloutStep;
}

export interface RevisionRollout {
  readonly revisionName: string;
  readonly percent: number;
}

/** 0 stands for what is not known yet. */
export interface RolloutStep {
  /** When the newest revision got its first percent. */
  readonly startTime: number;
  readonly nextStepTime: number;
  readonly stepDuration: number;
  /** In percent. */
  readonly stepSize: number;
}

export const noStep: RolloutStep = { startTime: 0, nextStepTime: 0, stepDuration: 0, stepSize: 0 };

/** Whether no configuration has more than one revision. */
export function isDone({ configurations }: Rollout): boolean {
  return configurations.every(({ revisions }) => revisions.length < 2);
}

export function configurationsOf(rollout: Rollout, tag: string): readonly ConfigurationRollout[] {
  return rollout.configurations.filter((configuration) => configuration.tag === tag);
}

export function sorted(configurations: readonly ConfigurationRollout[]): ConfigurationRollout[] {
  return configurations.toSorted((a, b) => compare(a.tag, b.tag) || compare(a.configurationName, b.configurationName));
}

/** As Knative's annotation has it, empty members left out. */
export function formatRollout({ configurations }: Rollout): string {
  return JSON.stringify({
    configurations: configurations.map(({ configurationName, tag, percent, revisions, step }) => ({
      configurationName,
      tag: tag || undefined,
      percent,
      revisions,
      stepParams: {
        starttime: step.startTime || undefined,
        nextStepTime: step.nextStepTime || undefined,
        stepDuration: step.stepDuration || undefined,
        stepSize: step.stepSize || undefined,
      },
    })),
  });
}

/** Undefined when there is none, or none that makes sense: then the rollout begins anew. */
export function parseRollout(text: string | undefined): Rollout | undefined {
  if (text === undefined) return undefined;
  try {
    const { configurations } = JSON.parse(text) as { configurations?: unknown };
    if (!Array.isArray(configurations)) return undefined;
    const read = configurations.map(readConfiguration);
    return read.every((configuration) => configuration !== undefined) ? { configurations: sorted(read) } : undefined;
  } catch {
    return undefined;
  }
}

interface Written {
  readonly configurationName?: unknown;
  readonly tag?: unknown;
  readonly percent?: unknown;
  readonly revisions?: readonly { readonly revisionName?: unknown; readonly percent?: unknown }[] | null;
  readonly stepParams?: Readonly<Record<string, unknown>>;
}

function readConfiguration(value: Written): ConfigurationRollout | undefined {
  const { configurationName, tag = '', percent, stepParams = {} } = value;
  const revisions = (value.revisions ?? []).map(({ revisionName, percent: share }) => ({
    revisionName: typeof revisionName === 'string' ? revisionName : '',
    percent: numberOf(share),
  }));
  const step: RolloutStep = {
    startTime: numberOf(stepParams['starttime']),
    nextStepTime: numberOf(stepParams['nextStepTime']),
    stepDuration: numberOf(stepParams['stepDuration']),
    stepSize: numberOf(stepParams['stepSize']),
  };
  if (typeof configurationName !== 'string' || typeof tag !== 'string') return undefined;
  const configuration = { configurationName, tag, percent: numberOf(percent), revisions, step };
  return makesSense(configuration) ? configuration : undefined;
}

function makesSense({ percent, revisions, step }: ConfigurationRollout): boolean {
  const total = revisions.reduce((sum, revision) => sum + revision.percent, 0);
  return percent <= 100 && step.stepSize >= 0 && step.stepSize <= percent && total === percent;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
