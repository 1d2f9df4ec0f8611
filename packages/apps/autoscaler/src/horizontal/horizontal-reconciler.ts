/**
 * Leaves one revision's scale to Kubernetes: makes its HorizontalPodAutoscaler, keeps activators out of the path, and passes on
 * what it says. https://github.com/knative/serving/blob/main/pkg/reconciler/autoscaling/hpa/hpa.go
 */
import type { Clock, Logger } from '@sluice/kernel';
import { formatTime, horizontalPodAutoscalers, isControlledBy, PermanentError, type HorizontalPodAutoscaler, type KubernetesClient, type ReconcileResult, type Store } from '@sluice/kubernetes';
import type { ScalingSpec } from '@sluice/scaling';
import { isSameContent, podAutoscalerKind, serverlessServiceKind, type PodAutoscaler, type ServerlessService } from '@sluice/serving';
import { isInitialized, makeStatus } from '../pod-autoscaler-status.ts';
import { isAsPlanned, makeServerlessService } from '../serverless-service.ts';
import { makeHorizontalPodAutoscaler, saysAll } from './make-horizontal-pod-autoscaler.ts';

export interface HorizontalReconcilerOptions {
  readonly client: KubernetesClient;
  readonly serverlessServices: Store<ServerlessService>;
  readonly countReadyPods: (key: string) => number;
  /** A cache that is only filled once it is asked for: most clusters have no revision of this class, and some no such kind. */
  readonly follow: () => { readonly store: Store<HorizontalPodAutoscaler>; readonly hasSynced: boolean };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How soon to look again for a cache that is being filled, in ms. */
const syncCheckMs = 500;

/** Always straight to the pods, of which there is at least one; 0 is all activators, for the moments without. */
const path = { mode: 'Serve', activators: 0 } as const;

export class HorizontalReconciler {
  readonly #options: HorizontalReconcilerOptions;

  constructor(options: HorizontalReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string, pa: PodAutoscaler, spec: ScalingSpec): Promise<ReconcileResult | void> {
    const cache = this.#options.follow();
    if (!cache.hasSynced) return { requeueAfterMs: syncCheckMs };
    const existing = cache.store.get(key);
    await this.#apply(key, existing, makeHorizontalPodAutoscaler(pa, spec), pa);
    await this.#applyPath(key, pa);
    await this.#writeStatus(key, pa, spec, existing);
  }

  async #apply(key: string, existing: HorizontalPodAutoscaler | undefined, wanted: HorizontalPodAutoscaler, pa: PodAutoscaler): Promise<void> {
    const { client, logger } = this.#options;
    const resource = client.resource(horizontalPodAutoscalers);
    if (!existing) {
      await resource.create(wanted);
      logger.info('horizontal autoscaler made', { revision: key });
      return;
    }
    if (!isControlledBy(existing, pa)) throw new PermanentError(`PodAutoscaler: "${pa.metadata.name}" does not own HPA: "${existing.metadata.name}"`);
    if (saysAll(existing.spec, wanted.spec)) return;
    await resource.update({ ...existing, spec: wanted.spec });
    logger.info('horizontal autoscaler changed', { revision: key });
  }

  async #applyPath(key: string, pa: PodAutoscaler): Promise<void> {
    const { client, serverlessServices } = this.#options;
    const resource = client.resource<ServerlessService>(serverlessServiceKind);
    const sks = serverlessServices.get(key);
    if (!sks) await resource.create(makeServerlessService(pa, path));
    else if (!isAsPlanned(sks, path)) {
      const { namespace = '', name } = sks.metadata;
      await resource.patch({ namespace, name }, { type: 'merge', body: { spec: { mode: path.mode, numActivators: path.activators } } });
    }
  }

  async #writeStatus(key: string, pa: PodAutoscaler, spec: ScalingSpec, hpa: HorizontalPodAutoscaler | undefined): Promise<void> {
    const { client, clock, serverlessServices, countReadyPods } = this.#options;
    const sks = serverlessServices.get(key);
    const readyPods = countReadyPods(key);
    const isUp = readyPods >= Math.max(1, spec.minScale) && sks?.status?.privateServiceName !== undefined;
    const plan = {
      // What Kubernetes wants; before it has said so, nothing new.
      scale: hpa?.status?.desiredReplicas ?? -1,
      activity: 'active',
      activityReason: '',
      isInitialized: isInitialized(pa) || isUp,
    } as const;
    const status = makeStatus({ pa, plan, readyPods: hpa?.status?.currentReplicas ?? readyPods, sks, now: formatTime(clock.wallTime()) });
    if (isSameContent({ ...pa.status, ...status }, pa.status)) return;
    const { namespace = '', name } = pa.metadata;
    await client.resource<PodAutoscaler>(podAutoscalerKind).patchStatus({ namespace, name }, status);
  }
}
