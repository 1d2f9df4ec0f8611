/** Deleting: at once, after a grace period, or when every finalizer has been taken off. */
import type { JsonObject } from '../json.ts';
import { listAt, objectAt, textAt } from '../json.ts';
import { kindSubject, resourceSubject, type ResourceKind } from '../resources/resource-kind.ts';
import { conflict, forbidden, invalid } from '../status-error.ts';
import type { Entry } from '../store/object-store.ts';
import { formatTime, type ServerContext } from './context.ts';
import { isFinished } from './update.ts';

export interface DeleteOptions {
  /** What happens to dependents: gone after the owner, before it, or kept. */
  readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly dryRun: boolean;
}

export interface Deleted {
  /** False: the object stays for now, marked as deleted. */
  readonly isGone: boolean;
  /** The last state. */
  readonly entry: Entry;
}

/** Holds a deleted definition until its objects are gone. */
export const DEFINITION_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/** The server would only make them again. */
const KEPT_NAMESPACES = ['default', 'kube-system', 'kube-public'];

/** The pods' default when neither the request nor the pod says one. */
const GRACE_SECONDS = 30;

/** Reads the options from body and query; the body wins. */
export function readDeleteOptions(body: JsonObject, query: URLSearchParams): DeleteOptions {
  const preconditions = objectAt(body, 'preconditions');
  const grace = body['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds');
  const orphan = body['orphanDependents'] === true || query.get('orphanDependents') === 'true';
  const policy = textAt(body, 'propagationPolicy') || (query.get('propagationPolicy') ?? '');
  checkPolicy(policy);
  const dryRun = listAt(body, 'dryRun').includes('All') || query.getAll('dryRun').includes('All');
  return {
    propagationPolicy: policy === 'Foreground' || policy === 'Orphan' ? policy : orphan ? 'Orphan' : 'Background',
    gracePeriodSeconds: grace === null || grace === undefined || grace === '' ? undefined : Number(grace),
    uid: textAt(preconditions, 'uid'),
    resourceVersion: textAt(preconditions, 'resourceVersion'),
    dryRun,
  };
}

