/**
 * All objects, in memory, with one version counter over everything and the recent past of changes. It
 * knows keys and versions, not kinds: what an object must look like is decided before it gets here.
 */
import type { JsonObject } from '../json.ts';
import { objectAt } from '../json.ts';
import type { Storage } from '../storage/storage.ts';

/** An object as it was after one write. Never changed afterwards, so it may be shared without copying. */
export interface Entry {
  /** `<group>/<plural>`: all versions of a kind share it. */
  readonly resource: string;
  /** Empty for cluster-wide kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: number;
  readonly object: JsonObject;
  /** `object` serialised, once. */
  readonly text: string;
}

/** One step of the past. */
export interface Change {
  readonly kind: 'added' | 'modified' | 'deleted';
  readonly resourceVersion: number;
  /** The state after the change; of a deletion, the last state with the version of the deletion. */
  readonly entry: Entry;
  readonly previous: Entry | undefined;
  /** Lines already serialised for some watch, by form, so that a hundred watches cost one serialisation. */
  readonly lines: Map<string, string>;
}

export type ChangeHandler = (change: Change) => void;

export interface ObjectStoreOptions {
  readonly storage: Storage;
  /** Changes kept for watches that go back. */
  readonly historyEventsMax: number;
}

export class ObjectStore {
  readonly #storage: Storage;
  readonly #historyEventsMax: number;
  readonly #byResource = new Map<string, Map<string, Entry>>();
  readonly #handlers = new Map<string, Set<ChangeHandler>>();
  readonly #everyHandler = new Set<ChangeHandler>();
  #history: Change[] = [];
  /** The oldest version from which the history is complete. */
  #historyStart: number;
  #resourceVersion: number;

