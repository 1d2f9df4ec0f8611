/**
 * Brings one revision's scale where its decision wants it: the Deployment, who stands in the path, and the
 * status that says so.
 */
import type { Clock, LabelValues, Logger, Meter } from '@sluice/kernel';
import {
  deployments,
  findCondition,
  formatTime,
  isConditionTrue,
  parseObjectKey,
  type Deployment,
  type KubernetesClient,
  type ReconcileResult,
  type Store,
} from '@sluice/kubernetes';
import {
  buildScalingSpec,
  HPA_CLASS,
  initialExcessBurstCapacity,
  KPA_CLASS,
  planScale,
  SCALE_UNKNOWN,
  type AutoscalerConfig,
  type Decision,
  type ScalePlan,
  type ScalingSpec,
} from '@sluice/scaling';
import { isSameContent, podAutoscalerKind, serverlessServiceKind, type PodAutoscaler, type ServerlessService } from '@sluice/serving';
import { ColdStartRecords, type WaitedFor } from './cold-start-record.ts';
import type { HorizontalReconciler } from './horizontal/horizontal-reconciler.ts';
import type { MultiScaler } from './multi-scaler.ts';
import { activityOf, conditionForMs, isInitialized, makeStatus } from './pod-autoscaler-status.ts';
import type { PodCounts } from './ready-pods.ts';
import { RevisionGauges, revisionLabelsOf } from './revision-gauges.ts';
import { isAsPlanned, makeServerlessService } from './serverless-service.ts';
import type { Ownership } from './sharding/ownership.ts';
import type { WarmKeeping } from './warm-keeping.ts';

/** How much longer than the Deployment's own deadline a revision may take to come up. Knative's buffer. Milliseconds. */
const ACTIVATION_BUFFER_MS = 30_000;

/** Kubernetes' default of `progressDeadlineSeconds`. */
const PROGRESS_DEADLINE_SECONDS = 600;

export interface ReconcilerOptions {
  readonly client: KubernetesClient;
  readonly podAutoscalers: Store<PodAutoscaler>;
  readonly serverlessServices: Store<ServerlessService>;
  readonly deployments: Store<Deployment>;
  readonly multiScaler: MultiScaler;
  readonly horizontal: HorizontalReconciler;
  /** Whose work a revision is. */
  readonly ownership: Ownership;
  /** Begins and ends to ask a revision's pods for what they do not tell by themselves. */
  readonly scraping: { upsert(key: string, spec: ScalingSpec, labels: LabelValues): void; remove(key: string): void };
  /** Which revisions have a pod in expectation of use. */
  readonly warmKeeping: Pick<WarmKeeping, 'upsert' | 'remove' | 'reasonFor'>;
  readonly podCounts: (key: string) => PodCounts;
  /** The configuration in force. */
  readonly config: () => AutoscalerConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** One revision as seen at the moment of reconciling. */
interface Situation {
  readonly key: string;
  readonly pa: PodAutoscaler;
  readonly spec: ScalingSpec;
  readonly deployment: Deployment;
  readonly sks: ServerlessService | undefined;
  readonly decision: Decision | undefined;
  readonly podCounts: PodCounts;
  readonly readyPods: number;
}

export class PodAutoscalerReconciler {
  readonly #options: ReconcilerOptions;
  /** What was asked of each Deployment, at which version of it: our cache learns of our own writes late. */
  readonly #asked = new Map<string, { readonly resourceVersion: string | undefined; readonly replicas: number }>();

  readonly #coldStarts = new ColdStartRecords();
  readonly #gauges: RevisionGauges;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#gauges = new RevisionGauges({ meter: options.meter, decisionOf: (key) => options.multiScaler.decisionOf(key) });
  }

