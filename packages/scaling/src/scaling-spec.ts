/**
 * The policy for one revision: its annotations over the cluster's configuration, worked out to numbers once,
 * so that nothing is looked up twice within a decision.
 */
import { readAnnotations } from './annotations.ts';
import { KPA_CLASS, TARGET_MIN, type AutoscalerConfig } from './autoscaler-config.ts';
import type { DeciderSpec } from './decision.ts';
import type { Problem } from '@sluice/kernel';
import type { CollectorSpec } from './stats-collector.ts';

export interface ScalingSpec {
  /** Who is to scale it: `kpa.autoscaling.knative.dev` is this autoscaler. */
  readonly class: string;
  /** What Kubernetes' own autoscaler is told, for the class that leaves scaling to it. */
  readonly horizontal: HorizontalSpec;
  readonly decider: DeciderSpec;
  readonly collector: CollectorSpec;
  readonly minScale: number;
  /** 0: no maximum. */
  readonly maxScale: number;
  readonly initialScale: number;
  readonly retentionPeriodMs: number;
  /** Time per hour that a pod may be held in expectation of use; 0, the default: none. */
  readonly keepWarmBudgetMs: number;
  /** What is wrong with the annotations; each wrong one counts as absent. */
  readonly problems: readonly Problem[];
}

export interface HorizontalSpec {
  /** `cpu` unless the annotation `metric` says otherwise. */
  readonly metric: string;
  /** Absent: no metric is set, and Kubernetes takes its own. */
  readonly target: number | undefined;
  /** Seconds over which it looks back before it scales. Absent: Kubernetes' own. */
  readonly windowSeconds: number | undefined;
}

export interface ScalingSpecInput {
  readonly annotations: Readonly<Record<string, string>>;
  /** 0 for no limit. */
  readonly containerConcurrency: number;
  readonly isReachable: boolean;
  readonly config: AutoscalerConfig;
}

/** Share of the target to aim at when scaling on requests per second, which the configuration does not set. */
const REQUESTS_PER_SECOND_UTILIZATION = 0.7;

export function buildScalingSpec(input: ScalingSpecInput): ScalingSpec {
  const { config, isReachable } = input;
  const { value: annotations, problems } = readAnnotations(input.annotations, config);
  const metric = annotations.metric ?? 'concurrency';
  const stableWindowMs = annotations.stableWindowMs ?? config.stableWindowMs;
  const panicWindowPercentage = annotations.panicWindowPercentage ?? config.panicWindowPercentage;
  const panicThresholdPercentage = annotations.panicThresholdPercentage ?? config.panicThresholdPercentage;
  const totalValue = metric === 'rps' ? (annotations.target ?? config.requestsPerSecondTargetDefault) : concurrencyTotal(input, annotations.target);
  const defaultUtilization = metric === 'rps' ? REQUESTS_PER_SECOND_UTILIZATION : config.containerConcurrencyTargetRatio;
  const utilization =
    annotations.targetUtilizationPercentage === undefined ? defaultUtilization : annotations.targetUtilizationPercentage / 100;
  return {
    class: annotations.class ?? (config.podAutoscalerClass || KPA_CLASS),
    horizontal: {
      metric: annotations.resourceMetric ?? 'cpu',
      target: annotations.target,
      windowSeconds: annotations.stableWindowMs === undefined ? undefined : annotations.stableWindowMs / 1000,
    },
    decider: {
      metric,
      totalValue,
      targetValue: Math.max(TARGET_MIN, totalValue * utilization),
      targetBurstCapacity: annotations.targetBurstCapacity ?? config.targetBurstCapacity,
      maxScaleUpRate: config.maxScaleUpRate,
      maxScaleDownRate: config.maxScaleDownRate,
      panicThresholdRatio: panicThresholdPercentage / 100,
      activationScale: annotations.activationScale ?? 1,
      stableWindowMs,
      scaleDownDelayMs: annotations.scaleDownDelayMs ?? config.scaleDownDelayMs,
      isReachable,
    },
    collector: {
      metric,
      stableWindowMs,
      // To the nearest whole second, as Knative rounds it: 51 % of 60 s are 31 s.
      panicWindowMs: Math.max(1, Math.round((stableWindowMs * panicWindowPercentage) / 100 / 1000)) * 1000,
      aggregation: annotations.aggregation ?? 'linear',
    },
    minScale: annotations.minScale ?? config.minScale,
    maxScale: annotations.maxScale ?? config.maxScale,
    initialScale: annotations.initialScale ?? config.initialScale,
    retentionPeriodMs: annotations.scaleToZeroPodRetentionPeriodMs ?? config.scaleToZeroPodRetentionPeriodMs,
    keepWarmBudgetMs: annotations.keepWarmBudgetMs ?? 0,
    problems,
  };
}

/** A target may ask for less than the pod's limit, never for more. */
function concurrencyTotal({ containerConcurrency, config }: ScalingSpecInput, target: number | undefined): number {
  if (target === undefined) return containerConcurrency > 0 ? containerConcurrency : config.containerConcurrencyTargetDefault;
  return containerConcurrency > 0 ? Math.min(target, containerConcurrency) : target;
}
