/**
 * Recorded values that are different in every run, and what stands in their place in this one: uids, times, versions, tokens,
 * generated names.
 */
import { isObject, type Json, type JsonObject } from './exchange.ts';

const PLACEHOLDER = /<(uid|time|microtime|continue|token)-\d+>/g;

export class Names {
  readonly #values = new Map<string, string>();
  /** Recorded version → ours. */
  readonly #versions = new Map<number, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes from two answers to one request what stands where. */
  learn(recorded: Json | undefined, ours: Json | undefined): void {
    if (typeof recorded === 'string' && typeof ours === 'string') {
      if (/^<(uid|time|microtime|continue|token)-\d+>$/.test(recorded) && !this.#values.has(recorded)) this.#values.set(recorded, ours);
      return;
    }
    if (Array.isArray(recorded) && Array.isArray(ours)) {
      for (const [index, item] of recorded.entries()) this.learn(item, ours[index]);
      return;
    }
    if (!isObject(recorded) || !isObject(ours)) return;
    const generateName = recorded['generateName'];
    const [name, own] = [recorded['name'], ours['name']];
    if (typeof generateName === 'string' && typeof name === 'string' && typeof own === 'string' && name !== own) this.#values.set(name, own);
    const [version, ownVersion] = [recorded['resourceVersion'], ours['resourceVersion']];
    if (typeof version === 'string' && typeof ownVersion === 'string') this.learnVersion(version, ownVersion);
    for (const [key, value] of Object.entries(recorded)) this.learn(value, ours[key]);
  }

  learnVersion(recorded: string, ours: string): void {
    if (/^\d+$/.test(recorded) && /^\d+$/.test(ours)) this.#versions.set(Number(recorded), Number(ours));
  }

  isKnown(placeholder: string): boolean {
    return this.#values.has(placeholder);
  }

  /** An answer with our names in place of the recorded generated ones. */
  rename(body: Json | undefined): Json | undefined {
    const generated = [...this.#values].filter(([recorded]) => !recorded.startsWith('<'));
    if (body === undefined || generated.length === 0) return body;
    let text = JSON.stringify(body);
    for (const [recorded, own] of generated) text = text.replaceAll(recorded, own);
    return JSON.parse(text) as Json;
  }

  /** Our version for a recorded one, or undefined when that one was never seen. */
  knownVersion(recorded: string): number | undefined {
    return this.#versions.get(Number(recorded));
  }

  /** Our version at the time of a recorded one: that of the newest one seen that is not newer. */
  versionAt(recorded: string): string {
    if (!/^\d+$/.test(recorded) || recorded === '0') return recorded;
    const asked = Number(recorded);
    let best: number | undefined;
    for (const seen of this.#versions.keys()) if (seen <= asked && (best === undefined || seen > best)) best = seen;
    // What is newer than all that was ever seen is meant to be of the future.
    const newest = Math.max(0, ...this.#versions.keys());
    if (best === undefined || asked > newest + 1000) return recorded;
    return String(this.#versions.get(best));
  }

  /** Text with our values for the placeholders. */
  fillText(text: string): string {
    let filled = text.replaceAll(PLACEHOLDER, (found) => this.#valueOf(found));
    for (const [recorded, own] of this.#values) if (!recorded.startsWith('<')) filled = filled.replaceAll(recorded, own);
    return filled;
  }

  fill(value: Json): Json {
    if (typeof value === 'string') return this.fillText(value);
    if (Array.isArray(value)) return value.map((item) => this.fill(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, this.fill(child)]));
  }

  /** As `fill`, with our versions where the object says which one it is. */
  fillBody(body: Json): Json {
    return this.#fillVersions(this.fill(body));
  }

  #fillVersions(value: Json): Json {
    if (Array.isArray(value)) return value.map((item) => this.#fillVersions(item));
    if (!isObject(value)) return value;
    const filled: JsonObject = {};
    for (const [key, child] of Object.entries(value)) {
      filled[key] = key === 'resourceVersion' && typeof child === 'string' ? this.versionAt(child) : this.#fillVersions(child);
    }
    return filled;
  }

  #valueOf(placeholder: string): string {
    const known = this.#values.get(placeholder);
    if (known !== undefined) return known;
    const number = placeholder.replaceAll(/\D/g, '');
    const made = placeholder.startsWith('<uid') ? `00000000-0000-4000-8000-${number.padStart(12, '0')}` : this.#time(placeholder);
    this.#values.set(placeholder, made);
    return made;
  }

  #time(placeholder: string): string {
    const text = new Date(this.#now()).toISOString();
    if (placeholder.startsWith('<microtime')) return text.replace('Z', '000Z');
    return placeholder.startsWith('<time') ? `${text.slice(0, 19)}Z` : placeholder;
  }
}
