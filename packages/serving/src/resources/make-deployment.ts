/** Revision → Deployment: the pods in which the user's containers run with the sidecar beside them. */
import { parseDuration } from '@sluice/kernel';
import type { ObjectMeta, ServingObject } from '../api/object.ts';
import type { PodSpec } from '../api/pod-spec.ts';
import type { Revision } from '../api/revision.ts';
import { runtimeClassFor, type DeploymentConfig } from '../config/deployment-config.ts';
import { annotations, autoscalingPrefix, inheritedAnnotations, labels } from '../labels.ts';
import { contentHash, deploymentName } from '../names.ts';
import { makeQueueContainer, type PodOptions } from './make-queue-container.ts';
import { makeInitContainer, makeUserContainers } from './make-user-container.ts';
import { sidecarVolumes } from './sidecar-volumes.ts';
import { varLogVolume, withVarLog } from './var-log.ts';
import { ownerReference } from './owner-reference.ts';
import type { PodContainer } from './pod-container.ts';

export interface RevisionDeployment extends ServingObject {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly metadata: Partial<ObjectMeta>; readonly spec: RevisionPodSpec };
    readonly strategy: { readonly type: 'RollingUpdate'; readonly rollingUpdate: { readonly maxUnavailable: number } };
    readonly revisionHistoryLimit: number;
    readonly progressDeadlineSeconds: number;
  };
}

export interface RevisionPodSpec extends Omit<PodSpec, 'containers' | 'initContainers'> {
  readonly containers: readonly PodContainer[];
  readonly initContainers?: readonly PodContainer[];
  readonly terminationGracePeriodSeconds: number;
}

/** `replicas` is for the creation only: from then on it belongs to the autoscaler. */
export function makeDeployment(revision: Revision, options: PodOptions): RevisionDeployment {
  const own = revisionLabels(revision);
  const inherited = inheritedAnnotations(revision.metadata.annotations);
  const spec = {
    replicas: initialScale(revision, options.initialScale ?? 1),
    selector: { matchLabels: { [labels.revisionUid]: revision.metadata.uid ?? '' } },
    template: { metadata: { labels: own, annotations: inherited }, spec: makePodSpec(revision, options) },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } },
    revisionHistoryLimit: 0,
    progressDeadlineSeconds: progressDeadlineSeconds(revision, options),
  } as const;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: deploymentName(revision.metadata.name),
      namespace: revision.metadata.namespace ?? '',
      labels: own,
      annotations: { ...inherited, [annotations.specHash]: contentHash({ ...spec, replicas: undefined }) },
      ownerReferences: [ownerReference(revision)],
    },
    spec,
  };
}

/** The labels of everything that is made for one revision. Its own pass on, except the one that changes with routes. */
export function revisionLabels(revision: Revision): Record<string, string> {
  const { [labels.routingState]: _, ...own } = revision.metadata.labels ?? {};
  return {
    ...own,
    [labels.revision]: revision.metadata.name,
    [labels.revisionUid]: revision.metadata.uid ?? '',
    [labels.app]: own[labels.app] ?? revision.metadata.name,
  };
}

function makePodSpec(revision: Revision, options: PodOptions): RevisionPodSpec {
  // What is left of the spec after the revision's own fields is the pod's.
  const {
    containerConcurrency: _,
    timeoutSeconds,
    responseStartTimeoutSeconds: __,
    idleTimeoutSeconds: ___,
    containers: ____,
    initContainers,
    ...pod
  } = revision.spec;
  const { deployment, features, observability } = options.config;
  const collectsLogs = observability.enableVarLogCollection;
  const made = makeUserContainers(revision, features['multi-container-probing'] === 'Enabled');
  const userContainers = collectsLogs ? made.map(withVarLog) : made;
  const volumes = [...sidecarVolumes(revision, options.config).map(({ volume }) => volume), ...(collectsLogs ? [varLogVolume] : [])];
  const runtimeClassName = pod.runtimeClassName ?? runtimeClassFor(deployment, revision.metadata.labels ?? {});
  return {
    ...pod,
    ...(initContainers ? { initContainers: initContainers.map((container) => makeInitContainer(revision, container)) } : {}),
    containers: [...userContainers, makeQueueContainer(revision, options)],
    ...(volumes.length === 0 ? {} : { volumes: [...(pod.volumes ?? []), ...volumes] }),
    ...affinityOf(revision, deployment),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    terminationGracePeriodSeconds: timeoutSeconds ?? 300,
  };
}

function affinityOf({ spec, metadata }: Revision, { defaultAffinityType }: DeploymentConfig): { readonly affinity?: unknown } {
  if (spec.affinity !== undefined) return { affinity: spec.affinity };
  return defaultAffinityType === 'none' ? {} : { affinity: spreadOverNodes(metadata.name) };
}

/** Pods of one revision rather stand on different nodes. */
function spreadOverNodes(revision: string): unknown {
  const term = {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: { [labels.revision]: revision } },
  };
  return {
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
  };
}

/** How many pods a new revision begins with. */
function initialScale(revision: Revision, standard: number): number {
  const text =
    revision.metadata.annotations?.[`${autoscalingPrefix}initial-scale`] ??
    revision.metadata.annotations?.[`${autoscalingPrefix}initialScale`];
  const scale = Number(text);
  return text !== undefined && Number.isInteger(scale) && scale >= 0 ? scale : standard;
}

function progressDeadlineSeconds(revision: Revision, options: PodOptions): number {
  const text = revision.metadata.annotations?.[annotations.progressDeadline];
  const ownMs = text === undefined ? undefined : parseDuration(text);
  return Math.round((ownMs ?? options.config.deployment.progressDeadlineMs) / 1000);
}
