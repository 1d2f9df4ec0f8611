/**
 * What every object has, as far as serving cares. The shapes are Kubernetes' own, so that objects pass
 * between this package and an API client without conversion, though neither knows the other.
 */
export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ServingObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  /** `Info` for conditions that say something and gate nothing. */
  readonly severity?: 'Info';
}

/** What the status of each kind begins with. */
export interface CommonStatus {
  /** The generation of the spec that the rest of the status speaks of. */
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly annotations?: Readonly<Record<string, string>>;
}
