/** HorizontalPodAutoscaler → the number of replicas of what it names: looked at every 15 s, as on a cluster. */
import {
  Controller,
  deployments,
  formatTime,
  horizontalPodAutoscalers,
  objectKey,
  replicaSets,
  type Deployment,
  type HorizontalPodAutoscaler,
  type Informer,
  type Pod,
  type ReconcileResult,
  type ReplicaSet,
} from '@sluice/kubernetes';
import { createLateEvents, type EventSink } from '../../events/late-events.ts';
import { byNamespace } from '../indexes.ts';
import { canonical } from '../safe-name.ts';
import type { BuiltInControllerOptions, BuiltInInformers } from '../surroundings.ts';
import { horizontalStatus, type Look } from './horizontal-status.ts';
import { readMetrics } from './metric-readings.ts';
import { noPodMetrics, type PodMetrics } from './pod-metrics.ts';
import { readQuantity } from './quantity.ts';
import { proposeReplicas } from './replica-proposal.ts';
import { decideScale, noHistory, withChange, type ScalingHistory } from './scaling-behavior.ts';

/** Kubernetes' `--horizontal-pod-autoscaler-sync-period`, in ms. */
const syncMs = 15_000;
/** `--horizontal-pod-autoscaler-tolerance`. */
const usualTolerance = 0.1;

export class HorizontalPodAutoscalerController {
  readonly #options: BuiltInControllerOptions;
  readonly #autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly #informers: BuiltInInformers;
  readonly #metrics: PodMetrics;
  readonly #controller: Controller;
  readonly #events: EventSink;
  readonly #histories = new Map<string, ScalingHistory>();

