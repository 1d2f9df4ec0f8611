/** Replacing an object, or one part of it through a subresource. Patches end here too. */
import type { JsonObject } from '../json.ts';
import { cloneJson, equalJson, listAt, objectAt, textAt } from '../json.ts';
import { isSameApartFromTimes, trackUpdate } from '../ownership/managed-fields.ts';
import type { WriteOptions } from '../request/write-options.ts';
import { resourceSubject, type ResourceKind } from '../resources/resource-kind.ts';
import { conflict } from '../status-error.ts';
import type { Entry } from '../store/object-store.ts';
import type { WriteReview } from '../admission/admission.ts';
import { matchPath, readObject, validateObjectOf } from './admit.ts';
import { formatTime, viewOf, type ServerContext } from './context.ts';
import { orderObject } from './object-order.ts';
import { refuseChanged, rereader, reviewOf } from './review.ts';
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
export async function updateObject(context: ServerContext, input: UpdateInput): Promise<Written> {
  const { kind, entry, options, subresource } = input;
  const live = viewOf(entry, kind);
  const { object, warnings } = readObject(context, kind, input.body, options);
  matchPath(object, kind, kind.namespaced ? entry.namespace : undefined, entry.name);
  checkVersion(kind, entry, object);
  const track = (next: JsonObject): void =>
    trackUpdate(live, next, kind.schema, {
      manager: options.fieldManager,
      apiVersion: kind.apiVersion,
      subresource,
      // Owners by way of a scale bear no time.
      timestamp: subresource === 'scale' ? '' : formatTime(context.clock.wallTime()),
    });
  const review = reviewOf(context, { kind, subresource, operation: 'UPDATE', namespace: entry.namespace, name: entry.name }, options);
  if (!review) {
    const next = completeNext(kind, live, object, subresource);
    track(next);
    return { ...keepNext(context, kind, entry, next, options), warnings };
  }
  const wished = writablePart(kind, live, object, subresource);
  kind.rules.complete?.(wished);
  // What webhooks change belongs to nobody, as on a cluster.
  track(wished);
  const written = await updateReviewed(context, { kind, entry, object: wished, options, subresource, review });
  return { ...written, warnings: [...warnings, ...review.warnings] };
}

export interface ReviewedUpdate {
  readonly kind: ResourceKind;
  readonly entry: Entry;
  /** The next object with its managedFields, before the webhooks have their say. */
  readonly object: JsonObject;
  readonly options: WriteOptions;
  readonly subresource: string;
  readonly review: WriteReview;
}

/** A change that webhooks want to see. @throws StatusError */
export async function updateReviewed(context: ServerContext, { kind, entry, object, options, subresource, review }: ReviewedUpdate): Promise<Written> {
  const live = viewOf(entry, kind);
  const mutated = await review.mutate(object, live, rereader(context, kind, kind.namespaced ? entry.namespace : undefined));
  const next = withManagedFields(completeNext(kind, live, mutated, subresource), mutated);
  await review.validate({ object: next, oldObject: live });
  refuseChanged(context, kind, entry);
  return keepNext(context, kind, entry, next, options);
}

/** The status door restores metadata from the live object; who owns what is the one thing it may change. */
export function withManagedFields(next: JsonObject, from: JsonObject): JsonObject {
  const metadata = { ...objectAt(next, 'metadata') };
  const managed = objectAt(from, 'metadata')['managedFields'];
  if (managed === undefined) delete metadata['managedFields'];
  else metadata['managedFields'] = managed;
  return { ...next, metadata };
}

/** The next object as far as its door lets it be changed. */
function writablePart(kind: ResourceKind, live: JsonObject, object: JsonObject, subresource: string): JsonObject {
  if (subresource === 'status') return withStatus(live, object);
  if (subresource !== '' || !kind.hasStatus) return object;
  const { status: _status, ...next } = object;
  return live['status'] === undefined ? next : { ...next, status: cloneJson(live['status']) };
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