  /** @param key `namespace/name` of the PodAutoscaler, which is also that of the revision */
  async reconcile(key: string): Promise<ReconcileResult | void> {
    const { podAutoscalers, multiScaler, scraping, warmKeeping, horizontal, ownership } = this.#options;
    const pa = podAutoscalers.get(key);
    const spec = pa && this.#specOf(pa);
    const isOurs = pa !== undefined && pa.metadata.deletionTimestamp === undefined && ownership.owns(key);
    if (!isOurs || !spec || spec.class !== KPA_CLASS) {
      const { namespace = '', name } = parseObjectKey(key);
      multiScaler.remove(key);
      scraping.remove(key);
      warmKeeping.remove(key);
      this.#asked.delete(key);
      this.#coldStarts.forget(key);
      this.#gauges.forget(key, namespace, name);
      return isOurs && spec?.class === HPA_CLASS ? horizontal.reconcile(key, pa, spec) : undefined;
    }
    multiScaler.upsert(key, spec);
    scraping.upsert(key, spec, revisionLabelsOf(pa));
    warmKeeping.upsert(key, spec);
    const deployment = this.#options.deployments.get(`${pa.metadata.namespace ?? ''}/${pa.spec.scaleTargetRef.name}`);
    // Its owner makes the Deployment; seeing it brings us back here.
    if (!deployment) return;
    const podCounts = this.#options.podCounts(key);
    const situation: Situation = {
      key,
      pa,
      spec,
      deployment,
      sks: this.#options.serverlessServices.get(key),
      decision: multiScaler.decisionOf(key),
      podCounts,
      readyPods: podCounts.ready,
    };
    const plan = this.#plan(situation);
    await this.#carryOut(situation, plan);
    return plan.lookAgainAfterMs === undefined ? undefined : { requeueAfterMs: plan.lookAgainAfterMs };
  }

  /** An activator says how long whoever woke a revision waited. True when that is to be written. */
  onColdStart(key: string, waited: WaitedFor): boolean {
    return this.#coldStarts.answered(key, waited);
  }

