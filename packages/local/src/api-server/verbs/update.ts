/** Replacing an object, or one part of it through a subresource. Patches end here too. */
import type { JsonObject } from '../json.ts';
import { cloneJson, equalJson, listAt, objectAt, textAt } from '../json.ts';
import { isSameApartFromTimes, trackUpdate } from '../ownership/managed-fields.ts';
import type { WriteOptions } from '../request/write-options.ts';
import { resourceSubject, type ResourceKind } from '../resources/resource-kind.ts';
import { conflict } from '../status-error.ts';
import type { Entry } from '../store/object-store.ts';
import { matchPath, readObject, validateObjectOf } from './admit.ts';
import { formatTime, viewOf, type ServerContext } from './context.ts';
import { orderObject } from './object-order.ts';
import type { Written } from './written.ts';

export interface UpdateInput {
  readonly kind: ResourceKind;
  readonly entry: Entry;
  /** The whole next object, from outside. */
  readonly body: JsonObject;
  readonly options: WriteOptions;
  /** Empty for the object itself, `status` or `scale`. */
  readonly subresource: string;
}

/** @throws StatusError whatever stands against it */
export function updateObject(context: ServerContext, input: UpdateInput): Written {
  const { kind, entry, options } = input;
  const live = viewOf(entry, kind);
  const { object, warnings } = readObject(context, kind, input.body, options);
  matchPath(object, kind, kind.namespaced ? entry.namespace : undefined, entry.name);
  checkVersion(kind, entry, object);
  const next = completeNext(kind, live, object, input.subresource);
  trackUpdate(live, next, kind.schema, {
    manager: options.fieldManager,
    apiVersion: kind.apiVersion,
    subresource: input.subresource,
    // Owners by way of a scale bear no time.
    timestamp: input.subresource === 'scale' ? '' : formatTime(context.clock.wallTime()),
  });
  return { ...keepNext(context, kind, entry, next, options), warnings };
}

/** What the client saw must still be so. @throws StatusError 409 */
export function checkVersion(kind: ResourceKind, entry: Entry, object: JsonObject): void {
  const metadata = objectAt(object, 'metadata');
  const liveUid = textAt(objectAt(entry.object, 'metadata'), 'uid');
  const uid = textAt(metadata, 'uid');
  if (uid !== '' && uid !== liveUid) {
    throw conflict(
      resourceSubject(kind, entry.name),
      `StorageError: invalid object, Code: 4, Key: /registry/${kind.plural}/${entry.namespace}/${entry.name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${liveUid}`,
    );
  }
  const version = textAt(metadata, 'resourceVersion');
  if (version !== '' && version !== String(entry.resourceVersion)) throw conflict(resourceSubject(kind, entry.name));
}

/** The next state with everything a client may not decide restored from the live one, completed and checked. */
export function completeNext(kind: ResourceKind, live: JsonObject, object: JsonObject, subresource: string): JsonObject {
  const next = subresource === 'status' ? withStatus(live, object) : { ...object };
  next['metadata'] = { ...objectAt(next, 'metadata') };
  const metadata = next['metadata'];
  const liveMetadata = objectAt(live, 'metadata');
  for (const field of ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'generateName', 'resourceVersion']) {
    const value = liveMetadata[field];
    if (value === undefined) delete metadata[field];
    else metadata[field] = value;
  }
  if (subresource === '' && kind.hasStatus) {
    if (live['status'] === undefined) delete next['status'];
    else next['status'] = live['status'];
  }
  kind.rules.prepareUpdate?.(next, live);
  kind.rules.complete?.(next);
  validateObjectOf(kind, next, live);
  if (kind.rules.hasGeneration && isSpecChanged(next, live)) {
    metadata['generation'] = Number(liveMetadata['generation'] ?? 0) + 1;
  }
  return next;
}

/** Keeps the next state. A state without effect is not written: same version, no event. */
export function keepNext(
  context: ServerContext,
  kind: ResourceKind,
  entry: Entry,
  next: JsonObject,
  options: WriteOptions,
): Written {
  const ordered = orderObject(next, kind.custom);
  const stored = kind.conversion ? kind.conversion.toStored(ordered) : ordered;
  if (isSameApartFromTimes(stored, entry.object)) {
    return { status: 200, entry, object: viewOf(entry, kind), warnings: [] };
  }
  if (options.dryRun) return { status: 200, object: ordered, warnings: [] };
  if (isFinished(stored)) {
    // The last finalizer is gone: the write is the deletion, and answers with what was written. Watches are shown what was there before.
    const { resourceVersion } = context.store.remove(entry);
    const metadata = { ...objectAt(ordered, 'metadata'), resourceVersion: String(resourceVersion) };
    return { status: 200, object: { ...ordered, metadata }, warnings: [] };
  }
  const kept = context.store.put(kind.storedAs, entry.namespace, entry.name, stored);
  return { status: 200, entry: kept, object: viewOf(kept, kind), warnings: [] };
}

/** Deleted, and nobody asks for it to stay any longer. */
export function isFinished(object: JsonObject): boolean {
  const metadata = objectAt(object, 'metadata');
  if (textAt(metadata, 'deletionTimestamp') === '') return false;
  if (listAt(metadata, 'finalizers').length > 0) return false;
  // Namespaces have a finalizer of their own beside the usual ones.
  if (listAt(objectAt(object, 'spec'), 'finalizers').length > 0 && object['kind'] === 'Namespace') return false;
  return Number(metadata['deletionGracePeriodSeconds'] ?? 0) === 0;
}

/** A copy: completing it must not reach into the stored object. */
function withStatus(live: JsonObject, object: JsonObject): JsonObject {
  const next = cloneJson(live);
  if (object['status'] === undefined) delete next['status'];
  else next['status'] = object['status'];
  return next;
}

function isSpecChanged(next: JsonObject, live: JsonObject): boolean {
  for (const field of new Set([...Object.keys(next), ...Object.keys(live)])) {
    if (field === 'metadata' || field === 'status' || field === 'apiVersion' || field === 'kind') continue;
    if (!equalJson(next[field], live[field])) return true;
  }
  return false;
}
