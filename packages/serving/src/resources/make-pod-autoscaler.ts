/** Revision → PodAutoscaler: what the autoscaler is asked. */
import type { PodAutoscaler, Reachability } from '../api/pod-autoscaler.ts';
import type { Revision } from '../api/revision.ts';
import { inheritedAnnotations, labels } from '../labels.ts';
import { deploymentName } from '../names.ts';
import { revisionLabels } from './make-deployment.ts';
import { ownerReference } from './owner-reference.ts';
import { protocolOf } from './serving-container.ts';

/** @param hasFailed whether its pods cannot run at all, so that waiting for them is of no use */
export function makePodAutoscaler(revision: Revision, hasFailed: boolean): PodAutoscaler {
  return {
    apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
    kind: 'PodAutoscaler',
    metadata: {
      name: revision.metadata.name,
      namespace: revision.metadata.namespace ?? '',
      labels: revisionLabels(revision),
      annotations: inheritedAnnotations(revision.metadata.annotations),
      ownerReferences: [ownerReference(revision)],
    },
    spec: {
      containerConcurrency: revision.spec.containerConcurrency ?? 0,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deploymentName(revision.metadata.name) },
      protocolType: protocolOf(revision),
      reachability: hasFailed ? 'Unreachable' : reachabilityOf(revision),
    },
  };
}

/** A revision that no route refers to any more may go to zero whatever its annotations say. */
function reachabilityOf(revision: Revision): Reachability {
  switch (revision.metadata.labels?.[labels.routingState]) {
    case 'active':
      return 'Reachable';
    case 'reserve':
      return 'Unreachable';
    default:
      return '';
  }
}
