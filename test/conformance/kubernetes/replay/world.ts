/**
 * Plays everybody else who wrote to the recorded server: its controllers, its scheduler, and clients whose bodies were not kept. What a
 * recorded answer shows and no replayed request has made is put into our server first; what others took away is taken away.
 */
import type { TestApiServer } from '@sluice/local/testing';
import { compareJson } from './compare.ts';
import { at, isObject, textAt, type Exchange, type Json, type JsonObject } from './exchange.ts';
import type { Names } from './names.ts';
import { objectsIn, objectsOf, rowsOf } from './objects.ts';

/** Whose traces in an object are put there before a write: they came from outside between two requests. */
const OTHERS = ['kube-controller-manager', 'kube-scheduler', 'kube-apiserver', 'kubelet'];

export class World {
  readonly #api: TestApiServer;
  readonly #names: Names;
  /** `<uid> <version>` → the object as some answer of the scenario shows it. */
  readonly #states = new Map<string, JsonObject>();
  /** Versions under which a recorded result has taken the place of ours. */
  readonly #corrections = new Set<string>();

  constructor(api: TestApiServer, names: Names, exchanges: readonly Exchange[]) {
    this.#api = api;
    this.#names = names;
    for (const exchange of exchanges) {
      for (const object of objectsOf(exchange.answer)) this.#states.set(stateKey(object), object);
    }
  }

  /** Before a read: everything it showed is there, in the state it had. */
  beforeRead(body: Json | undefined): void {
    const shown = objectsIn(body);
    for (const object of shown) this.#bring(object);
    for (const row of rowsOf(body)) this.#bringRow(row);
    if (textAt(body, 'metadata', 'continue') !== '') this.#bringRest(shown, textAt(body, 'metadata', 'resourceVersion'));
  }

