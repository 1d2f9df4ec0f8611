/** Answers of searches by host name, kept up to a bound, since the same names come again. */

/** Chosen: 4096 names of at most 261 characters (a full DNS name and a port) are a megabyte at worst. */
const rememberedMax = 4096;
const rememberedLengthMax = 261;

export class SearchMemo<T> {
  readonly #answers = new Map<string, T>();

  get(host: string): T | undefined {
    return this.#answers.get(host);
  }

  set(host: string, found: T): void {
    if (host.length > rememberedLengthMax) return;
    if (this.#answers.size >= rememberedMax) this.#answers.clear();
    this.#answers.set(host, found);
  }
}