  constructor(options: BuiltInControllerOptions, informers: BuiltInInformers) {
    this.#options = options;
    this.#informers = informers;
    this.#autoscalers = informers.horizontalPodAutoscalers;
    this.#metrics = options.podMetrics ?? noPodMetrics;
    this.#events = createLateEvents('horizontal-pod-autoscaler', options);
    this.#controller = new Controller({
      ...options,
      name: 'horizontal-pod-autoscaler',
      informers: [this.#autoscalers, informers.deployments, informers.replicaSets, informers.pods],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#autoscalers.subscribe((change) => {
      const key = objectKey(change.object);
      if (change.kind === 'deleted') this.#histories.delete(key);
      // Whatever else is written on it, its own status for one, waits for the next look.
      if (change.kind === 'added') this.#controller.enqueue(key);
    });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  async #reconcile(key: string): Promise<ReconcileResult | void> {
    const autoscaler = this.#autoscalers.store.get(key);
    if (!autoscaler || autoscaler.metadata.deletionTimestamp !== undefined) return;
    const { clock, client } = this.#options;
    const look = await this.#look(key, autoscaler);
    const status = horizontalStatus(autoscaler, look, formatTime(clock.wallTime()));
    if (canonical(status) !== canonical(autoscaler.status ?? {})) await client.resource(horizontalPodAutoscalers).patchStatus(autoscaler.metadata, status);
    return { requeueAfterMs: syncMs };
  }

  async #look(key: string, autoscaler: HorizontalPodAutoscaler): Promise<Look> {
    const { spec } = autoscaler;
    const target = this.#targetOf(autoscaler);
    const nothing = { decision: undefined, isRescaled: false, unable: undefined, active: undefined, metrics: [] };
    if (typeof target === 'string') {
      this.#events.record(autoscaler, 'Warning', 'FailedGetScale', target);
      return { ...nothing, currentReplicas: autoscaler.status?.currentReplicas ?? 0, desiredReplicas: autoscaler.status?.desiredReplicas ?? 0, unable: { reason: 'FailedGetScale', message: `the HPA controller was unable to get the target's current scale: ${target}` } };
    }
    const currentReplicas = target.replicas;
    const { minReplicas = 1, maxReplicas } = spec;
    if (currentReplicas === 0 && minReplicas > 0) {
      return { ...nothing, currentReplicas, desiredReplicas: 0, active: { isActive: false, reason: 'ScalingDisabled', message: 'scaling is disabled since the replica count of the target is zero' } };
    }
    const bound = currentReplicas > maxReplicas ? maxReplicas : currentReplicas < minReplicas ? minReplicas : undefined;
    if (bound !== undefined) return this.#scaled(key, autoscaler, target, { ...nothing, currentReplicas, desiredReplicas: bound }, currentReplicas > maxReplicas ? 'Current number of replicas above Spec.MaxReplicas' : 'Current number of replicas below Spec.MinReplicas');
    const asked = await this.#ask(autoscaler, target);
    if (asked.proposed === undefined) return { ...nothing, currentReplicas, desiredReplicas: currentReplicas, active: asked.active, metrics: asked.metrics };
    const decision = decideScale(asked.proposed, currentReplicas, spec, this.#histories.get(key) ?? noHistory, this.#options.clock.now());
    this.#histories.set(key, decision.history);
    const look: Look = { ...nothing, currentReplicas, desiredReplicas: decision.replicas, decision, active: asked.active, metrics: asked.metrics };
    return this.#scaled(key, autoscaler, target, look, decision.replicas > currentReplicas ? `${asked.by} above target` : 'All metrics below target');
  }

  /** The most that a metric asks for. One that is not known lets nothing be taken away. */
  async #ask(autoscaler: HorizontalPodAutoscaler, { replicas: currentReplicas, pods }: Target): Promise<{ readonly proposed: number | undefined; readonly by: string; readonly active: NonNullable<Look['active']>; readonly metrics: Look['metrics'] }> {
    const { spec } = autoscaler;
    const readings = await readMetrics(spec.metrics, pods, this.#metrics);
    const tolerance = (text: string | number | undefined): number => readQuantity(text) ?? usualTolerance;
    const context = { currentReplicas, pods, wallTimeMs: this.#options.clock.wallTime(), toleranceUp: tolerance(spec.behavior?.scaleUp?.tolerance), toleranceDown: tolerance(spec.behavior?.scaleDown?.tolerance) };
    const failures: { reason: string; message: string }[] = [];
    const metrics: Look['metrics'][number][] = [];
    let [proposed, by]: [number | undefined, string] = [undefined, ''];
    readings.forEach((one, index) => {
      if (one.kind === 'failed') return void failures.push({ reason: one.reason, message: one.message });
      const proposal = proposeReplicas(one.reading, context);
      if (proposal.kind === 'unknown') return void failures.push({ reason: one.reading.metric.startsWith('pods') ? 'FailedGetPodsMetric' : 'FailedGetResourceMetric', message: proposal.message });
      const metric = spec.metrics?.[index];
      if (metric) metrics.push({ metric, proposal });
      if (proposed === undefined || proposal.replicas > proposed) [proposed, by] = [proposal.replicas, one.reading.metric];
    });
    const [failure] = failures;
    if (failure && (proposed === undefined || proposed < currentReplicas)) {
      this.#events.record(autoscaler, 'Warning', failure.reason, failure.message);
      return { proposed: undefined, by, active: { isActive: false, reason: failure.reason, message: `the HPA was unable to compute the replica count: ${failure.message}` }, metrics };
    }
    return { proposed, by, active: { isActive: true, reason: 'ValidMetricFound', message: `the HPA was able to successfully calculate a replica count from ${by}` }, metrics };
  }

  async #scaled(key: string, autoscaler: HorizontalPodAutoscaler, target: Target, look: Look, why: string): Promise<Look> {
    const { currentReplicas, desiredReplicas } = look;
    if (desiredReplicas === currentReplicas) return look;
    const { namespace = '' } = autoscaler.metadata;
    const { client, clock } = this.#options;
    try {
      await (target.kind === 'Deployment' ? client.resource(deployments) : client.resource(replicaSets)).setScale({ namespace, name: target.name }, desiredReplicas);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#events.record(autoscaler, 'Warning', 'FailedRescale', `New size: ${desiredReplicas}; reason: ${why}; error: ${message}`);
      return { ...look, desiredReplicas: currentReplicas, unable: { reason: 'FailedUpdateScale', message: `the HPA controller was unable to update the target scale: ${message}` } };
    }
    this.#histories.set(key, withChange(this.#histories.get(key) ?? noHistory, desiredReplicas - currentReplicas, clock.now()));
    this.#events.record(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${desiredReplicas}; reason: ${why}`);
    return { ...look, isRescaled: true };
  }

  /** Or why there is none. */
  #targetOf({ metadata, spec }: HorizontalPodAutoscaler): Target | string {
    const { namespace = '' } = metadata;
    const { kind, name } = spec.scaleTargetRef;
    if (kind !== 'Deployment' && kind !== 'ReplicaSet') return `kind ${kind} cannot be scaled here; Deployment and ReplicaSet can`;
    const store: { get(key: string): Deployment | ReplicaSet | undefined } = kind === 'Deployment' ? this.#informers.deployments.store : this.#informers.replicaSets.store;
    const found = store.get(`${namespace}/${name}`);
    if (!found) return `${kind} "${name}" not found`;
    const labels = Object.entries(found.spec.selector.matchLabels ?? {});
    const pods = this.#informers.pods.store.byIndex(byNamespace, namespace).filter((pod) => labels.every(([label, value]) => pod.metadata.labels?.[label] === value));
    return { kind, name, replicas: found.spec.replicas ?? 1, pods };
  }
}

interface Target {
  readonly kind: 'Deployment' | 'ReplicaSet';
  readonly name: string;
  readonly replicas: number;
  readonly pods: readonly Pod[];
}
