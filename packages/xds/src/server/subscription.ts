/**
 * What a client wants of one type.
 *
 * States: `fresh` (nothing asked yet) → `legacy-wildcard` (the first request named nothing, and the type allows that
 * to mean everything) → `named` (any name was ever given; an empty list then means nothing). A `*` asks for
 * everything beside the names. In the state-of-the-world variant each request carries the full list; in the delta
 * variant what is added and taken away, and the legacy wildcard stays beside names until `*` is taken away.
 */
import { NameSet } from './name-set.ts';

export interface SubscriptionChange {
  /** Names to answer: new ones, and in the delta variant any that are asked for again. */
  readonly asked: readonly string[];
  readonly dropped: readonly string[];
  /** Whether everything is wanted now that was not before. */
  readonly becameWildcard: boolean;
  /** Whether no longer everything is wanted. */
  readonly lostWildcard: boolean;
}

export class Subscription {
  readonly #allowsLegacyWildcard: boolean;
  readonly #names = new NameSet();
  /** The list of the last request of the state-of-the-world variant. */
  #list: readonly string[] | undefined;
  #isFresh = true;
  #isLegacy = false;
  #isWildcard = false;

  /** @param allowsLegacyWildcard whether an empty first list means everything: as Envoy asks for LDS, CDS and VHDS */
  constructor(allowsLegacyWildcard: boolean) {
    this.#allowsLegacyWildcard = allowsLegacyWildcard;
  }

  /** Whether no request has come yet. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  get isWildcard(): boolean {
    return this.#isWildcard;
  }

  /** The names asked for one by one, without `*`. */
  get names(): Pick<NameSet, 'size' | 'has' | typeof Symbol.iterator> {
    return this.#names;
  }

  wants(name: string): boolean {
    return this.#isWildcard || this.#names.has(name);
  }

  /** For people: `*` first, then the names in order. */
  list(): readonly string[] {
    return [...(this.#isWildcard ? ['*'] : []), ...[...this.#names].sort()];
  }

  /**
   * State of the world: takes the full list of a request.
   * @param intern gives the same text for equal names, so that many streams hold each name once
   */
  replace(list: readonly string[], intern: (name: string) => string): SubscriptionChange {
    // The usual request is an answer that repeats the list: nothing is built for it.
    if (!this.#isFresh && (list === this.#list || this.#repeats(list))) return noChange;
    this.#list = list;
    const wanted = new Set(list);
    this.#isLegacy = list.length === 0 && (this.#isFresh ? this.#allowsLegacyWildcard : this.#isLegacy);
    const hasStar = wanted.delete('*') || this.#isLegacy;
    const dropped = [...this.#names].filter((name) => !wanted.has(name));
    const asked = [...wanted].filter((name) => !this.#names.has(name)).map(intern);
    for (const name of dropped) this.#names.delete(name);
    this.#names.addAll(this.#isFresh && wanted.size === list.length ? list : asked, intern);
    return { asked, dropped, ...this.#setWildcard(hasStar) };
  }

  /** Whether the list is the one before, in the order in which its names came. */
  #repeats(list: readonly string[]): boolean {
    const names = list[0] === '*' ? list.slice(1) : list;
    if (names.length !== this.#names.size || (list[0] === '*' || this.#isLegacy) !== this.#isWildcard) return false;
    let index = 0;
    for (const name of this.#names) if (name !== names[index++]) return false;
    return true;
  }

  /** Delta: takes what a request adds and takes away. A name in both is wanted. Names that were not wanted are no matter. */
  change(subscribe: readonly string[], unsubscribe: readonly string[], intern: (name: string) => string): SubscriptionChange {
    if (!this.#isFresh && subscribe.length === 0 && unsubscribe.length === 0) return noChange;
    let isWildcard = this.#isFresh && subscribe.length === 0 ? this.#allowsLegacyWildcard : this.#isWildcard;
    const dropped: string[] = [];
    for (const name of unsubscribe) {
      if (name === '*') isWildcard = false;
      else if (this.#names.delete(name)) dropped.push(name);
    }
    // The usual first request has nothing but names, and the same as others of its kind.
    if (this.#isFresh && !subscribe.includes('*')) {
      this.#names.addAll(subscribe, intern);
      return { asked: subscribe, dropped, ...this.#setWildcard(isWildcard) };
    }
    const asked: string[] = [];
    for (const name of subscribe) {
      if (name === '*') {
        isWildcard = true;
        continue;
      }
      const interned = intern(name);
      this.#names.add(interned);
      asked.push(interned);
    }
    return { asked, dropped, ...this.#setWildcard(isWildcard) };
  }

  #setWildcard(isWildcard: boolean): Pick<SubscriptionChange, 'becameWildcard' | 'lostWildcard'> {
    const was = this.#isWildcard;
    this.#isFresh = false;
    this.#isWildcard = isWildcard;
    return { becameWildcard: isWildcard && !was, lostWildcard: was && !isWildcard };
  }
}

const noChange: SubscriptionChange = { asked: [], dropped: [], becameWildcard: false, lostWildcard: false };
