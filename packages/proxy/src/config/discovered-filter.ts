/**
 * A place in a chain of filters whose settings come by discovery. What was made of an extension's configuration is kept as
 * long as that is, so that a chain changes when its settings do and not before.
 */
import type { Counter, Problem } from '@sluice/kernel';
import type { ExtensionConfig, FilterDiscovery, FilterSettings } from '@sluice/resources';
import type { HttpFilter } from '../filters/filter.ts';
import { missingConfigFilter } from '../filters/missing-config-filter.ts';
import type { ConfigResource } from './config-resource.ts';

export interface DiscoveredFilterOptions {
  readonly name: string;
  readonly discovery: FilterDiscovery;
  readonly fallback: HttpFilter | undefined;
  /** Makes the filter. What is wrong has paths inside the settings. */
  create(settings: FilterSettings, problems: Problem[]): HttpFilter | undefined;
  /** What came is not what this place may have. */
  readonly conflicts: Counter;
}

interface Made {
  readonly filter: HttpFilter | undefined;
  readonly problems: readonly Problem[];
}

export class DiscoveredFilter {
  readonly name: string;
  readonly #options: DiscoveredFilterOptions;
  readonly #standIn: HttpFilter;
  readonly #made = new WeakMap<ConfigResource<ExtensionConfig>, Made>();

  constructor(options: DiscoveredFilterOptions) {
    this.name = options.name;
    this.#options = options;
    this.#standIn = options.fallback ?? missingConfigFilter(options.name);
  }

  /** What serves; `extension` is undefined while nothing has come. */
  filterFor(extension: ConfigResource<ExtensionConfig> | undefined): HttpFilter {
    return (extension && this.#make(extension).filter) ?? this.#standIn;
  }

  /** What stands against these settings here. */
  problemsOf(extension: ConfigResource<ExtensionConfig>): readonly Problem[] {
    return this.#make(extension).problems;
  }

  #make(extension: ConfigResource<ExtensionConfig>): Made {
    let made = this.#made.get(extension);
    if (!made) this.#made.set(extension, (made = this.#makeNew(extension.value)));
    return made;
  }

  #makeNew(settings: ExtensionConfig): Made {
    const { typeNames } = this.#options.discovery;
    const problems: Problem[] = [];
    if (!typeNames.includes(settings.typeName)) {
      this.#options.conflicts.add();
      problems.push({ path: 'typed_config', message: `is ${settings.typeName}, which filter ${this.name} may not be: ${typeNames.join(', ')}`, severity: 'error' });
      return { filter: undefined, problems };
    }
    const filter = this.#options.create(settings, problems);
    return problems.some(({ severity }) => severity === 'error') ? { filter: undefined, problems } : { filter, problems };
  }
}
