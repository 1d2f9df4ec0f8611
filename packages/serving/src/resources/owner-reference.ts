/** Who controls a child. */
import type { OwnerReference, ServingObject } from '../api/object.ts';

/** The reference by which a child names its one controller, so that it goes when the owner goes. */
export function ownerReference(owner: ServingObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
