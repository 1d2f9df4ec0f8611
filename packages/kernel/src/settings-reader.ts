/**
 * The settings of an executable: flags (`--name=value`, `--name value`) and environment variables, read into
 * typed values. Whatever is wrong is collected, so that a person sees all of it at once.
 */
import { formatProblem, problem, type Checked, type Problem } from './problem.ts';

/** Where a setting may come from. A flag wins over the environment, and both over the fallback. */
export interface SettingSource {
  /** Without the dashes: `config-service`. */
  readonly flag?: string;
  /** Name of an environment variable. */
  readonly variable?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export class SettingsReader {
  readonly #flags: ReadonlyMap<string, string>;
  readonly #environment: Environment;
  readonly #known = new Set<string>();
  readonly #problems: Problem[] = [];

  /** @param flags the command line without the program: `process.argv.slice(2)` */
  constructor(flags: readonly string[], environment: Environment) {
    this.#flags = this.#parseFlags(flags);
    this.#environment = environment;
  }

  /** A text; undefined when it was not given. An empty text counts as given. */
  find(source: SettingSource): string | undefined {
    const { flag, variable } = source;
    if (flag !== undefined) this.#known.add(flag);
    const given = flag === undefined ? undefined : this.#flags.get(flag);
    return given ?? (variable === undefined ? undefined : this.#environment[variable]);
  }

  /** A text that may be left out only when there is a fallback. */
  text(source: SettingSource, fallback?: string): string {
    const given = this.find(source) ?? fallback;
    if (given === undefined) this.report(source, 'is required');
    return given ?? '';
  }

  /** A number from `min` to `max`, whole unless said otherwise. */
  number(source: SettingSource, options: NumberOptions = {}): number {
    const { fallback, min = 0, max = Number.MAX_SAFE_INTEGER, isWhole = true } = options;
    const given = this.find(source);
    if (given === undefined || (given === '' && fallback !== undefined)) {
      if (fallback === undefined) this.report(source, 'is required');
      return fallback ?? min;
    }
    const value = given.trim() === '' ? Number.NaN : Number(given);
    if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
    this.report(source, `must be a ${isWhole ? 'whole ' : ''}number, ${range}, but was ${JSON.stringify(given)}`);
    return fallback ?? min;
  }

  /** A TCP port; 0 is any port, or none, as the executable says. */
  port(source: SettingSource, fallback?: number): number {
    return this.number(source, { max: 65_535, ...(fallback === undefined ? {} : { fallback }) });
  }

  /** `true` or `false`, in any case, or 1 or 0. */
  boolean(source: SettingSource, fallback: boolean): boolean {
    const given = this.find(source);
    if (given === undefined || given === '') return fallback;
    if (/^(true|1)$/i.test(given)) return true;
    if (/^(false|0)$/i.test(given)) return false;
    this.report(source, `must be true or false, but was ${JSON.stringify(given)}`);
    return fallback;
  }

  /** One of a few words. */
  choice<Word extends string>(source: SettingSource, words: readonly Word[], fallback: Word): Word {
    const given = this.find(source);
    if (given === undefined || given === '') return fallback;
    const found = words.find((word) => word === given);
    if (found === undefined) this.report(source, `must be one of ${words.join(', ')}, but was ${JSON.stringify(given)}`);
    return found ?? fallback;
  }

  /** Says what is wrong with a setting. */
  report(source: SettingSource, message: string): void {
    this.#problems.push(problem(nameOf(source), message));
  }

  /** The settings with whatever was wrong; flags that nobody asked for are wrong too. */
  finish<T>(value: T): Checked<T> {
    for (const flag of this.#flags.keys()) {
      if (!this.#known.has(flag)) this.#problems.push(problem(`--${flag}`, 'is not a flag of this program'));
    }
    return this.#problems.length === 0
      ? { ok: true, value, problems: [] }
      : { ok: false, problems: this.#problems };
  }

  #parseFlags(words: readonly string[]): Map<string, string> {
    const flags = new Map<string, string>();
    for (let index = 0; index < words.length; index += 1) {
      const word = words[index] as string;
      if (!word.startsWith('--')) {
        this.#problems.push(problem(word, 'is not expected: settings are given as --name=value'));
        continue;
      }
      const equals = word.indexOf('=');
      const next = words[index + 1];
      if (equals >= 0) {
        flags.set(word.slice(2, equals), word.slice(equals + 1));
      } else if (next !== undefined && !next.startsWith('--')) {
        flags.set(word.slice(2), next);
        index += 1;
      } else {
        flags.set(word.slice(2), 'true');
      }
    }
    return flags;
  }
}

export interface NumberOptions {
  readonly fallback?: number;
  /** Default 0. */
  readonly min?: number;
  readonly max?: number;
  /** Default true. */
  readonly isWhole?: boolean;
}

/** What an executable prints before it ends because of its settings: one line per problem. */
export function describeSettingProblems(program: string, problems: readonly Problem[]): string {
  return problems.map((found) => `${program}: ${formatProblem(found)}\n`).join('');
}

function nameOf({ flag, variable }: SettingSource): string {
  return [flag && `--${flag}`, variable].filter((name) => name !== undefined).join(' or ');
}
