/**
 * The status of a PodAutoscaler, from the plan and from what stands in the path. Conditions and their words are
 * Knative's: https://github.com/knative/serving/blob/main/pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go
 */
import { findCondition, isConditionTrue, mergeConditions, type Condition } from '@sluice/kubernetes';
import type { Activity, ScalePlan } from '@sluice/scaling';
import { lastColdStartAnnotation, type ColdStartRecord } from './cold-start-record.ts';
import type { PodAutoscaler, PodAutoscalerStatus, ServerlessService } from '@sluice/serving';

/** What of a plan shows in the status. */
export type PlannedState = Pick<ScalePlan, 'scale' | 'activity' | 'activityReason' | 'isInitialized'>;

export interface StatusInput {
  readonly pa: PodAutoscaler;
  readonly plan: PlannedState;
  readonly readyPods: number;
  readonly sks: ServerlessService | undefined;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Of a revision that has just been woken. */
  readonly coldStart?: ColdStartRecord | undefined;
}

/** How active a PodAutoscaler was when its status was written last. */
export function activityOf(pa: PodAutoscaler): Activity {
  switch (findCondition(pa.status?.conditions, 'Active')?.status) {
    case 'True':
      return 'active';
    case 'False':
      return 'inactive';
    default:
      return 'activating';
  }
}

/** How long a condition has been what it is; since the object was made when it has never been set. Milliseconds. */
export function conditionForMs(pa: PodAutoscaler, type: string, wallTime: number): number {
  const since = findCondition(pa.status?.conditions, type)?.lastTransitionTime ?? pa.metadata.creationTimestamp;
  return since === undefined ? 0 : Math.max(0, wallTime - Date.parse(since));
}

export function isInitialized(pa: PodAutoscaler): boolean {
  return isConditionTrue(pa.status?.conditions, 'ScaleTargetInitialized');
}

export function makeStatus({ pa, plan, readyPods, sks, now, coldStart }: StatusInput): PodAutoscalerStatus {
  const parts = [activeCondition(pa, plan), initializedCondition(plan), pathCondition(sks)];
  const conditions = mergeConditions(pa.status?.conditions, [...parts, readyCondition(parts)], now);
  const serviceName = sks?.status?.serviceName ?? pa.status?.serviceName;
  const metricsServiceName = sks?.status?.privateServiceName ?? pa.status?.metricsServiceName;
  // An unknown scale says nothing new: what was wanted last stays.
  const desiredScale = plan.scale < 0 ? pa.status?.desiredScale : plan.scale;
  return {
    ...(pa.metadata.generation === undefined ? {} : { observedGeneration: pa.metadata.generation }),
    conditions,
    ...(coldStart === undefined ? {} : { annotations: { ...pa.status?.annotations, [lastColdStartAnnotation]: JSON.stringify(coldStart) } }),
    ...(serviceName === undefined ? {} : { serviceName }),
    ...(metricsServiceName === undefined ? {} : { metricsServiceName }),
    ...(desiredScale === undefined ? {} : { desiredScale }),
    actualScale: readyPods,
  };
}

const activeWords: Readonly<Record<ScalePlan['activityReason'], string>> = {
  '': '',
  NoTraffic: 'The target is not receiving traffic.',
  TimedOut: 'The target could not be activated.',
  Queued: 'Requests to the target are being buffered as resources are provisioned.',
};

function activeCondition(pa: PodAutoscaler, plan: PlannedState): Condition {
  const before = findCondition(pa.status?.conditions, 'Active');
  // Once inactive, the reason is why it became so, whatever has been found since.
  if (plan.activity === 'inactive' && before?.status === 'False') return before;
  const status = ({ active: 'True', inactive: 'False', activating: 'Unknown' } as const)[plan.activity];
  if (plan.activityReason === '') return { type: 'Active', status };
  return { type: 'Active', status, reason: plan.activityReason, message: activeWords[plan.activityReason] };
}

function initializedCondition(plan: PlannedState): Condition {
  return { type: 'ScaleTargetInitialized', status: plan.isInitialized ? 'True' : 'Unknown' };
}

function pathCondition(sks: ServerlessService | undefined): Condition {
  const type = 'SKSReady';
  if (!sks?.status?.privateServiceName) {
    return { type, status: 'Unknown', reason: 'NotReady', message: 'No Private Service Name' };
  }
  const ready = findCondition(sks.status.conditions, 'Ready');
  if (ready?.status === 'True') return { type, status: 'True' };
  return { type, status: 'Unknown', reason: 'NotReady', message: ready?.message ?? ready?.reason ?? 'the path is not ready yet' };
}

/** False when a part is, unknown when a part is, else true; the part that decides gives the reason. */
function readyCondition(parts: readonly Condition[]): Condition {
  const deciding = parts.find(({ status }) => status === 'False') ?? parts.find(({ status }) => status === 'Unknown');
  if (!deciding) return { type: 'Ready', status: 'True' };
  const { status, reason, message } = deciding;
  return { type: 'Ready', status, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
}
