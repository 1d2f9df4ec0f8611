/** A small local file as it is now: read when it is asked for, and again when it has changed. */
import { readFileSync, statSync } from 'node:fs';

export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #now: () => number;
  #value: T;
  #changedAt = Number.NaN;
  #nextLookAt = Number.NEGATIVE_INFINITY;
  /** Grows with each change. */
  version = 0;

  /** @param now monotonic ms */
  constructor(path: string, parse: (text: string) => T, now: () => number) {
    this.#path = path;
    this.#parse = parse;
    this.#now = now;
    this.#value = parse('');
  }

  /** A file that is not there is an empty one. Looked at once a second at most: nobody waits for a change longer. */
  read(): T {
    if (this.#now() < this.#nextLookAt) return this.#value;
    this.#nextLookAt = this.#now() + 1000;
    const changedAt = statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedAt === this.#changedAt) return this.#value;
    this.#changedAt = changedAt;
    this.version += 1;
    this.#value = this.#parse(this.#text());
    return this.#value;
  }

  #text(): string {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch {
      return '';
    }
  }
}
