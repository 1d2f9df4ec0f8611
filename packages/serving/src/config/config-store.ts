/**
 * ConfigMaps as they are now, for any component: what each says, and for one that cannot be used, why, while its last good state
 * stays in force.
 *
 *     const store = new ConfigStore({ maps: { 'config-gc': gcConfigMap }, logger, onChange });
 *     informer.subscribe(({ kind, object }) => store.set(object.metadata.name, kind === 'deleted' ? undefined : object.data));
 *     store.get('config-gc').minNonActiveRevisions;
 */
import { formatProblem, type Checked, type Logger, type Problem } from '@sluice/kernel';
import { isSameContent } from '../names.ts';
import type { ConfigData } from './config-reader.ts';

/** How one ConfigMap is read. */
export interface ConfigMapReader<T> {
  /** What holds without the map. */
  readonly standard: T;
  readonly read: (data: ConfigData) => Checked<T>;
}

export type ConfigMapReaders = Readonly<Record<string, ConfigMapReader<unknown>>>;

export type ConfigMapOutcome =
  /** What it says holds now. */
  | 'applied'
  /** It says what it said before. */
  | 'unchanged'
  /** It cannot be used: what held before holds. */
  | 'refused'
  /** A map that nobody here asked for. */
  | 'unknown';

export interface ConfigStoreOptions<Readers extends ConfigMapReaders> {
  /** By name of the ConfigMap. */
  readonly maps: Readers;
  readonly logger: Logger;
  /** A map says something else, which holds now. */
  readonly onChange?: (name: keyof Readers & string) => void;
  /** A map cannot be used, or can be again (then there are no problems). For metrics and events. */
  readonly onVerdict?: (name: keyof Readers & string, problems: readonly Problem[]) => void;
}

export class ConfigStore<Readers extends ConfigMapReaders> {
  readonly #options: ConfigStoreOptions<Readers>;
  readonly #values = new Map<string, unknown>();
  readonly #refusals = new Map<string, readonly Problem[]>();

  constructor(options: ConfigStoreOptions<Readers>) {
    this.#options = options;
  }

  /** Take it once per decision: it changes as a whole. */
  get<Name extends keyof Readers & string>(name: Name): Readers[Name]['standard'] {
    return (this.#values.has(name) ? this.#values.get(name) : this.#options.maps[name]?.standard) as Readers[Name]['standard'];
  }

  /** Why maps that are there are not in force, by name. */
  get refusals(): ReadonlyMap<string, readonly Problem[]> {
    return this.#refusals;
  }

  /** @param data undefined when the map has gone: then its standard holds. A map without data is an empty one. */
  set(name: string, data: ConfigData | undefined): ConfigMapOutcome {
    const { maps, logger, onChange, onVerdict } = this.#options;
    const reader = Object.hasOwn(maps, name) ? maps[name] : undefined;
    if (!reader) return 'unknown';
    const known: keyof Readers & string = name;
    const checked = data === undefined ? { ok: true as const, value: reader.standard, problems: [] } : reader.read(data);
    if (!checked.ok) {
      this.#refusals.set(name, checked.problems);
      logger.error('config refused', { configMap: name, problems: checked.problems.map(formatProblem) });
      onVerdict?.(known, checked.problems);
      return 'refused';
    }
    if (this.#refusals.delete(name)) onVerdict?.(known, []);
    if (isSameContent(this.get(known), checked.value)) return 'unchanged';
    this.#values.set(name, checked.value);
    logger.info('config applied', { configMap: name });
    onChange?.(known);
    return 'applied';
  }
}
