/**
 * What a client wants of one type, in the state-of-the-world variant, where each request carries the full
 * list of names.
 *
 * States: `fresh` (nothing asked yet) → `legacy-wildcard` (the first list was empty, and the type allows that
 * to mean everything) → `named` (any name was ever given; an empty list then means nothing). A `*` in the
 * list asks for everything beside the names.
 */
export class Subscription {
  readonly #allowsLegacyWildcard: boolean;
  #state: 'fresh' | 'legacy-wildcard' | 'named' = 'fresh';
  #names: ReadonlySet<string> = new Set();
  #hasStar = false;

  /** @param allowsLegacyWildcard whether an empty first list means everything: for LDS and CDS, as Envoy asks */
  constructor(allowsLegacyWildcard: boolean) {
    this.#allowsLegacyWildcard = allowsLegacyWildcard;
  }

  /** Takes the list of a request; gives the names that were not in the list before. */
  replace(list: readonly string[]): readonly string[] {
    const before = this.#names;
    this.#hasStar = list.includes('*');
    this.#names = new Set(list.filter((name) => name !== '*'));
    if (list.length > 0) this.#state = 'named';
    else if (this.#state === 'fresh') this.#state = this.#allowsLegacyWildcard ? 'legacy-wildcard' : 'named';
    return [...this.#names].filter((name) => !before.has(name));
  }

  get isWildcard(): boolean {
    return this.#hasStar || this.#state === 'legacy-wildcard';
  }

  /** The names asked for one by one, without `*`. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  wants(name: string): boolean {
    return this.isWildcard || this.#names.has(name);
  }

  /** For people: `*` first, then the names in order. */
  list(): readonly string[] {
    return [...(this.isWildcard ? ['*'] : []), ...[...this.#names].sort()];
  }
}