  #specOf(pa: PodAutoscaler): ScalingSpec {
    return buildScalingSpec({
      annotations: pa.metadata.annotations ?? {},
      containerConcurrency: pa.spec.containerConcurrency ?? 0,
      isReachable: pa.spec.reachability !== 'Unreachable',
      config: this.#options.config(),
    });
  }

  #plan({ key, pa, spec, deployment, sks, decision, readyPods }: Situation): ScalePlan {
    const { clock, config, multiScaler } = this.#options;
    const wallTime = clock.wallTime();
    const progressDeadlineSeconds = deployment.spec.progressDeadlineSeconds ?? PROGRESS_DEADLINE_SECONDS;
    return planScale({
      spec,
      config: config(),
      desiredPods: decision?.desiredPods ?? SCALE_UNKNOWN,
      excessBurstCapacity: decision?.excessBurstCapacity ?? initialExcessBurstCapacity(spec.decider, spec.initialScale),
      readyPods,
      replicas: deployment.spec.replicas ?? 1,
      mode: sks?.spec.mode,
      activity: activityOf(pa),
      activityForMs: conditionForMs(pa, 'Active', wallTime),
      watchedForMs: multiScaler.watchedForMs(key),
      isInitialized: isInitialized(pa),
      hasService: sks?.status?.privateServiceName !== undefined,
      proxiedForMs: proxiedForMs(sks, wallTime),
      keepWarmReason: this.#options.warmKeeping.reasonFor(key),
      activationTimeoutMs: progressDeadlineSeconds * 1000 + ACTIVATION_BUFFER_MS,
    });
  }

  /** The Deployment first: on the way up each millisecond counts, and on the way down the path was changed before. */
  async #carryOut(situation: Situation, plan: ScalePlan): Promise<void> {
    const acts = [
      () => (plan.replicas === undefined ? undefined : this.#scale(situation, plan, plan.replicas)),
      () => this.#applyPath(situation, plan),
      () => this.#writeStatus(situation, plan),
    ];
    for (const act of acts) {
      // Each act may take long, and meanwhile the revision may have become another replica's.
      if (!this.#options.ownership.owns(situation.key)) return;
      await act();
    }
    this.#gauges.record({ ...situation, plan });
  }

  async #scale({ key, deployment, decision, readyPods }: Situation, plan: ScalePlan, replicas: number): Promise<void> {
    const { client, clock, logger } = this.#options;
    const { namespace = '', name, resourceVersion } = deployment.metadata;
    const asked = this.#asked.get(key);
    if (asked?.resourceVersion === resourceVersion && asked?.replicas === replicas) return;
    logger.info('scale decision', {
      revision: key,
      from: deployment.spec.replicas ?? 1,
      to: replicas,
      reason: reasonOf(decision, plan),
      mode: plan.mode,
      panicking: decision?.isPanicking ?? false,
      ready: readyPods,
      ...(decision && {
        desired: decision.desiredPods,
        stable: decision.inputs.stable,
        panic: decision.inputs.panic,
        target: decision.inputs.targetValue,
        excessBurstCapacity: decision.excessBurstCapacity,
      }),
      decidedAtMs: clock.wallTime(),
    });
    // Pods are taken only from what was decided on: a request that was held up must not undo what a later holder of the
    // revision has asked for. Upward it would do no harm, and nobody is to wait for a second try.
    const isFewer = replicas < (deployment.spec.replicas ?? 1);
    const wasAsleep = deployment.spec.replicas === 0 && replicas > 0;
    // By both clocks: the wall clock is the status's.
    const wokenAt = this.#options.multiScaler.wokenAt(key);
    if (wasAsleep && wokenAt !== undefined) this.#coldStarts.asked(key, wokenAt + clock.wallTime() - clock.now(), clock.wallTime());
    await client.resource(deployments).setScale({ namespace, name }, replicas, isFewer ? resourceVersion : undefined);
    this.#asked.set(key, { resourceVersion, replicas });
  }

  async #applyPath({ key, pa, sks }: Situation, plan: ScalePlan): Promise<void> {
    const { client, logger } = this.#options;
    const resource = client.resource<ServerlessService>(serverlessServiceKind);
    if (!sks) {
      await resource.create(makeServerlessService(pa, plan));
    } else if (!isAsPlanned(sks, plan)) {
      const { namespace = '', name } = sks.metadata;
      const spec = { mode: plan.mode, numActivators: plan.activators };
      if (sks.spec.mode !== plan.mode) logger.info('serving mode', { revision: key, from: sks.spec.mode, to: plan.mode });
      await resource.patch({ namespace, name }, { type: 'merge', body: { spec } });
    }
  }

  async #writeStatus({ key, pa, podCounts, readyPods, sks }: Situation, plan: ScalePlan): Promise<void> {
    const { client, clock } = this.#options;
    if (plan.activity === 'inactive') this.#coldStarts.forget(key);
    this.#coldStarts.seen(key, podCounts, clock.wallTime());
    const coldStart = this.#coldStarts.of(key);
    const status = makeStatus({ pa, plan, readyPods, sks, now: formatTime(clock.wallTime()), coldStart });
    // Fields of others stay where they are: it is a patch.
    if (isSameContent({ ...pa.status, ...status }, pa.status)) return;
    const { namespace = '', name } = pa.metadata;
    await client.resource<PodAutoscaler>(podAutoscalerKind).patchStatus({ namespace, name }, status);
  }
}

/** How long activators have been in the path; undefined when they are not, or when nobody says so. */
function proxiedForMs(sks: ServerlessService | undefined, wallTime: number): number | undefined {
  const conditions = sks?.status?.conditions;
  if (sks?.spec.mode !== 'Proxy' || !isConditionTrue(conditions, 'ActivatorEndpointsPopulated')) return undefined;
  const since = findCondition(conditions, 'ActivatorEndpointsPopulated')?.lastTransitionTime;
  return since === undefined ? 0 : Math.max(0, wallTime - Date.parse(since));
}

function reasonOf(decision: Decision | undefined, plan: ScalePlan): string {
  return [decision?.reason, plan.reason].filter((part) => part !== undefined && part !== '').join('; ');
}
