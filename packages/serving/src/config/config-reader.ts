/** Reads the values of a ConfigMap, which are all texts, and collects what is wrong with them. */
import { formatDuration, parseDuration, problem, type Checked, type Problem } from '@sluice/kernel';

/** The `data` of a ConfigMap. */
export type ConfigData = Readonly<Record<string, string>>;

/** A key, or a key with its older spellings behind it; the first that is there counts. */
export type Key = string | readonly [string, ...string[]];

export interface NumberBounds {
  /** Default 0. */
  readonly least?: number;
  readonly most?: number;
}

export interface DurationBounds {
  /** In ms; default 1: a positive duration. */
  readonly leastMs?: number;
  readonly wholeSeconds?: boolean;
}

/** Knative's largest count: what a 64-bit integer holds, as far as a number here is exact. */
const integerMax = Number.MAX_SAFE_INTEGER;

/** An amount as Kubernetes writes it: `25m`, `1.5Gi`, `2e3`. */
const quantity = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[numkKMGTPE]|[KMGTPE]i)?$/;

/** Keys that explain a map to its readers; Knative's own files carry `_example`. */
export function isCommentKey(key: string): boolean {
  return key.startsWith('_');
}

export class ConfigReader {
  readonly problems: Problem[] = [];
  readonly #data: ConfigData;

  constructor(data: ConfigData) {
    this.#data = data;
  }

  text(key: Key): string | undefined;
  text(key: Key, fallback: string): string;
  text(key: Key, fallback?: string): string | undefined {
    return this.#find(key)?.[1] ?? fallback;
  }

  integer(key: Key, fallback: number, { least = 0, most = integerMax }: NumberBounds = {}): number {
    const [name, text] = this.#find(key) ?? [];
    if (name === undefined || text === undefined) return fallback;
    const value = Number(text.trim());
    if (/^[+-]?\d+$/.test(text.trim()) && value >= least && value <= most) return value;
    const wanted = most === integerMax ? `of at least ${least}` : `from ${least} to ${most}`;
    this.complain(name, `invalid value: ${text}, want a whole number ${wanted}`);
    return fallback;
  }

  number(key: Key, fallback: number, { least = 0, most = Number.MAX_VALUE }: NumberBounds = {}): number {
    const [name, text] = this.#find(key) ?? [];
    if (name === undefined || text === undefined) return fallback;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most) return value;
    this.complain(name, `invalid value: ${text}, want a number ${most === Number.MAX_VALUE ? `of at least ${least}` : `from ${least} to ${most}`}`);
    return fallback;
  }

  /** Everything but `true`, in any case, is false, as Knative reads it. */
  boolean(key: Key, fallback: boolean): boolean {
    const text = this.text(key);
    return text === undefined ? fallback : text.trim().toLowerCase() === 'true';
  }

  /** One of `allowed`, in any case of letters; the result is spelt as in `allowed`. */
  choice<Value extends string>(key: Key, allowed: readonly Value[], fallback: Value): Value {
    const [name, text] = this.#find(key) ?? [];
    if (name === undefined || text === undefined) return fallback;
    const found = allowed.find((value) => value.toLowerCase() === text.trim().toLowerCase());
    if (found !== undefined) return found;
    this.complain(name, `invalid value: ${text}, want ${listed(allowed)}`);
    return fallback;
  }

  /** In ms. */
  duration(key: Key, fallbackMs: number, { leastMs = 1, wholeSeconds = false }: DurationBounds = {}): number {
    const [name, text] = this.#find(key) ?? [];
    if (name === undefined || text === undefined) return fallbackMs;
    const valueMs = parseDuration(text.trim());
    if (valueMs === undefined || valueMs < leastMs) {
      const wanted = leastMs > 0 ? 'a positive duration' : 'a duration that is not negative,';
      this.complain(name, `invalid value: ${text}, want ${wanted} such as ${formatDuration(fallbackMs)}`);
      return fallbackMs;
    }
    if (wholeSeconds && valueMs % 1000 !== 0) this.complain(name, `invalid value: ${text}, must be in whole seconds`);
    return valueMs;
  }

  /** An amount as Kubernetes writes it. Undefined, or empty: none. */
  amount(key: Key, fallback?: string): string | undefined {
    const [name, text] = this.#find(key) ?? [];
    if (name === undefined || text === undefined) return fallback;
    const value = text.trim();
    if (value === '' || quantity.test(value)) return value === '' ? undefined : value;
    this.complain(name, `invalid value: ${text}, want an amount such as 25m or 400Mi`);
    return fallback;
  }

  /** Names separated by commas. */
  list(key: Key, fallback: readonly string[]): readonly string[] {
    const text = this.text(key);
    if (text === undefined) return fallback;
    return text.split(',').map((name) => name.trim()).filter((name) => name !== '');
  }

  complain(key: string, message: string): void {
    this.problems.push(problem(`data.${key}`, message));
  }

  /** `value`, unless something was wrong: then all that was. */
  result<T>(value: T): Checked<T> {
    return this.problems.length === 0 ? { ok: true, value, problems: [] } : { ok: false, problems: this.problems };
  }

  #find(key: Key): readonly [name: string, text: string] | undefined {
    for (const name of typeof key === 'string' ? [key] : key) {
      const text = this.#data[name];
      if (text !== undefined) return [name, text];
    }
    return undefined;
  }
}

function listed(values: readonly string[]): string {
  return values.length < 2 ? (values[0] ?? '') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}
