/** What dashboards show of scaling, per revision, under Knative's names (`kn.revision.…`). */
import type { LabelValues, Meter } from '@sluice/kernel';
import type { Deployment } from '@sluice/kubernetes';
import type { Decision, ScalePlan, ScalingSpec } from '@sluice/scaling';
import type { PodAutoscaler } from '@sluice/serving';
import type { PodCounts } from './ready-pods.ts';

export interface RevisionFigures {
  readonly key: string;
  readonly pa: PodAutoscaler;
  readonly spec: ScalingSpec;
  readonly plan: ScalePlan;
  readonly decision: Decision | undefined;
  readonly podCounts: PodCounts;
  readonly deployment: Deployment;
}

export interface RevisionGaugesOptions {
  readonly meter: Meter;
  /** What has been decided last. */
  readonly decisionOf: (key: string) => Decision | undefined;
}

type ScalingMetric = ScalingSpec['decider']['metric'];

export class RevisionGauges {
  readonly #options: RevisionGaugesOptions;
  /** Of which kind of load a revision's gauges are, where they are there. */
  readonly #metrics = new Map<string, ScalingMetric>();

  constructor(options: RevisionGaugesOptions) {
    this.#options = options;
  }

  /** What changes only when something is done about it is written down then; what each decision says is asked for by whoever looks. */
  record({ key, pa, spec, plan, decision, podCounts, deployment }: RevisionFigures): void {
    const labels = revisionLabelsOf(pa);
    const set = (name: string, help: string, value: number) => this.#options.meter.gauge(name, help, labels).set(value);
    if (plan.scale >= 0) set('kn_revision_pods_requested', 'Pods asked of Kubernetes.', plan.scale);
    set('kn_revision_pods_count', 'Pods that are ready.', podCounts.ready);
    set('kn_revision_pods_not_ready_count', 'Pods that have an address and are not ready.', podCounts.notReady);
    set('kn_revision_pods_terminating_count', 'Pods that end.', podCounts.terminating);
    // Those that Kubernetes has made and that have no address yet: their image is pulled, or no node has room.
    const made = deployment.status?.replicas ?? 0;
    set('kn_revision_pods_pending_count', 'Pods that have no address yet.', Math.max(0, made - podCounts.ready - podCounts.notReady));
    if (decision) this.#observe(key, labels, spec.decider.metric);
  }

  /** What has gone must not stay on the page. */
  forget(key: string, namespace: string, revision: string): void {
    this.#metrics.delete(key);
    this.#options.meter.remove({ k8s_namespace_name: namespace, kn_revision_name: revision });
  }

  #observe(key: string, labels: LabelValues, metric: ScalingMetric): void {
    const known = this.#metrics.get(key);
    if (known === metric) return;
    const { meter, decisionOf } = this.#options;
    if (known) meter.remove(labels, new Set(loadNames(known)));
    this.#metrics.set(key, metric);
    const observe = (name: string, help: string, read: (decision: Decision) => number) =>
      meter.observedGauge(name, help, () => {
        const decision = decisionOf(key);
        return decision ? read(decision) : 0;
      }, labels);
    observe('kn_revision_pods_desired', 'Pods the autoscaler wants.', ({ desiredPods }) => desiredPods);
    observe('kn_revision_capacity_excess', 'Load that could be added at once.', ({ excessBurstCapacity }) => excessBurstCapacity);
    observe('kn_revision_panic_mode', '1 while in panic.', ({ isPanicking }) => (isPanicking ? 1 : 0));
    const [stable = '', panic = '', target = ''] = loadNames(metric);
    observe(stable, 'Load, averaged over the stable window.', ({ inputs }) => inputs.stable);
    observe(panic, 'Load, averaged over the panic window.', ({ inputs }) => inputs.panic);
    observe(target, 'Load one pod is to have.', ({ inputs }) => inputs.targetValue);
  }
}

function loadNames(metric: ScalingMetric): readonly string[] {
  const [base, unit] = metric === 'rps' ? ['kn_revision_rps', '_per_second'] : ['kn_revision_concurrency', ''];
  return ['stable', 'panic', 'target'].map((what) => `${base}_${what}${unit}`);
}

/** Whose figures they are. */
export function revisionLabelsOf({ metadata }: PodAutoscaler): LabelValues {
  return {
    k8s_namespace_name: metadata.namespace ?? '',
    kn_service_name: metadata.labels?.['serving.knative.dev/service'] ?? '',
    kn_configuration_name: metadata.labels?.['serving.knative.dev/configuration'] ?? '',
    kn_revision_name: metadata.name,
  };
}
