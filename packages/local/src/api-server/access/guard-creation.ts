/** What making an object takes besides the verb of the request. Only a server that checks rights asks for it. */
import { isObject, listAt, objectAt, textAt, type JsonObject } from '../json.ts';
import type { WriteOptions } from '../request/write-options.ts';
import type { Registry } from '../resources/registry.ts';
import { resourceSubject, type ResourceKind } from '../resources/resource-kind.ts';
import { forbidden } from '../status-error.ts';
import type { Access } from './access.ts';

export interface Creation {
  readonly kind: ResourceKind;
  readonly object: JsonObject;
  readonly namespace: string | undefined;
  readonly options: WriteOptions;
  /** By server-side apply, which was asked for as a patch and makes what is not there. */
  readonly isApplied: boolean;
}

/** @throws StatusError 403 */
export function guardCreation({ access, registry }: { readonly access: Access; readonly registry: Registry }, { kind, object, namespace = '', options, isApplied }: Creation): void {
  const metadata = objectAt(object, 'metadata');
  const name = textAt(metadata, 'name');
  if (isApplied) access.require(options.user, { kind: 'resource', verb: 'create', group: kind.group, resource: kind.plural, subresource: '', namespace, name });
  if (!access.guardsOwners) return;
  for (const reference of listAt(metadata, 'ownerReferences')) {
    if (!isObject(reference) || reference['blockOwnerDeletion'] !== true) continue;
    const owner = registry.findKind(textAt(reference, 'apiVersion'), textAt(reference, 'kind'));
    if (!owner) continue;
    const place = owner.namespaced ? namespace : '';
    if (access.allows(options.user, { kind: 'resource', verb: 'update', group: owner.group, resource: owner.plural, subresource: 'finalizers', namespace: place, name: textAt(reference, 'name') })) continue;
    throw forbidden(resourceSubject(kind, name), "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>");
  }
}
