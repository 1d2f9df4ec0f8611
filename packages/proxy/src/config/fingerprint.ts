/**
 * A version of a changing set of texts: equal sets have equal fingerprints, whatever the order and history of their
 * changes. A change costs one hash, however large the set is.
 */
import { formatContentHash, hashContent } from '@sluice/kernel';

export class Fingerprint {
  /** The sums of two halves of all hashes, each modulo 2^32: adding and taking away commute. */
  #high = 0;
  #low = 0;

  add(text: string): void {
    const { high, low } = hashContent(text);
    this.#sum(this.#high + high, this.#low + low);
  }

  /** Takes away what was added. */
  remove(text: string): void {
    const { high, low } = hashContent(text);
    this.#sum(this.#high - high, this.#low - low);
  }

  /** 16 hex digits. */
  toString(): string {
    return formatContentHash({ high: this.#high, low: this.#low });
  }

  #sum(high: number, low: number): void {
    this.#high = high >>> 0;
    this.#low = low >>> 0;
  }
}