  /** A recorded answer without rows of objects that no answer shows whole: they cannot be made here. */
  withoutUnknown(recorded: Json | undefined, ours: Json | undefined): Json | undefined {
    const rows = rowsOf(recorded);
    if (!isObject(recorded) || rows.length === 0) return recorded;
    const found = new Set(rowsOf(ours).map((row) => nameIn(row)));
    return { ...recorded, rows: rows.filter((row) => found.has(nameIn(row)) || this.#states.has(rowKey(row))) };
  }

  /** Before a write: the object it is about, and what others had written into it until then. */
  beforeWrite(body: Json | undefined, method: string): void {
    if (!isObject(body)) return;
    if (method !== 'POST') this.#bringTarget(body);
    const live = this.#api.find(body);
    if (!live || textAt(body, 'metadata', 'uid') === '') return;
    const next = structuredClone(live);
    const metadata = next['metadata'] as JsonObject;
    const managers = (metadata['managedFields'] ?? []) as JsonObject[];
    const theirs = ((at(body, 'metadata', 'managedFields') ?? []) as JsonObject[]).filter((one) => OTHERS.includes(textAt(one, 'manager')));
    if (theirs.length === 0) return;
    const isTheirs = (one: JsonObject): boolean => OTHERS.includes(textAt(one, 'manager'));
    metadata['managedFields'] = [...managers.filter((one) => !isTheirs(one)), ...theirs.map((one) => this.#names.fill(one))];
    for (const manager of theirs) this.#copyOwned(body, next, manager['fieldsV1'] as JsonObject);
    if (compareJson(live, next).length > 0) this.#corrections.add(this.#put(next, undefined));
  }

  /** A watch's event, at its time. */
  atEvent(event: JsonObject): void {
    const type = textAt(event, 'type');
    const shown = event['object'];
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return;
    if (type !== 'DELETED') {
      for (const object of objectsIn(shown)) if (!this.#isGone(object)) this.#bring(object);
      for (const row of rowsOf(shown)) this.#bringRow(row);
      return;
    }
    for (const object of objectsIn(shown)) this.#api.takeAway(object);
  }

  /** After a write: should our result differ, the recorded one takes its place, so that one difference does not become many. */
  afterWrite(recorded: Json | undefined, ours: Json | undefined, method: string): void {
    for (const object of objectsIn(recorded)) {
      const live = this.#api.find(object);
      if (method === 'DELETE' && !live) continue;
      const mine = objectsIn(ours)[0];
      if (textAt(object, 'metadata', 'deletionTimestamp') !== '' && !live) continue;
      if (mine && live && compareJson(object, mine).length === 0) continue;
      this.#corrections.add(this.#put(this.#names.fill(object) as JsonObject, object));
    }
  }

  /** Deleted by a replayed request, while the recorded server was a moment behind. */
  #isGone(object: JsonObject): boolean {
    return textAt(object, 'metadata', 'deletionTimestamp') !== '' && !this.#api.find(object);
  }

  #bring(object: JsonObject): void {
    const live = this.#api.find(object);
    const version = textAt(object, 'metadata', 'resourceVersion');
    if (live && String(this.#names.knownVersion(version)) === textAt(live, 'metadata', 'resourceVersion')) return;
    if (live && compareJson(object, live).length === 0) {
      this.#names.learn(object, live);
      return;
    }
    this.#put(this.#names.fill(object) as JsonObject, object);
    // Without its owner the garbage collector would take it away again.
    for (const owner of (at(object, 'metadata', 'ownerReferences') ?? []) as JsonObject[]) this.#bringOwner(owner, textAt(object, 'metadata', 'namespace'));
  }

  #bringOwner(reference: JsonObject, namespace: string): void {
    const stub: JsonObject = {
      apiVersion: reference['apiVersion'] ?? '',
      kind: reference['kind'] ?? '',
      metadata: { name: reference['name'] ?? '', namespace, uid: reference['uid'] ?? '', creationTimestamp: '<time-0>' },
    };
    if (!this.#api.find(stub)) this.#bring(this.#stateOf(textAt(reference, 'uid')) ?? stub);
  }

  /** What a write is about and no replayed request has made, in the last state before it that any answer shows. */
  #bringTarget(body: JsonObject): void {
    const uid = textAt(body, 'metadata', 'uid') || textAt(body, 'details', 'uid');
    const state = uid === '' ? undefined : this.#stateOf(uid, textAt(body, 'metadata', 'resourceVersion'));
    if (state && !this.#api.find(state)) this.#bring(state);
  }

  /** The pages that follow must be there when the first one is read. */
  #bringRest(shown: readonly JsonObject[], version: string): void {
    const first = shown[0];
    for (const state of first ? this.#states.values() : []) {
      const isNewer = Number(textAt(state, 'metadata', 'resourceVersion')) > Number(version);
      if (!isNewer && state['kind'] === first?.['kind'] && !this.#api.find(state)) this.#bring(state);
    }
  }

  /** @param before a version: the newest state that is older, or where there is none the oldest */
  #stateOf(uid: string, before = ''): JsonObject | undefined {
    const versionOf = (state: JsonObject): number => Number(textAt(state, 'metadata', 'resourceVersion'));
    const states = [...this.#states.values()].filter((state) => textAt(state, 'metadata', 'uid') === uid).sort((a, b) => versionOf(a) - versionOf(b));
    const older = before === '' ? states : states.filter((state) => versionOf(state) < Number(before));
    return older.at(-1) ?? states[0];
  }

  #bringRow(row: JsonObject): void {
    const state = this.#states.get(rowKey(row));
    if (state) this.#bring(state);
  }

  /** Whether what an event tells of can be made here. */
  isKnown(event: JsonObject): boolean {
    const rows = rowsOf(event['object']);
    return rows.every((row) => this.#states.has(rowKey(row)) || this.#names.isKnown(textAt(row, 'object', 'metadata', 'uid')));
  }

  /** Whether an event of one of our watches tells of nothing but a correction. */
  isCorrection(event: JsonObject): boolean {
    const shown = event['object'];
    const row = rowsOf(shown)[0];
    return this.#corrections.has(textAt(row ? row['object'] : shown, 'metadata', 'resourceVersion'));
  }

  /** @returns our version, or empty for a kind that is not offered here */
  #put(object: JsonObject, recorded: JsonObject | undefined): string {
    let placed: JsonObject;
    try {
      placed = this.#api.place(object);
    } catch {
      return '';
    }
    const version = textAt(placed, 'metadata', 'resourceVersion');
    if (recorded) this.#names.learnVersion(textAt(recorded, 'metadata', 'resourceVersion'), version);
    return version;
  }

  #copyOwned(from: JsonObject, into: JsonObject, owned: JsonObject): void {
    if (owned['f:status'] !== undefined && from['status'] !== undefined) into['status'] = this.#names.fill(from['status']);
    const annotations = at(owned, 'f:metadata', 'f:annotations');
    for (const field of Object.keys(isObject(annotations) ? annotations : {})) {
      const name = field.slice('f:'.length);
      const value = at(from, 'metadata', 'annotations', name);
      if (field === '.' || value === undefined) continue;
      const metadata = into['metadata'] as JsonObject;
      metadata['annotations'] = { ...(metadata['annotations'] as JsonObject | undefined), [name]: value };
    }
  }
}

function rowKey(row: JsonObject): string {
  return `${textAt(row, 'object', 'metadata', 'uid')} ${textAt(row, 'object', 'metadata', 'resourceVersion')}`;
}

function nameIn(row: JsonObject): string {
  return `${textAt(row, 'object', 'metadata', 'namespace')}/${textAt(row, 'object', 'metadata', 'name')}`;
}

function stateKey(object: JsonObject): string {
  return `${textAt(object, 'metadata', 'uid')} ${textAt(object, 'metadata', 'resourceVersion')}`;
}
