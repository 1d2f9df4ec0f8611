/** `Cluster.LbSubsetConfig`, which the `Subset` policy says again: hosts by what their metadata say of them. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeNonEmptyString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { readStruct, type Struct } from './metadata.ts';

export interface LbSubsetConfig {
  readonly selectors: readonly LbSubsetSelector[];
  /** When no subset is what a request wants. Default NO_FALLBACK: it fails. */
  readonly fallbackPolicy: 'NO_FALLBACK' | 'ANY_ENDPOINT' | 'DEFAULT_SUBSET';
  readonly defaultSubset: Struct;
  /** Where the fallback has no host, any host will do. */
  readonly panicModeAny: boolean;
  /** A list in an endpoint's metadata stands for each of its entries. */
  readonly listAsAny: boolean;
  /** Localities are weighed within subsets, where the cluster weighs them. */
  readonly localityWeightAware: boolean;
}

export interface LbSubsetSelector {
  /** Sorted, each once. */
  readonly keys: readonly string[];
  /** Undefined: the cluster's. */
  readonly fallbackPolicy: LbSubsetConfig['fallbackPolicy'] | 'KEYS_SUBSET' | undefined;
  /** For KEYS_SUBSET: the keys that are left, fewer than `keys`. */
  readonly fallbackKeys: readonly string[];
  readonly singleHostPerSubset: boolean;
}

/** Undefined also without selectors: then there are no subsets, as in Envoy. */
export function readLbSubsetConfig(json: unknown, scope: Scope): LbSubsetConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config = readSubsetFields(reader);
  reader.done();
  return config;
}

/** Reads the fields; `done()` is the caller's. */
export function readSubsetFields(reader: MessageReader): LbSubsetConfig | undefined {
  const config: LbSubsetConfig = {
    selectors: reader.list('subset_selectors', readSelector),
    fallbackPolicy: reader.enum('fallback_policy', ['NO_FALLBACK', 'ANY_ENDPOINT', 'DEFAULT_SUBSET'], 'NO_FALLBACK'),
    defaultSubset: reader.read('default_subset', readStruct) ?? {},
    panicModeAny: reader.boolean('panic_mode_any', false),
    listAsAny: reader.boolean('list_as_any', false),
    localityWeightAware: reader.boolean('locality_weight_aware', false),
  };
  reader.only('metadata_fallback_policy', 'METADATA_NO_FALLBACK');
  reader.refuse(['scale_locality_weight', 'allow_redundant_keys']);
  return config.selectors.length > 0 ? config : undefined;
}

function readSelector(json: unknown, scope: Scope): LbSubsetSelector | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const keys = sortedKeys(reader, 'keys');
  if (keys.length === 0) scope.at('keys').error('is required');
  const fallback = reader.enum('fallback_policy', ['NOT_DEFINED', 'NO_FALLBACK', 'ANY_ENDPOINT', 'DEFAULT_SUBSET', 'KEYS_SUBSET'], 'NOT_DEFINED');
  const fallbackKeys = sortedKeys(reader, 'fallback_keys_subset');
  const singleHostPerSubset = reader.boolean('single_host_per_subset', false);
  reader.done();
  if (fallback === 'KEYS_SUBSET') checkFallbackKeys(keys, fallbackKeys, scope.at('fallback_keys_subset'));
  return { keys, fallbackPolicy: fallback === 'NOT_DEFINED' ? undefined : fallback, fallbackKeys, singleHostPerSubset };
}

/** Fewer of the same, or it would never end. */
function checkFallbackKeys(keys: readonly string[], fallbackKeys: readonly string[], scope: Scope): void {
  const isProper = fallbackKeys.length > 0 && fallbackKeys.length < keys.length && fallbackKeys.every((key) => keys.includes(key));
  if (!isProper) scope.error('must hold some of keys, but not all');
}

function sortedKeys(reader: MessageReader, name: string): readonly string[] {
  return [...new Set(reader.list(name, decodeNonEmptyString))].sort();
}
