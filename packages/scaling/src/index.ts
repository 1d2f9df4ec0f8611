export type { ScalingMetric, Stat } from './stat.ts';
export { TimeWindow, type Aggregation } from './time-window.ts';
export { StatsCollector, type CollectorSpec, type ObservedLoad } from './stats-collector.ts';
export { createDeciderState, decide, initialExcessBurstCapacity } from './decide.ts';
export type { DeciderSpec, DeciderState, Decision, DecisionInputs, Observed } from './decision.ts';
export { DEFAULT_AUTOSCALER_CONFIG, KPA_CLASS, parseAutoscalerConfig, type AutoscalerConfig } from './autoscaler-config.ts';
export { readAnnotations, type ScalingAnnotations } from './annotations.ts';
export { buildScalingSpec, type ScalingSpec, type ScalingSpecInput } from './scaling-spec.ts';
export { planScale, SCALE_UNKNOWN, type Activity, type ScaleInput, type ScalePlan, type ServingMode } from './plan-scale.ts';
