/**
 * Which virtual host a host name belongs to. In Envoy's order: the exact name, then the longest `*.suffix`, then the
 * longest `prefix.*`, then `*`. A star stands for at least one character.
 */

import { SearchMemo } from './search-memo.ts';

/** Looks a name up. Names are compared without regard to case. */
export class DomainIndex<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes = new WildcardIndex<T>();
  readonly #prefixes = new WildcardIndex<T>();
  #everything: T | undefined;
  /**
   * Names that only a wildcard knows are looked for length by length; the answer is kept, up to a bound, since the
   * same names come again. (Domains such as `a.b:*`, one for each service, make this the common way.)
   */
  readonly #remembered = new SearchMemo<T>();

  /** The first to claim a domain keeps it. `domain` is in lower case. */
  add(domain: string, value: T): void {
    if (domain === '*') this.#everything ??= value;
    else if (domain.startsWith('*')) this.#suffixes.add(domain.slice(1), value);
    else if (domain.endsWith('*')) this.#prefixes.add(domain.slice(0, -1), value);
    else if (!this.#exact.has(domain)) this.#exact.set(domain, value);
  }

  find(host: string): T | undefined {
    return this.#exact.get(host) ?? this.#remembered.get(host) ?? this.#search(host);
  }

  #search(host: string): T | undefined {
    const name = host.toLowerCase();
    const found = this.#exact.get(name) ?? this.#findSuffix(name) ?? this.#findPrefix(name) ?? this.#everything;
    if (found !== undefined) this.#remembered.set(host, found);
    return found;
  }

  #findSuffix(name: string): T | undefined {
    for (const length of this.#suffixes.lengths) {
      const found = length < name.length ? this.#suffixes.get(name.slice(name.length - length)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findPrefix(name: string): T | undefined {
    for (const length of this.#prefixes.lengths) {
      const found = length < name.length ? this.#prefixes.get(name.slice(0, length)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The fixed parts of wildcards, and which lengths they have, longest first. */
class WildcardIndex<T> {
  readonly #parts = new Map<string, T>();
  #lengths: number[] = [];

  get lengths(): readonly number[] {
    return this.#lengths;
  }

  get(part: string): T | undefined {
    return this.#parts.get(part);
  }

  add(part: string, value: T): void {
    if (this.#parts.has(part)) return;
    this.#parts.set(part, value);
    if (!this.#lengths.includes(part.length)) this.#lengths = [...this.#lengths, part.length].sort((a, b) => b - a);
  }
}
