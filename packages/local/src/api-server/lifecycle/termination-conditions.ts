/** Why a deleted namespace is still there, in the conditions and the words of Kubernetes' namespace controller. */
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, objectAt } from '../json.ts';
import type { Entry } from '../store/object-store.ts';

/**
 * @param left what is still in the namespace
 * @param before its conditions so far: one that says the same keeps its time
 */
export function terminationConditions(left: readonly Entry[], before: readonly Json[], timestamp: string): JsonObject[] {
  const isHeld = left.some((entry) => finalizersOf(entry).length > 0);
  const wanted: readonly (readonly [string, boolean, string, string])[] = [
    ['NamespaceDeletionDiscoveryFailure', false, 'ResourcesDiscovered', 'All resources successfully discovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', false, 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    ['NamespaceDeletionContentFailure', false, 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ['NamespaceContentRemaining', true, 'SomeResourcesRemain', `Some resources are remaining: ${remainingText(left)}`],
    isHeld
      ? ['NamespaceFinalizersRemaining', true, 'SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${finalizersText(left)}`]
      : ['NamespaceFinalizersRemaining', false, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
  ];
  return wanted.map(([type, holds, reason, message]) => {
    const status = holds ? 'True' : 'False';
    const old = before.find((one) => isObject(one) && one['type'] === type);
    const isSame = isObject(old) && old['status'] === status;
    return { type, status, lastTransitionTime: isSame ? (old['lastTransitionTime'] ?? timestamp) : timestamp, reason, message };
  });
}

/** `configmaps. has 1 resource instances`: a resource is named with its group, and the core group has none. */
function remainingText(left: readonly Entry[]): string {
  const counts = countBy(left.map(({ resource }) => resource.split('/').toReversed().join('.')));
  return counts.map(([resource, count]) => `${resource} has ${count} resource instances`).join(', ');
}

function finalizersText(left: readonly Entry[]): string {
  const counts = countBy(left.flatMap(finalizersOf));
  return counts.map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).join(', ');
}

function finalizersOf(entry: Entry): string[] {
  return listAt(objectAt(entry.object, 'metadata'), 'finalizers').map(String);
}

/** Sorted by name. */
function countBy(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