/** @throws StatusError 422 */
function checkPolicy(policy: string): void {
  if (['', 'Background', 'Foreground', 'Orphan'].includes(policy)) return;
  const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`;
  throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, [{ reason: 'FieldValueNotSupported', message, field: 'propagationPolicy' }]);
}

/** For the server's own deletions. */
export const BACKGROUND_DELETE: DeleteOptions = {
  propagationPolicy: 'Background',
  gracePeriodSeconds: undefined,
  uid: '',
  resourceVersion: '',
  dryRun: false,
};

/** @throws StatusError 409 when a precondition does not hold */
export function deleteObject(context: ServerContext, kind: ResourceKind, entry: Entry, options: DeleteOptions): Deleted {
  checkPreconditions(kind, entry, options);
  if (kind.group === '' && kind.kind === 'Namespace' && KEPT_NAMESPACES.includes(entry.name)) {
    throw forbidden(resourceSubject(kind, entry.name), 'this namespace may not be deleted');
  }
  const metadata = objectAt(entry.object, 'metadata');
  const isMarked = textAt(metadata, 'deletionTimestamp') !== '';
  const graceSeconds = graceOf(kind, entry.object, options);
  const finalizers = finalizersAfter(kind, metadata, options);
  const isSooner = graceSeconds < Number(metadata['deletionGracePeriodSeconds'] ?? Number.POSITIVE_INFINITY);
  if (isMarked && !isSooner && finalizers.length === listAt(metadata, 'finalizers').length && !isFinished(entry.object)) {
    return { isGone: false, entry };
  }
  const marked = markDeleted(context, kind, entry, graceSeconds, finalizers, isMarked);
  if (options.dryRun) return { isGone: isFinished(marked.object), entry: marked };
  if (isFinished(marked.object)) return { isGone: true, entry: context.store.remove(isGraceful(kind) ? marked : entry) };
  return { isGone: false, entry: context.store.put(entry.resource, entry.namespace, entry.name, marked.object) };
}

function markDeleted(
  context: ServerContext,
  kind: ResourceKind,
  entry: Entry,
  graceSeconds: number,
  finalizers: readonly string[],
  isMarked: boolean,
): Entry {
  const metadata: JsonObject = {};
  // Rebuilt in order, so that the new fields stand where clients are used to see them.
  for (const [name, value] of Object.entries(objectAt(entry.object, 'metadata'))) {
    if (name !== 'deletionTimestamp' && name !== 'deletionGracePeriodSeconds' && name !== 'finalizers') metadata[name] = value;
    if (name !== 'creationTimestamp') continue;
    metadata['deletionTimestamp'] = formatTime(context.clock.wallTime() + graceSeconds * 1000);
    if (!marksTimeOnly(kind)) metadata['deletionGracePeriodSeconds'] = graceSeconds;
  }
  if (finalizers.length > 0) metadata['finalizers'] = [...finalizers];
  // To be deleted is a change of what is wanted.
  if (kind.rules.hasGeneration && !isMarked && !marksTimeOnly(kind)) metadata['generation'] = Number(metadata['generation'] ?? 0) + 1;
  const object: JsonObject = { ...entry.object, metadata };
  if (kind.kind === 'Namespace' && kind.group === '') {
    object['status'] = { ...objectAt(entry.object, 'status'), phase: 'Terminating' };
  }
  return { ...entry, object };
}

/** Namespaces and definitions say that they go, and nothing else: their own life cycles mark them, not the general one. */
function marksTimeOnly({ group, kind }: ResourceKind): boolean {
  return (group === '' && kind === 'Namespace') || (group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition');
}

/** Only pods are given time. */
function isGraceful(kind: ResourceKind): boolean {
  return kind.kind === 'Pod' && kind.group === '';
}

/** Pods that no kubelet runs, or that have ended, need none. */
function graceOf(kind: ResourceKind, object: JsonObject, options: DeleteOptions): number {
  if (!isGraceful(kind)) return 0;
  const spec = objectAt(object, 'spec');
  const phase = textAt(objectAt(object, 'status'), 'phase');
  if (textAt(spec, 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const stated = options.gracePeriodSeconds ?? spec['terminationGracePeriodSeconds'] ?? GRACE_SECONDS;
  return Math.max(0, Number(stated));
}

function finalizersAfter(kind: ResourceKind, metadata: JsonObject, options: DeleteOptions): string[] {
  const finalizers = listAt(metadata, 'finalizers').map(String);
  const added = [{ Background: '', Foreground: 'foregroundDeletion', Orphan: 'orphan' }[options.propagationPolicy]];
  // A definition waits for its objects. Once it is marked the finalizer is the lifecycle's to take away.
  const isDefinition = kind.plural === 'customresourcedefinitions' && kind.group === 'apiextensions.k8s.io';
  if (isDefinition && textAt(metadata, 'deletionTimestamp') === '') added.push(DEFINITION_CLEANUP);
  return [...finalizers, ...added.filter((one) => one !== '' && !finalizers.includes(one))];
}

function checkPreconditions(kind: ResourceKind, entry: Entry, options: DeleteOptions): void {
  const liveUid = textAt(objectAt(entry.object, 'metadata'), 'uid');
  if (options.uid !== '' && options.uid !== liveUid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${liveUid}). The object might have been deleted and then recreated`;
    throw conflict(kindSubject(kind, entry.name), why);
  }
  const liveVersion = String(entry.resourceVersion);
  if (options.resourceVersion !== '' && options.resourceVersion !== liveVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${liveVersion}). The object might have been modified`;
    throw conflict(kindSubject(kind, entry.name), why);
  }
}

/** The Status that says an object is gone. */
export function deletedStatus(kind: ResourceKind, entry: Entry): JsonObject {
  const details: JsonObject = { name: entry.name };
  if (kind.group !== '') details['group'] = kind.group;
  details['kind'] = kind.plural;
  const uid = objectAt(entry.object, 'metadata')['uid'];
  if (uid !== undefined) details['uid'] = uid;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
