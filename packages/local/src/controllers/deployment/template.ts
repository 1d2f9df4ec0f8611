/** Which ReplicaSet stands for which version of a Deployment's template. */
import {
  controllerReference,
  type Deployment,
  type ObjectMeta,
  type PodTemplateSpec,
  type ReplicaSet,
} from '@sluice/kubernetes';
import { hashSuffix, isSameContent } from '../safe-name.ts';

/** Tells the pods of one ReplicaSet from those of its siblings. */
export const templateHashLabel = 'pod-template-hash';

/** Counts the versions of a Deployment, on it and on its ReplicaSets. */
export const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** The ReplicaSet made from the Deployment's present template. */
export function findNewReplicaSet(deployment: Deployment, owned: readonly ReplicaSet[]): ReplicaSet | undefined {
  const wanted = withoutHash(deployment.spec.template);
  return owned.find(({ spec }) => spec.template && isSameContent(withoutHash(spec.template), wanted));
}

/** The number of the version after all that were. */
export function nextRevision(others: readonly ReplicaSet[]): number {
  return Math.max(0, ...others.map(revisionOf)) + 1;
}

export function revisionOf({ metadata }: { readonly metadata: ObjectMeta }): number {
  return Number(metadata.annotations?.[revisionAnnotation]) || 0;
}

/** A ReplicaSet for the present template, with so many replicas to begin with. */
export function newReplicaSet(deployment: Deployment, replicas: number, revision: number): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = hashSuffix(withoutHash(template));
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
  const { namespace } = deployment.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: { ...passedOnAnnotations(deployment), [revisionAnnotation]: String(revision) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    },
  };
}

/** All but what belongs to the Deployment alone. */
function passedOnAnnotations({ metadata }: Deployment): Record<string, string> {
  const { [revisionAnnotation]: _revision, 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...rest } = metadata.annotations ?? {};
  return rest;
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [templateHashLabel]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
