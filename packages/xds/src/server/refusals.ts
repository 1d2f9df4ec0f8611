/**
 * What a client has refused, by resource. A client refuses a response as a whole and says in a text what was wrong with
 * which resource; the others of it may well be in use.
 */
import type { ErrorDetail } from '../discovery.ts';

/** A resource that was refused, in the version that was. */
export interface Refusal {
  readonly name: string;
  readonly version: string;
  readonly message: string;
}

/** How much of a text is kept, in characters. Chosen: some hundred reasons; the text is the client's to choose. */
const messageLengthMax = 16_384;

export class Refusals {
  readonly #byName = new Map<string, Refusal>();
  #latest: ErrorDetail | undefined;

  /** What the client said last, while anything that it refused stands. */
  get latest(): ErrorDetail | undefined {
    return this.#latest;
  }

  /** Each refused resource, in the order of the refusals. */
  get list(): readonly Refusal[] {
    return [...this.#byName.values()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  get(name: string): Refusal | undefined {
    return this.#byName.get(name);
  }

  /** @param sent what the refused response carried; when the text names none of them, all are suspect */
  add({ code, message }: ErrorDetail, sent: readonly { readonly name: string; readonly version: string }[]): void {
    const text = message.length > messageLengthMax ? `${message.slice(0, messageLengthMax)}…` : message;
    this.#latest = { code, message: text };
    const parts = text.split(/;\s|\n/);
    const named = sent.filter(({ name }) => mentions(text, name));
    this.onAccepted(named.length === 0 ? [] : sent, this.#latest);
    for (const { name, version } of named.length === 0 ? sent : named) {
      const own = parts.filter((part) => mentions(part, name));
      this.#byName.set(name, { name, version, message: named.length < 2 ? text : own.join('; ') });
    }
  }

  /** These are in use now. @param standing what to go on saying, if anything */
  onAccepted(resources: readonly { readonly name: string }[], standing?: ErrorDetail): void {
    if (this.#byName.size > 0) for (const { name } of resources) this.#byName.delete(name);
    this.#latest = standing ?? (this.#byName.size === 0 ? undefined : this.#latest);
  }

  /** All that was ever sent is in use or gone. */
  clear(): void {
    this.#byName.clear();
    this.#latest = undefined;
  }

  /** The client no longer has to do with it. */
  forget(name: string): void {
    if (this.#byName.delete(name) && this.#byName.size === 0) this.#latest = undefined;
  }
}

/** Whether the name stands in the text as a word of its own: `default/a` is not meant by `default/ab`. */
function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!isNameLetter(text[at - 1]) && !isNameLetter(text[at + name.length], text[at + name.length + 1])) return true;
  }
  return false;
}

/** @param next a full stop at the end of a sentence belongs to no name */
function isNameLetter(letter: string | undefined, next = 'a'): boolean {
  if (letter === undefined) return false;
  if (letter === '.') return /[\w/-]/.test(next);
  return /[\w/-]/.test(letter);
}
