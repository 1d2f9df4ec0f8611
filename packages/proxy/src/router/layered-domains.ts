/**
 * Which virtual host a host name belongs to, where hosts come and go one by one: an immutable index whose successor costs
 * what changes. The order is that of `domain-index.ts`.
 */
import { LayeredMap } from '../layered-map.ts';
import { SearchMemo } from './search-memo.ts';

type Changes<T> = Iterable<readonly [string, T | undefined]>;

export class LayeredDomains<T> {
  readonly #exact: LayeredMap<T>;
  readonly #suffixes: Wildcards<T>;
  readonly #prefixes: Wildcards<T>;
  readonly #everything: T | undefined;
  readonly #remembered = new SearchMemo<T>();

  private constructor(exact: LayeredMap<T>, suffixes: Wildcards<T>, prefixes: Wildcards<T>, everything: T | undefined) {
    this.#exact = exact;
    this.#suffixes = suffixes;
    this.#prefixes = prefixes;
    this.#everything = everything;
  }

  static empty<T>(): LayeredDomains<T> {
    return new LayeredDomains<T>(LayeredMap.empty(), Wildcards.empty(), Wildcards.empty(), undefined);
  }

  /** The same with other owners of some domains, in lower case; undefined for nobody. */
  with(changes: Changes<T>): LayeredDomains<T> {
    const exact: [string, T | undefined][] = [];
    const suffixes: [string, T | undefined][] = [];
    const prefixes: [string, T | undefined][] = [];
    let everything = this.#everything;
    for (const [domain, owner] of changes) {
      if (domain === '*') everything = owner;
      else if (domain.startsWith('*')) suffixes.push([domain.slice(1), owner]);
      else if (domain.endsWith('*')) prefixes.push([domain.slice(0, -1), owner]);
      else exact.push([domain, owner]);
    }
    return new LayeredDomains(this.#exact.with(exact), this.#suffixes.with(suffixes), this.#prefixes.with(prefixes), everything);
  }

  find(host: string): T | undefined {
    return this.#exact.get(host) ?? this.#remembered.get(host) ?? this.#search(host);
  }

  #search(host: string): T | undefined {
    const name = host.toLowerCase();
    const found = this.#exact.get(name) ?? this.#suffixes.findEnd(name) ?? this.#prefixes.findStart(name) ?? this.#everything;
    if (found !== undefined) this.#remembered.set(host, found);
    return found;
  }
}

/** The fixed parts of wildcards, and how many have each length. */
class Wildcards<T> {
  readonly #parts: LayeredMap<T>;
  readonly #counts: ReadonlyMap<number, number>;
  /** Longest first. */
  readonly #lengths: readonly number[];

  private constructor(parts: LayeredMap<T>, counts: ReadonlyMap<number, number>) {
    this.#parts = parts;
    this.#counts = counts;
    this.#lengths = [...counts.keys()].sort((a, b) => b - a);
  }

  static empty<T>(): Wildcards<T> {
    return new Wildcards<T>(LayeredMap.empty(), new Map());
  }

  with(changes: readonly (readonly [string, T | undefined])[]): Wildcards<T> {
    const parts = this.#parts.with(changes);
    if (parts === this.#parts) return this;
    const counts = new Map(this.#counts);
    for (const part of new Set(changes.map(([name]) => name))) {
      const count = (counts.get(part.length) ?? 0) + (parts.has(part) ? 1 : 0) - (this.#parts.has(part) ? 1 : 0);
      if (count === 0) counts.delete(part.length);
      else counts.set(part.length, count);
    }
    return new Wildcards(parts, counts);
  }

  /** A star stands for at least one character. */
  findEnd(name: string): T | undefined {
    for (const length of this.#lengths) {
      const found = length < name.length ? this.#parts.get(name.slice(name.length - length)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  findStart(name: string): T | undefined {
    for (const length of this.#lengths) {
      const found = length < name.length ? this.#parts.get(name.slice(0, length)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
