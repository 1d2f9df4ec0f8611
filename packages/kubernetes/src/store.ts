/**
 * The objects of one kind as last seen, by key and by index. Readers get the objects themselves, not
 * copies: nobody may change them.
 */
import { objectKey, type KubernetesObject } from './object.ts';

/** From an object to the values under which it is to be found. */
export type Indexer<T> = (object: T) => readonly string[];

/** What readers see. */
export interface Store<T extends KubernetesObject> {
  /** @param key `namespace/name`, or `name` outside namespaces */
  get(key: string): T | undefined;
  /** In no particular order. */
  list(): T[];
  /** The objects that the index named `index` files under `value`. Throws for an index that was not declared. */
  byIndex(index: string, value: string): T[];
  readonly size: number;
}

/** One difference between two states of a store. */
export type Change<T extends KubernetesObject> =
  | { readonly kind: 'added'; readonly object: T }
  | { readonly kind: 'updated'; readonly object: T; readonly previous: T }
  | { readonly kind: 'deleted'; readonly object: T };

interface Index<T> {
  readonly indexer: Indexer<T>;
  readonly keysByValue: Map<string, Set<string>>;
}

/** The store with its writing side, which only an informer uses. */
export class ObjectStore<T extends KubernetesObject> implements Store<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    for (const [name, indexer] of Object.entries(indexers)) {
      this.#indexes.set(name, { indexer, keysByValue: new Map() });
    }
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new TypeError(`no index named ${index}`);
    const objects: T[] = [];
    for (const key of found.keysByValue.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object) objects.push(object);
    }
    return objects;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Puts one object in. Undefined when nothing changed: the same version was there already. */
  put(object: T): Change<T> | undefined {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    if (previous && isSameVersion(previous, object)) return undefined;
    if (previous) this.#unfile(key, previous);
    this.#objects.set(key, object);
    this.#file(key, object);
    return previous ? { kind: 'updated', object, previous } : { kind: 'added', object };
  }

  /** Takes one object out. Undefined when it was not there. */
  remove(key: string, last?: T): Change<T> | undefined {
    const previous = this.#objects.get(key);
    if (!previous) return undefined;
    this.#unfile(key, previous);
    this.#objects.delete(key);
    return { kind: 'deleted', object: last ?? previous };
  }

  /**
   * Makes the store hold exactly `objects`, and says what changed by that: deletions first, so that a name
   * that was freed and taken again by another object is told in the right order.
   */
  replace(objects: readonly T[]): Change<T>[] {
    const changes: Change<T>[] = [];
    const next = new Map(objects.map((object) => [objectKey(object), object]));
    for (const [key, previous] of this.#objects) {
      const replacement = next.get(key);
      if (replacement && replacement.metadata.uid === previous.metadata.uid) continue;
      const change = this.remove(key);
      if (change) changes.push(change);
    }
    for (const object of next.values()) {
      const change = this.put(object);
      if (change) changes.push(change);
    }
    return changes;
  }

  #file(key: string, object: T): void {
    for (const { indexer, keysByValue } of this.#indexes.values()) {
      for (const value of indexer(object)) {
        const keys = keysByValue.get(value);
        if (keys) keys.add(key);
        else keysByValue.set(value, new Set([key]));
      }
    }
  }

  #unfile(key: string, object: T): void {
    for (const { indexer, keysByValue } of this.#indexes.values()) {
      for (const value of indexer(object)) {
        const keys = keysByValue.get(value);
        if (!keys?.delete(key)) continue;
        if (keys.size === 0) keysByValue.delete(value);
      }
    }
  }
}

function isSameVersion(a: KubernetesObject, b: KubernetesObject): boolean {
  return (
    a.metadata.resourceVersion !== undefined &&
    a.metadata.resourceVersion === b.metadata.resourceVersion &&
    a.metadata.uid === b.metadata.uid
  );
}
