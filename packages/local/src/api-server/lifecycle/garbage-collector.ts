/**
 * Owners and dependents (`metadata.ownerReferences`): who has lost every owner goes too; an owner that is
 * deleted in the foreground waits for its dependents; one that orphans them lets them go free first.
 */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import type { Entry } from '../store/object-store.ts';
import type { ServerContext } from '../verbs/context.ts';
import { BACKGROUND_DELETE, deleteObject } from '../verbs/delete.ts';
import { orderObject } from '../verbs/object-order.ts';
import { isFinished } from '../verbs/update.ts';
import { DeferredQueue } from './deferred-queue.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

export class GarbageCollector {
  readonly #context: ServerContext;
  readonly #queue: DeferredQueue;
  /** uid → the object's key. */
  readonly #keyByUid = new Map<string, string>();
  /** owner's uid → the keys of its dependents. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #unsubscribe: () => void;

  constructor(context: ServerContext) {
    this.#context = context;
    const { timers, logger, store } = context;
    this.#queue = new DeferredQueue({ timers, logger, onKey: (key) => this.#look(key) });
    for (const resource of store.resources()) for (const entry of store.list(resource)) this.#index(entry, undefined);
    this.#unsubscribe = store.subscribe('*', ({ kind, entry, previous }) => {
      if (kind === 'deleted') this.#forget(entry);
      else this.#index(entry, previous);
    });
  }

  stop(): void {
    this.#unsubscribe();
    this.#queue.stop();
  }

  #index(entry: Entry, previous: Entry | undefined): void {
    const key = keyOf(entry);
    const uid = uidOf(entry.object);
    this.#keyByUid.set(uid, key);
    const owners = ownersOf(entry.object).map((owner) => textAt(owner, 'uid'));
    for (const owner of previous ? ownersOf(previous.object) : []) {
      const ownerUid = textAt(owner, 'uid');
      if (!owners.includes(ownerUid)) this.#dependents.get(ownerUid)?.delete(key);
    }
    for (const owner of owners) {
      let keys = this.#dependents.get(owner);
      if (!keys) {
        keys = new Set();
        this.#dependents.set(owner, keys);
      }
      keys.add(key);
    }
    if (owners.length > 0 || waitsFor(entry, FOREGROUND) || waitsFor(entry, ORPHAN)) this.#queue.add(key);
  }

  #forget(entry: Entry): void {
    const key = keyOf(entry);
    const uid = uidOf(entry.object);
    // A new object may have taken the name meanwhile; it has a uid of its own.
    if (this.#keyByUid.get(uid) === key) this.#keyByUid.delete(uid);
    for (const owner of ownersOf(entry.object)) {
      const ownerUid = textAt(owner, 'uid');
      this.#dependents.get(ownerUid)?.delete(key);
      const ownerKey = this.#keyByUid.get(ownerUid);
      // An owner in foreground deletion may have waited for this one.
      if (ownerKey !== undefined) this.#queue.add(ownerKey);
    }
    for (const dependent of this.#dependents.get(uid) ?? []) this.#queue.add(dependent);
    this.#dependents.delete(uid);
  }

  #look(key: string): void {
    const entry = this.#read(key);
    if (!entry) return;
    if (waitsFor(entry, ORPHAN)) this.#orphanDependents(entry);
    else if (waitsFor(entry, FOREGROUND)) this.#finishForeground(entry);
    else this.#collect(entry);
  }

  /** Deletes it when every owner is gone; else takes the references to gone owners away. */
  #collect(entry: Entry): void {
    const owners = ownersOf(entry.object);
    if (owners.length === 0 || isMarked(entry)) return;
    const present = owners.filter((owner) => this.#ownerOf(entry, owner) !== undefined);
    if (present.length === owners.length) {
      const waiting = owners.filter((owner) => {
        const found = this.#ownerOf(entry, owner);
        return found !== undefined && waitsFor(found, FOREGROUND);
      });
      if (waiting.length === owners.length) this.#delete(entry, this.#hasDependents(entry) ? 'Foreground' : 'Background');
      return;
    }
    if (present.length === 0) this.#delete(entry, 'Background');
    else this.#write(entry, { ownerReferences: present });
  }

