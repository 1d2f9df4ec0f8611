/**
 * The picker of a cluster with subsets: finds the subset that a request wants, and lets the policy choose in there as it
 * would among all. Pickers of subsets are made when they are first asked for.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/subsets
 */
import type { Host } from '../host.ts';
import { restrictHosts, type HostSet } from '../host-set.ts';
import type { Picker, PickContext, PickResult } from '../pick.ts';
import { createPicker, type PickerOptions } from '../picker.ts';
import type { PolicySpec } from '../policies.ts';
import type { SubsetCriteria } from './subset-criteria.ts';
import { hostMatches, indexSelectors, indexSubsets, type Subset } from './subset-index.ts';
import type { SubsetFallback, SubsetSelector, SubsetSettings } from './subset-settings.ts';

/** Hears what becomes of picks. */
export interface SubsetObserver {
  /** A request has got a host of the subset that it wanted. */
  onSelected(): void;
  /** The subset was not there, and the fallback counted. */
  onFallback(): void;
  /** Not even the fallback had a host. */
  onFallbackPanic(): void;
}

export interface SubsetPicker extends Picker {
  /** Names of the subsets there are. */
  readonly names: ReadonlySet<string>;
  /** Hosts left out because their subsets have one already. */
  readonly duplicates: number;
}

const nobody: PickResult = { kind: 'unavailable', reason: 'no-healthy-hosts' };
const nobodyAtAll: PickResult = { kind: 'unavailable', reason: 'no-hosts' };

export function createSubsetPicker(set: HostSet, spec: PolicySpec, subsets: SubsetSettings, options: PickerOptions, observer: SubsetObserver): SubsetPicker {
  return new IndexedPicker(set, spec, subsets, { ...options, weightsLocalities: options.weightsLocalities && subsets.weighsLocalities }, observer);
}

class IndexedPicker implements SubsetPicker {
  readonly names: ReadonlySet<string>;
  readonly duplicates: number;
  readonly #set: HostSet;
  readonly #spec: PolicySpec;
  readonly #settings: SubsetSettings;
  readonly #options: PickerOptions;
  readonly #observer: SubsetObserver;
  readonly #index: ReadonlyMap<string, Subset>;
  readonly #selectors: ReadonlyMap<string, SubsetSelector>;
  /** Pickers that were asked for, by the name of their subset. */
  readonly #pickers = new Map<string, Picker>();
  #any: Picker | undefined;
  #default: Picker | undefined;

  constructor(set: HostSet, spec: PolicySpec, settings: SubsetSettings, options: PickerOptions, observer: SubsetObserver) {
    this.#set = set;
    this.#spec = spec;
    this.#settings = settings;
    this.#options = options;
    this.#observer = observer;
    this.#index = indexSubsets(set.hosts, settings);
    this.#selectors = indexSelectors(settings.selectors);
    this.names = new Set(this.#index.keys());
    this.duplicates = [...this.#index.values()].reduce((sum, { duplicates }) => sum + duplicates, 0);
  }

  get isPanicking(): boolean {
    return this.#anyPicker().isPanicking;
  }

  pick(context: PickContext): PickResult {
    if (context.overrideHost !== undefined) return this.#anyPicker().pick(context);
    if (context.subset !== undefined) {
      const result = this.#pickIn(context.subset, context);
      if (result?.kind === 'host') {
        this.#observer.onSelected();
        return result;
      }
    }
    const result = this.#pickFallback(context);
    if (result.kind === 'host' || !this.#settings.panicsToAny) return result;
    this.#observer.onFallbackPanic();
    return this.#anyPicker().pick(context);
  }

  /** Undefined: there is no such subset. Fewer keys are tried where the selector says so. */
  #pickIn(criteria: SubsetCriteria, context: PickContext): PickResult | undefined {
    let wanted = criteria;
    // Each round has fewer keys than the one before, so it ends.
    for (;;) {
      const picker = this.#pickerOf(wanted.text);
      const result = picker?.pick(context);
      if (result?.kind === 'host') return result;
      const selector = this.#selectors.get(wanted.keysText);
      if (selector?.fallback !== 'keys' || selector.fallbackKeys.length >= wanted.keys.length) return undefined;
      wanted = wanted.narrow(selector.fallbackKeys);
    }
  }

  #pickFallback(context: PickContext): PickResult {
    const fallback = this.#fallbackFor(context.subset);
    if (fallback === 'none') return this.#set.hosts.length === 0 ? nobodyAtAll : nobody;
    this.#observer.onFallback();
    return (fallback === 'any' ? this.#anyPicker() : this.#defaultPicker()).pick(context);
  }

  /** That of the last selector that was tried, or that of all. */
  #fallbackFor(criteria: SubsetCriteria | undefined): SubsetFallback {
    let wanted = criteria;
    while (wanted !== undefined) {
      const selector = this.#selectors.get(wanted.keysText);
      if (selector?.fallback === undefined) break;
      if (selector.fallback !== 'keys') return selector.fallback;
      if (selector.fallbackKeys.length >= wanted.keys.length) break;
      wanted = wanted.narrow(selector.fallbackKeys);
    }
    return this.#settings.fallback;
  }

  #pickerOf(text: string): Picker | undefined {
    const known = this.#pickers.get(text);
    if (known) return known;
    const subset = this.#index.get(text);
    if (!subset) return undefined;
    const picker = this.#create(subset.hosts);
    this.#pickers.set(text, picker);
    return picker;
  }

  #anyPicker(): Picker {
    return (this.#any ??= createPicker(this.#set, this.#spec, this.#options));
  }

  #defaultPicker(): Picker {
    const { defaultSubset, takesListsAsAny } = this.#settings;
    return (this.#default ??= this.#create(this.#set.hosts.filter((host) => hostMatches(host, defaultSubset, takesListsAsAny))));
  }

  #create(hosts: readonly Host[]): Picker {
    return createPicker(restrictHosts(this.#set, hosts), this.#spec, this.#options);
  }
}