  constructor({ storage, historyEventsMax }: ObjectStoreOptions) {
    this.#storage = storage;
    this.#historyEventsMax = historyEventsMax;
    const state = storage.load();
    for (const stored of state.objects) {
      const [group = '', plural = '', namespace = '', name = ''] = stored.key.split('/');
      const object = JSON.parse(stored.text) as JsonObject;
      const { resourceVersion, text } = stored;
      this.#mapOf(`${group}/${plural}`).set(`${namespace}/${name}`, {
        resource: `${group}/${plural}`,
        namespace,
        name,
        resourceVersion,
        object,
        text,
      });
    }
    // 1 is the smallest version a client ever sees: 0 has a meaning of its own in requests.
    this.#resourceVersion = Math.max(1, state.resourceVersion);
    this.#historyStart = this.#resourceVersion;
  }

  /** The version of the last change anywhere. */
  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  get(resource: string, namespace: string, name: string): Entry | undefined {
    return this.#byResource.get(resource)?.get(`${namespace}/${name}`);
  }

  /** All of a resource, or of one namespace of it, sorted by namespace and name. */
  list(resource: string, namespace?: string): Entry[] {
    return sortEntries(this.#byResource.get(resource)?.values() ?? [], namespace);
  }

  /** The resources that have at least one object. */
  resources(): string[] {
    return [...this.#byResource].filter(([, entries]) => entries.size > 0).map(([resource]) => resource);
  }

  /** As `list` was at an earlier version, or undefined when the history does not go back so far. */
  listAt(resource: string, namespace: string | undefined, resourceVersion: number): Entry[] | undefined {
    if (resourceVersion < this.#historyStart) return undefined;
    const entries = new Map(this.#byResource.get(resource));
    for (let index = this.#history.length - 1; index >= 0; index--) {
      const change = this.#history[index] as Change;
      if (change.resourceVersion <= resourceVersion) break;
      if (change.entry.resource !== resource) continue;
      const key = `${change.entry.namespace}/${change.entry.name}`;
      if (change.previous) entries.set(key, change.previous);
      else entries.delete(key);
    }
    return sortEntries(entries.values(), namespace);
  }

  /**
   * Keeps an object under the next version, which is written into its metadata. The object belongs to the
   * store afterwards.
   */
  put(resource: string, namespace: string, name: string, object: JsonObject): Entry {
    const resourceVersion = this.#resourceVersion + 1;
    (object['metadata'] as JsonObject)['resourceVersion'] = String(resourceVersion);
    const text = JSON.stringify(object);
    const entry: Entry = { resource, namespace, name, resourceVersion, object, text };
    // Storage first: what cannot be kept must not be seen.
    this.#storage.put({ key: `${resource}/${namespace}/${name}`, resourceVersion, text });
    this.#resourceVersion = resourceVersion;
    const entries = this.#mapOf(resource);
    const key = `${namespace}/${name}`;
    const previous = entries.get(key);
    entries.set(key, entry);
    this.#publish({ kind: previous ? 'modified' : 'added', resourceVersion, entry, previous, lines: new Map() });
    return entry;
  }

  /**
   * Forgets an object. `last` is how it is to be remembered, which may differ from what is stored by the marks
   * of its deletion. The answer is this state under the version of the deletion.
   */
  remove(last: Entry): Entry {
    const { resource, namespace, name } = last;
    const resourceVersion = this.#resourceVersion + 1;
    const metadata = { ...objectAt(last.object, 'metadata'), resourceVersion: String(resourceVersion) };
    const object = { ...last.object, metadata };
    this.#storage.remove(`${resource}/${namespace}/${name}`, resourceVersion);
    this.#resourceVersion = resourceVersion;
    const previous = this.get(resource, namespace, name);
    this.#mapOf(resource).delete(`${namespace}/${name}`);
    const entry: Entry = { resource, namespace, name, resourceVersion, object, text: JSON.stringify(object) };
    this.#publish({ kind: 'deleted', resourceVersion, entry, previous, lines: new Map() });
    return entry;
  }

  /** The changes of a resource after a version, or undefined when the history does not go back so far. */
  changesSince(resource: string, resourceVersion: number): Change[] | undefined {
    if (resourceVersion < this.#historyStart) return undefined;
    const history = this.#history;
    let start = history.length;
    while (start > 0 && (history[start - 1] as Change).resourceVersion > resourceVersion) start--;
    return history.slice(start).filter((change) => change.entry.resource === resource);
  }

  /** The oldest version a watch may start from. */
  get oldestResourceVersion(): number {
    return this.#historyStart;
  }

  /** Forgets the past, as a compaction does: watches from before are told 410 Expired. */
  compactHistory(): void {
    this.#history = [];
    this.#historyStart = this.#resourceVersion;
  }

  /** Hears every change of a resource, in order, within the write itself. `*` hears all resources. */
  subscribe(resource: string, handler: ChangeHandler): () => void {
    let handlers = resource === '*' ? this.#everyHandler : this.#handlers.get(resource);
    if (!handlers) {
      handlers = new Set();
      this.#handlers.set(resource, handlers);
    }
    const into = handlers;
    into.add(handler);
    return () => into.delete(handler);
  }

  close(): void {
    this.#storage.close();
  }

  #mapOf(resource: string): Map<string, Entry> {
    let entries = this.#byResource.get(resource);
    if (!entries) {
      entries = new Map();
      this.#byResource.set(resource, entries);
    }
    return entries;
  }

  #publish(change: Change): void {
    this.#history.push(change);
    // Cut in large steps: shifting a long array on every write would cost more than the write.
    if (this.#history.length > this.#historyEventsMax * 1.5) {
      const cut = this.#history.length - this.#historyEventsMax;
      this.#historyStart = (this.#history[cut - 1] as Change).resourceVersion;
      this.#history = this.#history.slice(cut);
    }
    for (const handler of this.#handlers.get(change.entry.resource) ?? []) handler(change);
    for (const handler of this.#everyHandler) handler(change);
  }
}

function sortEntries(entries: Iterable<Entry>, namespace: string | undefined): Entry[] {
  const found: Entry[] = [];
  for (const entry of entries) {
    if (namespace === undefined || entry.namespace === namespace) found.push(entry);
  }
  return found.sort(compareEntries);
}

/** By namespace, then name, as bytes: the order in which a real server lists. */
export function compareEntries(a: { namespace: string; name: string }, b: { namespace: string; name: string }): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
