/**
 * Finalizers: marks by which a controller keeps a deleted object until it has undone what it did outside. One that acts outside puts
 * its mark there *before* the first effect, and takes it away after the last has been undone.
 */
import { isConflict, isNotFound } from './api-error.ts';
import type { KubernetesObject } from './object.ts';
import type { ResourceClient } from './resource-client.ts';

/** Whether the object is to go, and waits for those who hold it. */
export function isBeingDeleted(object: KubernetesObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/**
 * Puts the mark there.
 * @returns the object with the mark; undefined when it has gone or is going: then no mark may be added, and nothing may be begun
 */
export async function addFinalizer<T extends KubernetesObject>(client: ResourceClient<T>, object: T, finalizer: string): Promise<T | undefined> {
  return change(client, object, (present) => {
    if (isBeingDeleted(present)) return hasFinalizer(present, finalizer) ? 'nothing' : 'too-late';
    return hasFinalizer(present, finalizer) ? 'nothing' : [...(present.metadata.finalizers ?? []), finalizer];
  });
}

/**
 * Takes the mark away; fulfils also when it was not there, or the object has gone.
 * @returns the object as written; undefined when there is none
 */
export async function removeFinalizer<T extends KubernetesObject>(client: ResourceClient<T>, object: T, finalizer: string): Promise<T | undefined> {
  return change(client, object, (present) => {
    if (!hasFinalizer(present, finalizer)) return 'nothing';
    return (present.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  });
}

/** So many writers at once are no accident any more. Chosen. */
const attemptsMax = 5;

/** Lists of finalizers have several owners and no merge by name in a merge patch, so each change is one of a certain version. */
async function change<T extends KubernetesObject>(
  client: ResourceClient<T>,
  object: T,
  next: (present: T) => readonly string[] | 'nothing' | 'too-late',
): Promise<T | undefined> {
  const { namespace, name } = object.metadata;
  const reference = namespace === undefined ? { name } : { namespace, name };
  let present: T | undefined = object;
  for (let attempt = 1; ; attempt++) {
    const finalizers = next(present);
    if (finalizers === 'nothing') return present;
    if (finalizers === 'too-late') return undefined;
    const { uid, resourceVersion } = present.metadata;
    const metadata = { finalizers: finalizers.length > 0 ? finalizers : null, ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    try {
      return await client.patch(reference, { type: 'merge', body: { metadata } });
    } catch (reason) {
      if (isNotFound(reason)) return undefined;
      if (!isConflict(reason) || attempt >= attemptsMax) throw reason;
      const found: T | undefined = await client.find(reference);
      // Another object of the same name is another object.
      if (!found || found.metadata.uid !== uid) return undefined;
      present = found;
    }
  }
}
