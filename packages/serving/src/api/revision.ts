/** A Revision: one immutable version of a program and of how it is to be run. */
import type { CommonStatus, ObjectMeta, ServingObject } from './object.ts';
import type { PodSpec } from './pod-spec.ts';

export interface Revision extends ServingObject {
  readonly spec: RevisionSpec;
  readonly status?: RevisionStatus;
}

export interface RevisionSpec extends PodSpec {
  /** The most requests at once in one pod. 0 sets no limit. */
  readonly containerConcurrency?: number;
  /** The most time for one request, in seconds. */
  readonly timeoutSeconds?: number;
  /** The most time until the first byte of the response, in seconds. Absent: no limit of its own. */
  readonly responseStartTimeoutSeconds?: number;
  /** The most silence of a response under way, in seconds. Absent: no limit of its own. */
  readonly idleTimeoutSeconds?: number;
}

/** Conditions: `ResourcesAvailable` and `ContainerHealthy` make up `Ready`; `Active` tells of traffic and gates nothing. */
export interface RevisionStatus extends CommonStatus {
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly actualReplicas?: number;
  readonly desiredReplicas?: number;
  readonly logUrl?: string;
}

/** What a container runs. */
export interface ContainerStatus {
  readonly name: string;
  /** The image by its digest. Absent: it runs as it is written. */
  readonly imageDigest?: string;
}

/** From which Revisions are made. */
export interface RevisionTemplate {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec: RevisionSpec;
}
