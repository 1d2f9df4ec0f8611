/**
 * What every object of the Kubernetes API has: a kind, a name, and the bookkeeping that the server adds.
 * Objects are values: whoever reads one from a cache must not change it.
 */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectMeta {
  /** Unique among objects of one kind in one namespace. May be empty on creation when `generateName` is set. */
  readonly name: string;
  /** A prefix from which the server makes a free name. */
  readonly generateName?: string;
  /** Absent for kinds that live outside namespaces. */
  readonly namespace?: string;
  /** Unique over space and time; given by the server. */
  readonly uid?: string;
  /** An opaque version of this object. Equal versions mean equal objects; nothing else follows from it. */
  readonly resourceVersion?: string;
  /** Counts changes of the spec. */
  readonly generation?: number;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp?: string;
  /** Set when the object is to go and something still keeps it: finalizers, or a pod's grace period. */
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly unknown[];
}

/** Ties a dependent to its owner, so that the garbage collector removes it after the owner. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** True for the one owner that controls the dependent. */
  readonly controller?: boolean;
  /** Keeps the owner until the dependent is gone when it is deleted in the foreground. */
  readonly blockOwnerDeletion?: boolean;
}

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** A word for programs. */
  readonly reason?: string;
  /** A sentence for people. */
  readonly message?: string;
  /** When `status` last changed; RFC 3339. */
  readonly lastTransitionTime?: string;
}

export interface ObjectList<T extends KubernetesObject = KubernetesObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

export interface ListMeta {
  /** The version of the whole collection: watching may begin here. */
  readonly resourceVersion?: string;
  /** Asks for the next page. Absent on the last one. */
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Which object: the namespace is absent for kinds that live outside namespaces. */
export interface ObjectReference {
  readonly namespace?: string;
  readonly name: string;
}

/** `namespace/name`, or `name` outside namespaces: the key of stores and work queues. */
export function objectKey(object: { readonly metadata: ObjectReference }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** The reverse of `objectKey`. */
export function parseObjectKey(key: string): ObjectReference {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
