/** Subsets: hosts that say the same about themselves, for requests that want just those. */

/** What is done with a request whose subset is not there. */
export type SubsetFallback =
  /** Nobody is chosen. */
  | 'none'
  /** Anybody. */
  | 'any'
  /** A host of the subset that `defaultSubset` describes. */
  | 'default';

/** Facts by name, as an endpoint's metadata say under `envoy.lb`. */
export type SubsetFacts = Readonly<Record<string, unknown>>;

export interface SubsetSelector {
  /** Hosts that have all of these are in a subset with those that say the same. Sorted, each once. */
  readonly keys: readonly string[];
  /** Undefined: the fallback of all. `keys` asks again, for `fallbackKeys` only. */
  readonly fallback: SubsetFallback | 'keys' | undefined;
  /** Some of `keys`. */
  readonly fallbackKeys: readonly string[];
  /** Each subset is its first host alone. */
  readonly isSingleHost: boolean;
}

export interface SubsetSettings {
  readonly selectors: readonly SubsetSelector[];
  readonly fallback: SubsetFallback;
  readonly defaultSubset: SubsetFacts;
  /** Where the fallback finds nobody, anybody is chosen. */
  readonly panicsToAny: boolean;
  /** A host that says a list is in the subset of each of its entries. */
  readonly takesListsAsAny: boolean;
  /** Localities are weighed within subsets, too. */
  readonly weighsLocalities: boolean;
}