  #finishForeground(entry: Entry): void {
    const dependents = [...(this.#dependents.get(uidOf(entry.object)) ?? [])].map((key) => this.#read(key));
    for (const dependent of dependents) if (dependent) this.#collect(dependent);
    const isBlocked = [...(this.#dependents.get(uidOf(entry.object)) ?? [])].some((key) => {
      const dependent = this.#read(key);
      return dependent !== undefined && blocks(dependent, uidOf(entry.object));
    });
    if (!isBlocked) this.#dropFinalizer(entry, FOREGROUND);
  }

  #orphanDependents(entry: Entry): void {
    const uid = uidOf(entry.object);
    for (const key of this.#dependents.get(uid) ?? []) {
      const dependent = this.#read(key);
      if (!dependent) continue;
      const kept = ownersOf(dependent.object).filter((owner) => textAt(owner, 'uid') !== uid);
      this.#write(dependent, { ownerReferences: kept });
    }
    this.#dropFinalizer(entry, ORPHAN);
  }

  #dropFinalizer(entry: Entry, finalizer: string): void {
    const latest = this.#read(keyOf(entry));
    if (!latest) return;
    const finalizers = listAt(objectAt(latest.object, 'metadata'), 'finalizers').filter((one) => one !== finalizer);
    this.#write(latest, { finalizers });
  }

  #delete(entry: Entry, propagationPolicy: 'Background' | 'Foreground'): void {
    const kind = this.#context.registry.storedKind(entry.resource);
    if (kind) deleteObject(this.#context, kind, entry, { ...BACKGROUND_DELETE, propagationPolicy });
  }

  #write(entry: Entry, changes: JsonObject): void {
    const object = { ...entry.object, metadata: { ...objectAt(entry.object, 'metadata'), ...changes } };
    const isCustom = this.#context.registry.storedKind(entry.resource)?.custom ?? true;
    const ordered = orderObject(object, isCustom);
    if (isFinished(ordered)) this.#context.store.remove(entry);
    else this.#context.store.put(entry.resource, entry.namespace, entry.name, ordered);
  }

  #hasDependents(entry: Entry): boolean {
    return (this.#dependents.get(uidOf(entry.object))?.size ?? 0) > 0;
  }

  /** The owner a reference means: the same uid, in the same namespace or cluster-wide. */
  #ownerOf(entry: Entry, owner: JsonObject): Entry | undefined {
    const key = this.#keyByUid.get(textAt(owner, 'uid'));
    const found = key === undefined ? undefined : this.#read(key);
    return found && (found.namespace === '' || found.namespace === entry.namespace) ? found : undefined;
  }

  #read(key: string): Entry | undefined {
    const [group = '', plural = '', namespace = '', name = ''] = key.split('/');
    return this.#context.store.get(`${group}/${plural}`, namespace, name);
  }
}

function keyOf(entry: Entry): string {
  return `${entry.resource}/${entry.namespace}/${entry.name}`;
}

function uidOf(object: JsonObject): string {
  return textAt(objectAt(object, 'metadata'), 'uid');
}

function ownersOf(object: JsonObject): JsonObject[] {
  return listAt(objectAt(object, 'metadata'), 'ownerReferences').filter((one) => isObject(one));
}

function isMarked(entry: Entry): boolean {
  return textAt(objectAt(entry.object, 'metadata'), 'deletionTimestamp') !== '';
}

function waitsFor(entry: Entry, finalizer: string): boolean {
  return isMarked(entry) && listAt(objectAt(entry.object, 'metadata'), 'finalizers').includes(finalizer);
}

function blocks(dependent: Entry, ownerUid: string): boolean {
  return ownersOf(dependent.object).some((owner) => textAt(owner, 'uid') === ownerUid && owner['blockOwnerDeletion'] === true);
}
