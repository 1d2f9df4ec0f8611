/** Reads the values of a ConfigMap, which are all texts, and collects what is wrong with them. */
import { formatDuration, parseDuration, problem, type Checked, type Problem } from '@sluice/kernel';

/** The `data` of a ConfigMap. */
export type ConfigData = Readonly<Record<string, string>>;

export class ConfigReader {
  readonly problems: Problem[] = [];
  readonly #data: ConfigData;

  constructor(data: ConfigData) {
    this.#data = data;
  }

  /** The value under the first of `keys` that is there: a present name and its older spellings. */
  text(...keys: readonly string[]): string | undefined {
    for (const key of keys) {
      const value = this.#data[key];
      if (value !== undefined) return value;
    }
    return undefined;
  }

  integer(key: string, fallback: number, least = 0): number {
    const text = this.text(key);
    if (text === undefined) return fallback;
    const value = Number(text.trim());
    if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
    this.complain(key, `invalid value: ${text}, want a whole number of at least ${least}`);
    return fallback;
  }

  /** Everything but `true`, in any case, is false, as Knative reads it. */
  boolean(key: string, fallback: boolean): boolean {
    const text = this.text(key);
    return text === undefined ? fallback : text.trim().toLowerCase() === 'true';
  }

  /** In ms. */
  duration(key: string, fallbackMs: number): number {
    const text = this.text(key);
    if (text === undefined) return fallbackMs;
    const valueMs = parseDuration(text.trim());
    if (valueMs !== undefined && valueMs > 0) return valueMs;
    this.complain(key, `invalid value: ${text}, want a positive duration such as ${formatDuration(fallbackMs)}`);
    return fallbackMs;
  }

  complain(key: string, message: string): void {
    this.problems.push(problem(`data.${key}`, message));
  }

  /** `value`, unless something was wrong: then all that was. */
  result<T>(value: T): Checked<T> {
    return this.problems.length === 0 ? { ok: true, value, problems: [] } : { ok: false, problems: this.problems };
  }
}
