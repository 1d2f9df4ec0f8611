/** The subsets of a host set: which there are, and who is in each. */
import type { Host } from '../host.ts';
import { textOfKeys, textOfValues } from './subset-criteria.ts';
import type { SubsetFacts, SubsetSelector, SubsetSettings } from './subset-settings.ts';

export interface Subset {
  /** As criteria name it (`SubsetCriteria.text`). */
  readonly text: string;
  readonly selector: SubsetSelector;
  readonly hosts: readonly Host[];
  /** How many more there would be, where one is the limit. */
  readonly duplicates: number;
}

/** Of the values that a host with lists may stand for; beyond, the rest is left out. Chosen: enough for versions and stages. */
const combinationsMax = 256;

/** By text. */
export function indexSubsets(hosts: readonly Host[], { selectors, takesListsAsAny }: SubsetSettings): ReadonlyMap<string, Subset> {
  const found = new Map<string, { selector: SubsetSelector; hosts: Host[]; duplicates: number }>();
  for (const selector of selectors) {
    for (const host of hosts) {
      for (const values of valuesOf(host, selector.keys, takesListsAsAny)) {
        const text = textOfValues(selector.keys, values);
        const entry = found.get(text);
        if (!entry) found.set(text, { selector, hosts: [host], duplicates: 0 });
        // Two selectors of the same keys name the same subsets: the first says how they are.
        else if (entry.selector !== selector) continue;
        else if (selector.isSingleHost) entry.duplicates += 1;
        else entry.hosts.push(host);
      }
    }
  }
  return new Map([...found].map(([text, entry]) => [text, { text, ...entry }]));
}

/** Selectors by the text of their keys; of several with the same keys the first counts. */
export function indexSelectors(selectors: readonly SubsetSelector[]): ReadonlyMap<string, SubsetSelector> {
  return new Map(selectors.toReversed().map((selector) => [textOfKeys(selector.keys), selector]));
}

export function hostMatches(host: Host, facts: SubsetFacts, takesListsAsAny: boolean): boolean {
  const keys = Object.keys(facts).sort();
  const wanted = textOfValues(keys, keys.map((key) => facts[key]));
  return valuesOf(host, keys, takesListsAsAny).some((values) => textOfValues(keys, values) === wanted);
}

/** What a host says under these keys: nothing where it lacks one, several where lists stand for each of their entries. */
function valuesOf({ endpoint }: Host, keys: readonly string[], takesListsAsAny: boolean): readonly (readonly unknown[])[] {
  const facts = endpoint.metadata['envoy.lb'] ?? {};
  let combinations: readonly (readonly unknown[])[] = [[]];
  for (const key of keys) {
    if (!Object.hasOwn(facts, key)) return [];
    const value = facts[key];
    const choices: readonly unknown[] = takesListsAsAny && Array.isArray(value) ? value : [value];
    combinations = combinations.flatMap((before) => choices.map((choice) => [...before, choice])).slice(0, combinationsMax);
  }
  return combinations;
}
