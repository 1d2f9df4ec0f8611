/** PodAutoscaler and plan → ServerlessService: who stands in the revision's path. */
import { controllerReference } from '@sluice/kubernetes';
import type { ScalePlan } from '@sluice/scaling';
import type { PodAutoscaler, ServerlessService } from '@sluice/serving';

export function makeServerlessService(pa: PodAutoscaler, plan: Pick<ScalePlan, 'mode' | 'activators'>): ServerlessService {
  const { name, namespace, labels, annotations } = pa.metadata;
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'ServerlessService',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(pa)],
    },
    spec: {
      mode: plan.mode,
      objectRef: pa.spec.scaleTargetRef,
      protocolType: pa.spec.protocolType,
      numActivators: plan.activators,
    },
  };
}

/** Whether what is there says what is planned. */
export function isAsPlanned(existing: ServerlessService, plan: Pick<ScalePlan, 'mode' | 'activators'>): boolean {
  return existing.spec.mode === plan.mode && existing.spec.numActivators === plan.activators;
}
