/** What a Revision says of itself, computed from the objects beneath it. */
import type { PodAutoscaler } from '../api/pod-autoscaler.ts';
import type { Condition } from '../api/object.ts';
import type { Revision, RevisionStatus } from '../api/revision.ts';
import { deploymentName } from '../names.ts';
import {
  conditionOf,
  isFalse,
  isTrue,
  isUnknown,
  livingConditions,
  markOf,
  previousMarks,
  type Mark,
} from './condition-set.ts';
import { containerStatuses, imageMark, type ImageResolution } from '../images/revision-images.ts';
import { findPodFailure, type PodView } from './pod-failure.ts';

/** What is read of a Deployment. */
export interface DeploymentView {
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly availableReplicas?: number;
    readonly readyReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface RevisionFacts {
  readonly revision: Revision;
  readonly deployment: DeploymentView | undefined;
  readonly podAutoscaler: PodAutoscaler | undefined;
  readonly pods: readonly PodView[];
  /** What its pods need, and has not come: none is made until then. */
  readonly awaitedCertificate?: string | undefined;
  /** How far the digests of its images are known. Absent: nobody asks for them. */
  readonly images?: ImageResolution | undefined;
  /** Where its logs are, with `${REVISION_UID}` for its uid. Absent or empty: not known. */
  readonly logUrlTemplate?: string;
  /** Nodes come when they are needed: a pod that finds no place yet is no failure. Default false. */
  readonly podIsAlwaysSchedulable?: boolean;
  /** RFC 3339. */
  readonly now: string;
}

const deploying = isUnknown('Deploying', '');

/**
 * A revision is ready once its pods have been up; that they go to zero later only changes `Active`. A
 * failure stays told after the failing pods have gone, until something proves the contrary.
 */
export function revisionStatus(facts: RevisionFacts): RevisionStatus {
  const { revision, podAutoscaler, now } = facts;
  const previous = revision.status?.conditions;
  const status = podAutoscaler?.status;
  return {
    ...(revision.metadata.generation === undefined ? {} : { observedGeneration: revision.metadata.generation }),
    conditions: livingConditions({
      dependents: ['ResourcesAvailable', 'ContainerHealthy'],
      marks: revisionMarks(facts),
      previous,
      now,
    }),
    containerStatuses: containerStatuses(revision.spec.containers, revision, facts.images),
    ...(revision.spec.initContainers === undefined ? {} : { initContainerStatuses: containerStatuses(revision.spec.initContainers, revision, facts.images) }),
    ...(facts.logUrlTemplate ? { logUrl: facts.logUrlTemplate.replaceAll('${REVISION_UID}', revision.metadata.uid ?? '') } : {}),
    ...(status?.actualScale === undefined || status.actualScale < 0 ? {} : { actualReplicas: status.actualScale }),
    ...(status?.desiredScale === undefined || status.desiredScale < 0 ? {} : { desiredReplicas: status.desiredScale }),
  };
}

/** The status of a revision whose spec cannot be run at all. */
export function invalidRevisionStatus(revision: Revision, message: string, now: string): RevisionStatus {
  return failedStatus(revision, isFalse('InvalidSpec', message), now);
}

/** The status of a revision whose Deployment's name belongs to something else. */
export function takenDeploymentStatus(revision: Revision, now: string): RevisionStatus {
  const name = deploymentName(revision.metadata.name);
  return failedStatus(
    revision,
    isFalse('NotOwned', `There is an existing Deployment "${name}" that we do not own.`),
    now,
  );
}

/** Whether its pods cannot run: nothing ready though something is wished for, and a reason known. */
export function hasFailed(status: RevisionStatus, deployment: DeploymentView | undefined): boolean {
  const isFailing = ['ResourcesAvailable', 'ContainerHealthy'].some(
    (type) => conditionOf(status.conditions, type)?.status === 'False',
  );
  return isFailing && (deployment?.spec.replicas ?? 0) > 0 && (deployment?.status?.readyReplicas ?? 0) === 0;
}

function failedStatus(revision: Revision, resources: Mark, now: string): RevisionStatus {
  const previous = revision.status?.conditions;
  return {
    ...revision.status,
    ...(revision.metadata.generation === undefined ? {} : { observedGeneration: revision.metadata.generation }),
    conditions: livingConditions({
      dependents: ['ResourcesAvailable', 'ContainerHealthy'],
      marks: { ...previousMarks(previous), ResourcesAvailable: resources },
      previous,
      now,
    }),
  };
}

function revisionMarks(facts: RevisionFacts): Readonly<Record<string, Mark | undefined>> {
  const previous = facts.revision.status?.conditions;
  const isInitialized =
    conditionOf(facts.podAutoscaler?.status?.conditions, 'ScaleTargetInitialized')?.status === 'True';
  const failure = podFailure(facts);
  const { awaitedCertificate } = facts;
  let resources = awaitedCertificate === undefined ? deploymentMark(facts.deployment) : isUnknown('CertificateNotReady', awaitedCertificate);
  let health =
    failure?.condition === 'ContainerHealthy' ? failure.mark : (stillFalse(previous, 'ContainerHealthy') ?? deploying);
  if (failure?.condition === 'ResourcesAvailable') resources = failure.mark;
  const image = imageMark(facts.images);
  if (image) health = image;
  else if (isMissing(health) && facts.images?.kind === 'resolved') health = deploying;
  if (isInitialized) {
    health = isTrue;
    if (resources.status === 'Unknown') resources = isTrue;
  } else if (hasGivenUp(facts.podAutoscaler) && resources.status !== 'False') {
    resources = isFalse('ProgressDeadlineExceeded', 'Initial scale was never achieved');
  }
  return { ResourcesAvailable: resources, ContainerHealthy: health, Active: activeMark(facts.podAutoscaler) };
}

/** An image that could not be found may be found later. */
function isMissing({ status, reason }: Mark): boolean {
  return status === 'False' && reason === 'ContainerMissing';
}

/** Only pods of a deployment that wants some and has none are looked at: one failing among many does no harm. */
function podFailure({ deployment, pods, podIsAlwaysSchedulable = false }: RevisionFacts): ReturnType<typeof findPodFailure> {
  if ((deployment?.spec.replicas ?? 0) === 0 || (deployment?.status?.availableReplicas ?? 0) > 0) return undefined;
  return findPodFailure(pods, { podIsAlwaysSchedulable });
}

/** `Progressing` and `ReplicaFailure` of the Deployment say whether the cluster can give what is needed. */
function deploymentMark(deployment: DeploymentView | undefined): Mark {
  const conditions = deployment?.status?.conditions;
  const failure = conditionOf(conditions, 'ReplicaFailure');
  if (failure?.status === 'True') return isFalse(failure.reason ?? '', failure.message ?? '');
  const progressing = conditionOf(conditions, 'Progressing');
  return progressing?.status === 'True' ? isTrue : (markOf(progressing) ?? deploying);
}

/** The autoscaler waited for the first pods as long as it may, and went to zero without them. */
function hasGivenUp(podAutoscaler: PodAutoscaler | undefined): boolean {
  const active = conditionOf(podAutoscaler?.status?.conditions, 'Active');
  return active?.status === 'False' && Boolean(podAutoscaler?.status?.serviceName);
}

function activeMark(podAutoscaler: PodAutoscaler | undefined): Mark {
  return markOf(conditionOf(podAutoscaler?.status?.conditions, 'Active')) ?? deploying;
}

function stillFalse(previous: readonly Condition[] | undefined, type: string): Mark | undefined {
  const condition = conditionOf(previous, type);
  return condition?.status === 'False' ? markOf(condition) : undefined;
}
