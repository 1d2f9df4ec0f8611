/**
 * A set of names, most of which many streams have in common: those lie in one set that nobody changes, and each stream keeps
 * what it has beside them or not.
 */

/** Shorter lists are kept by each stream for itself. Chosen: what a list of this length takes is nothing. */
const sharedMin = 256;

const shared = new WeakMap<readonly string[], ReadonlySet<string>>();

export class NameSet {
  #base: ReadonlySet<string> = new Set();
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();

  get size(): number {
    return this.#base.size + this.#added.size - this.#removed.size;
  }

  has(name: string): boolean {
    return this.#added.has(name) || (this.#base.has(name) && !this.#removed.has(name));
  }

  add(name: string): void {
    if (this.#base.has(name)) this.#removed.delete(name);
    else this.#added.add(name);
  }

  /** False when it was not there. */
  delete(name: string): boolean {
    if (this.#added.delete(name)) return true;
    if (!this.has(name)) return false;
    this.#removed.add(name);
    return true;
  }

  /** Takes in a list. The same list again is the same set where this one is empty. */
  addAll(names: readonly string[], intern: (name: string) => string): void {
    if (this.size > 0 || names.length < sharedMin) {
      for (const name of names) this.add(intern(name));
      return;
    }
    let base = shared.get(names);
    if (!base) shared.set(names, (base = new Set(names)));
    this.#base = base;
    this.#added.clear();
    this.#removed.clear();
  }

  *[Symbol.iterator](): Generator<string, undefined> {
    for (const name of this.#base) if (!this.#removed.has(name)) yield name;
    yield* this.#added;
    return undefined;
  }
}
