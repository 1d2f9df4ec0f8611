/**
 * A cache of one kind of object that follows the API, and tells what changes. The level counts, not the
 * edge: several changes may be told as one, and after a reconnection whatever happened meanwhile is told as
 * the difference.
 */
import type { KubernetesObject } from './object.ts';
import { objectKey } from './object.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import type { WatchEvent } from './resource-client.ts';
import { ObjectStore, type Change, type Indexer, type Store } from './store.ts';

export interface InformerOptions<T extends KubernetesObject> extends Omit<ReflectorOptions<T>, 'sink'> {
  /** Further ways to find objects, by name of the index. */
  readonly indexes?: Readonly<Record<string, Indexer<T>>>;
  /** Cuts away what nobody reads, before it is kept. */
  readonly transform?: (object: T) => T;
}

export type ChangeListener<T extends KubernetesObject> = (change: Change<T>) => void;

export class Informer<T extends KubernetesObject> {
  readonly #store: ObjectStore<T>;
  readonly #reflector: Reflector<T>;
  readonly #options: InformerOptions<T>;
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #waiting: (() => void)[] = [];
  #synced = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#store = new ObjectStore(options.indexes);
    this.#reflector = new Reflector({
      ...options,
      sink: {
        replace: (objects) => this.#replace(objects),
        apply: (event) => this.#apply(event),
      },
    });
  }

  /** What is known now. Empty until the first list has come. */
  get store(): Store<T> {
    return this.#store;
  }

  /** Whether the first list has come: before that, "not there" means nothing. */
  get hasSynced(): boolean {
    return this.#synced;
  }

  /** Fulfils when the first list has come. */
  whenSynced(): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Hears every change from now on, after being told what is there already. Returns how to stop hearing. */
  subscribe(listener: ChangeListener<T>): () => void {
    for (const object of this.#store.list()) this.#tell(listener, { kind: 'added', object });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#reflector.start();
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
  }

  #replace(objects: readonly T[]): void {
    this.#tellAll(this.#store.replace(objects.map((object) => this.#transform(object))));
    this.#synced = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #apply(event: WatchEvent<T>): void {
    const object = this.#transform(event.object);
    const change = event.type === 'DELETED' ? this.#store.remove(objectKey(object), object) : this.#store.put(object);
    if (change) this.#tellAll([change]);
  }

  #transform(object: T): T {
    return this.#options.transform ? this.#options.transform(object) : object;
  }

  #tellAll(changes: readonly Change<T>[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) this.#tell(listener, change);
    }
  }

  /** One listener's mistake must not keep the others, or the cache, from going on. */
  #tell(listener: ChangeListener<T>, change: Change<T>): void {
    try {
      listener(change);
    } catch (reason) {
      this.#options.logger.error('change listener failed', {
        resource: this.#options.kind.plural,
        key: objectKey(change.object),
        error: reason,
      });
    }
  }
}
