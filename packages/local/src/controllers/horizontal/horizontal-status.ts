/** What is said on an autoscaler, in Kubernetes' words. */
import { mergeConditions, type Condition, type HorizontalPodAutoscaler, type HorizontalPodAutoscalerStatus } from '@sluice/kubernetes';
import type { HorizontalMetric } from '@sluice/kubernetes';
import { writeQuantity } from './quantity.ts';
import type { Proposal } from './replica-proposal.ts';
import type { Decision } from './scaling-behavior.ts';

/** What one look came to. */
export interface Look {
  readonly currentReplicas: number;
  readonly desiredReplicas: number;
  /** Undefined: it was scaled just now, or there was no decision to make. */
  readonly decision: Decision | undefined;
  readonly isRescaled: boolean;
  /** Why nothing could be read of it at all, or nothing done. */
  readonly unable: { readonly reason: string; readonly message: string } | undefined;
  /** Undefined: nobody asked, since bounds said already what to do. */
  readonly active: { readonly isActive: boolean; readonly reason: string; readonly message: string } | undefined;
  readonly metrics: readonly { readonly metric: HorizontalMetric; readonly proposal: Extract<Proposal, { kind: 'replicas' }> }[];
}

export function horizontalStatus({ metadata, status: before }: HorizontalPodAutoscaler, look: Look, now: string): HorizontalPodAutoscalerStatus {
  const { currentReplicas, desiredReplicas, isRescaled } = look;
  const { lastScaleTime } = before ?? {};
  const scaledAt = isRescaled ? now : lastScaleTime;
  const conditions = conditionsOf(look);
  // What this look says nothing about stays as it was.
  const kept = (before?.conditions ?? []).filter(({ type }) => !conditions.some((one) => one.type === type));
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(scaledAt === undefined ? {} : { lastScaleTime: scaledAt }),
    currentReplicas,
    desiredReplicas,
    ...(look.unable ? {} : { currentMetrics: look.metrics.map(currentMetric) }),
    conditions: [...mergeConditions(before?.conditions, conditions, now), ...kept],
  };
}

function conditionsOf({ decision, isRescaled, unable, active }: Look): Condition[] {
  if (unable) return [{ type: 'AbleToScale', status: 'False', ...unable }];
  const able = isRescaled
    ? { reason: 'SucceededRescale', message: 'the HPA controller was able to update the target scale' }
    : decision?.stabilized === 'down'
      ? { reason: 'ScaleDownStabilized', message: 'recent recommendations were higher than current one, applying the highest recent recommendation' }
      : decision?.stabilized === 'up'
        ? { reason: 'ScaleUpStabilized', message: 'recent recommendations were lower than current one, applying the lowest recent recommendation' }
        : { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
  return [
    { type: 'AbleToScale', status: 'True', ...able },
    ...(active ? [{ type: 'ScalingActive', status: active.isActive ? 'True' : 'False', reason: active.reason, message: active.message } as const] : []),
    ...(decision ? [limitedCondition(decision)] : []),
  ];
}

function limitedCondition({ limited }: Decision): Condition {
  return limited
    ? { type: 'ScalingLimited', status: 'True', ...limited }
    : { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
}

function currentMetric({ metric, proposal }: Look['metrics'][number]): unknown {
  const current = { averageValue: writeQuantity(proposal.average), ...(proposal.utilization === undefined ? {} : { averageUtilization: proposal.utilization }) };
  switch (metric.type) {
    case 'Resource':
      return { type: metric.type, resource: { name: metric.resource.name, current } };
    case 'ContainerResource':
      return { type: metric.type, containerResource: { name: metric.containerResource.name, container: metric.containerResource.container, current } };
    case 'Pods':
      return { type: metric.type, pods: { metric: metric.pods.metric, current } };
    default:
      return { type: metric.type };
  }
}
