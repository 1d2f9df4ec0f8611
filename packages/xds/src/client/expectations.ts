/** What was asked for and has not come: after a while it counts as missing, so that others need not wait for it. */
import type { TypeUrl } from '../type-urls.ts';

export interface Expectation {
  readonly typeUrl: TypeUrl;
  /** `*` stands for a whole type. */
  readonly name: string;
  readonly at: number;
}

export class Expectations {
  readonly #expected = new Map<string, Expectation>();

  /** `timeoutMs` of 0 waits for ever. What is expected already keeps its time. */
  expect(typeUrl: TypeUrl, name: string, now: number, timeoutMs: number): void {
    const key = `${typeUrl} ${name}`;
    if (timeoutMs > 0 && !this.#expected.has(key)) this.#expected.set(key, { typeUrl, name, at: now + timeoutMs });
  }

  /** It has come, or is no longer wanted. */
  met(typeUrl: TypeUrl, name: string): void {
    this.#expected.delete(`${typeUrl} ${name}`);
  }

  /** Nobody can answer while there is no stream, so names are not missed then. Whole types are: a start waits for them. */
  forgetNames(): void {
    for (const [key, { name }] of this.#expected) if (name !== '*') this.#expected.delete(key);
  }

  /** What is missing by now; told once. */
  takeMissing(now: number): readonly Expectation[] {
    const missing = [...this.#expected].filter(([, { at }]) => at <= now);
    for (const [key] of missing) this.#expected.delete(key);
    return missing.map(([, expectation]) => expectation);
  }

  get next(): number {
    let next = Infinity;
    for (const { at } of this.#expected.values()) next = Math.min(next, at);
    return next;
  }
}
