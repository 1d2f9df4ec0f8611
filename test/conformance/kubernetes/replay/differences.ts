/** The differences that are meant, each with its reason: `differences.yaml`. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Reason {
  readonly why: string;
  /** Differences that may stand in any exchange, by their whole text. */
  readonly everywhere?: readonly string[];
  /** `<exchange>: <difference>`. */
  readonly at?: readonly string[];
}

export class KnownDifferences {
  readonly #everywhere = new Set<string>();
  readonly #at = new Set<string>();
  readonly #unseen: Set<string>;
  readonly withoutReason: readonly string[];

  constructor(reasons: readonly Reason[]) {
    for (const { everywhere, at } of reasons) {
      for (const one of everywhere ?? []) this.#everywhere.add(one);
      for (const one of at ?? []) this.#at.add(one);
    }
    this.#unseen = new Set([...this.#everywhere, ...this.#at]);
    this.withoutReason = reasons.filter(({ why }) => why.trim().length < 20).map(({ why }) => why);
  }

  /** Whether a difference is meant; remembers that it was there. */
  has(id: string, difference: string): boolean {
    for (const text of [difference, `${id}: ${difference}`]) {
      if (!this.#everywhere.has(text) && !this.#at.has(text)) continue;
      this.#unseen.delete(text);
      return true;
    }
    return false;
  }

  /** Those that no exchange has shown: the list promises less than the server keeps. */
  get unseen(): string[] {
    return [...this.#unseen].sort();
  }
}

export function readDifferences(): KnownDifferences {
  const text = readFileSync(new URL('./differences.yaml', import.meta.url), 'utf8');
  return new KnownDifferences(parse(text) as Reason[]);
}
