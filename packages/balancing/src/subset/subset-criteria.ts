/** What a request wants of its host: prepared with its route, so that finding the subset is one look into a map. */
import type { SubsetFacts } from './subset-settings.ts';

export class SubsetCriteria {
  /** Sorted. */
  readonly keys: readonly string[];
  /** Tells key sets apart. */
  readonly keysText: string;
  /** Tells what is wanted apart, keys and values. */
  readonly text: string;
  readonly #facts: SubsetFacts;
  /** By the text of fewer keys, made when first asked for. */
  readonly #narrowed = new Map<string, SubsetCriteria>();

  constructor(facts: SubsetFacts) {
    this.#facts = facts;
    this.keys = Object.keys(facts).sort();
    this.keysText = textOfKeys(this.keys);
    this.text = textOfValues(this.keys, this.keys.map((key) => facts[key]));
  }

  /** The same for fewer keys, one object for each list of them. */
  narrow(keys: readonly string[]): SubsetCriteria {
    const name = textOfKeys(keys);
    let narrowed = this.#narrowed.get(name);
    if (!narrowed) {
      narrowed = new SubsetCriteria(Object.fromEntries(keys.filter((key) => key in this.#facts).map((key) => [key, this.#facts[key]])));
      this.#narrowed.set(name, narrowed);
    }
    return narrowed;
  }
}

export function textOfKeys(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

export function textOfValues(keys: readonly string[], values: readonly unknown[]): string {
  return JSON.stringify(keys.map((key, index) => [key, sorted(values[index])]));
}

/** Objects with their keys in order, so that those that say the same look the same. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
