/** Who owns whom. */
import type { KubernetesObject, OwnerReference } from './object.ts';

/** The reference by which a dependent names `owner` as its one controller. */
export function controllerReference(owner: KubernetesObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The reference to the owner that controls `object`, when there is one. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** By uid: an owner that was deleted and made again under the same name is another owner. */
export function isControlledBy(object: KubernetesObject, owner: KubernetesObject): boolean {
  const reference = controllerOf(object);
  return reference !== undefined && reference.uid === owner.metadata.uid;
}

/** The key of the controlling owner when it is of `kind`, as a list so that it fits `Controller.follow`. */
export function controllerKeyOf(object: KubernetesObject, kind: string): readonly string[] {
  const reference = controllerOf(object);
  if (reference?.kind !== kind) return [];
  const { namespace } = object.metadata;
  return [namespace ? `${namespace}/${reference.name}` : reference.name];
}
