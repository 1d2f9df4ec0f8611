/** What dashboards show of scaling, per revision, under Knative's names (`kn.revision.…`). */
import type { LabelValues, Meter } from '@sluice/kernel';
import type { Deployment } from '@sluice/kubernetes';
import type { Decision, ScalePlan, ScalingSpec } from '@sluice/scaling';
import type { PodAutoscaler } from '@sluice/serving';
import type { PodCounts } from './ready-pods.ts';

export interface RevisionFigures {
  readonly pa: PodAutoscaler;
  readonly spec: ScalingSpec;
  readonly plan: ScalePlan;
  readonly decision: Decision | undefined;
  readonly podCounts: PodCounts;
  readonly deployment: Deployment;
}

export function recordFigures(meter: Meter, figures: RevisionFigures): void {
  const { pa, spec, plan, decision, podCounts, deployment } = figures;
  const labels = labelsOf(pa);
  const set = (name: string, help: string, value: number) => meter.gauge(name, help, labels).set(value);
  if (plan.scale >= 0) set('kn_revision_pods_requested', 'Pods asked of Kubernetes.', plan.scale);
  set('kn_revision_pods_count', 'Pods that are ready.', podCounts.ready);
  set('kn_revision_pods_not_ready_count', 'Pods that have an address and are not ready.', podCounts.notReady);
  set('kn_revision_pods_terminating_count', 'Pods that end.', podCounts.terminating);
  // Those that Kubernetes has made and that have no address yet: their image is pulled, or no node has room.
  const made = deployment.status?.replicas ?? 0;
  set('kn_revision_pods_pending_count', 'Pods that have no address yet.', Math.max(0, made - podCounts.ready - podCounts.notReady));
  if (!decision) return;
  set('kn_revision_pods_desired', 'Pods the autoscaler wants.', decision.desiredPods);
  set('kn_revision_capacity_excess', 'Load that could be added at once.', decision.excessBurstCapacity);
  set('kn_revision_panic_mode', '1 while in panic.', decision.isPanicking ? 1 : 0);
  const isRps = spec.decider.metric === 'rps';
  const [base, unit] = isRps ? ['kn_revision_rps', '_per_second'] : ['kn_revision_concurrency', ''];
  set(`${base}_stable${unit}`, 'Load, averaged over the stable window.', decision.inputs.stable);
  set(`${base}_panic${unit}`, 'Load, averaged over the panic window.', decision.inputs.panic);
  set(`${base}_target${unit}`, 'Load one pod is to have.', decision.inputs.targetValue);
}

/** What has gone must not stay on the page. */
export function forgetFigures(meter: Meter, namespace: string, revision: string): void {
  meter.remove({ k8s_namespace_name: namespace, kn_revision_name: revision });
}

function labelsOf({ metadata }: PodAutoscaler): LabelValues {
  return {
    k8s_namespace_name: metadata.namespace ?? '',
    kn_service_name: metadata.labels?.['serving.knative.dev/service'] ?? '',
    kn_configuration_name: metadata.labels?.['serving.knative.dev/configuration'] ?? '',
    kn_revision_name: metadata.name,
  };
}
