/**
 * Which names are wanted, counted by who refers to them. Costs what changes, not what is held: a server with ten thousand
 * clusters that changes one makes one name's difference.
 */
import type { TypeUrl } from '../type-urls.ts';

export interface Reference {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  /** How long it may stay away, in ms; absent: the client's default. 0: for ever. */
  readonly timeoutMs?: number;
}

/** The difference for one type. */
export interface NameChange {
  readonly typeUrl: TypeUrl;
  readonly added: ReadonlyMap<string, number | undefined>;
  readonly removed: readonly string[];
}

export class ReferenceBook {
  readonly #owners = new Map<string, readonly Reference[]>();
  readonly #wanted = new Map<TypeUrl, Map<string, { count: number; timeoutMs: number | undefined }>>();
  /** Names whose count has left or reached 0 since the last reading, with whether they were wanted before. */
  #touched = new Map<TypeUrl, Map<string, boolean>>();

  /** What `owner` refers to from now on. */
  set(owner: string, references: readonly Reference[]): void {
    const before = this.#owners.get(owner);
    if (references.length === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, references);
    // What is in both must not pass through 0.
    for (const reference of references) this.#add(reference);
    for (const reference of before ?? []) this.#remove(reference);
  }

  delete(owner: string): void {
    this.set(owner, []);
  }

  /** What is different since it was asked last. */
  takeChanges(): readonly NameChange[] {
    const touched = this.#touched;
    if (touched.size === 0) return [];
    this.#touched = new Map();
    return [...touched].flatMap(([typeUrl, names]) => {
      const wanted = this.#wanted.get(typeUrl);
      const added = new Map<string, number | undefined>();
      const removed: string[] = [];
      for (const [name, wasWanted] of names) {
        const now = wanted?.get(name);
        if (now && !wasWanted) added.set(name, now.timeoutMs);
        if (!now && wasWanted) removed.push(name);
      }
      return added.size + removed.length === 0 ? [] : [{ typeUrl, added, removed }];
    });
  }

  #add({ typeUrl, name, timeoutMs }: Reference): void {
    const names = this.#wanted.get(typeUrl) ?? new Map<string, { count: number; timeoutMs: number | undefined }>();
    this.#wanted.set(typeUrl, names);
    const entry = names.get(name);
    if (entry) {
      entry.count += 1;
      return;
    }
    names.set(name, { count: 1, timeoutMs });
    this.#touch(typeUrl, name, false);
  }

  #remove({ typeUrl, name }: Reference): void {
    const names = this.#wanted.get(typeUrl);
    const entry = names?.get(name);
    if (!names || !entry) return;
    entry.count -= 1;
    if (entry.count > 0) return;
    names.delete(name);
    this.#touch(typeUrl, name, true);
  }

  #touch(typeUrl: TypeUrl, name: string, wasWanted: boolean): void {
    const names = this.#touched.get(typeUrl) ?? new Map<string, boolean>();
    this.#touched.set(typeUrl, names);
    if (!names.has(name)) names.set(name, wasWanted);
  }
}
