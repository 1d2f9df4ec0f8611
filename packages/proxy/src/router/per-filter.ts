/** What a route says to the filters of the chain, put together from its levels. */
import type { PerFilterConfigs } from '@sluice/resources';
import type { CompileSession } from './compile-session.ts';

/** `typed_per_filter_config` of one level, with where the level stands: `virtual_hosts[0].`. */
export interface FilterLevel {
  readonly configs: PerFilterConfigs;
  readonly path: string;
}

export interface RoutePerFilter {
  /** Settings of all levels by name of the filter, as its own factory has made them; the most specific first. */
  readonly perFilter: ReadonlyMap<string, readonly unknown[]>;
  /** Which filters are switched on (true) or off. Undefined when nothing is said about any. */
  readonly filterSwitches: ReadonlyMap<string, boolean> | undefined;
}

/** For routes that say nothing. */
export const noPerFilter: RoutePerFilter = { perFilter: new Map(), filterSwitches: undefined };

/**
 * `levels` from the most specific (weighted cluster, route, virtual host, table). Switch and settings are looked for
 * separately, as in Envoy: a level that only switches a filter on leaves it the settings of the next.
 */
export function compilePerFilter(levels: readonly FilterLevel[], session: CompileSession): RoutePerFilter {
  if (levels.every(({ configs }) => configs.size === 0)) return noPerFilter;
  const perFilter = new Map<string, unknown[]>();
  const filterSwitches = new Map<string, boolean>();
  for (const { configs, path } of levels) {
    for (const [name, { disabled, settings }] of configs) {
      if (!filterSwitches.has(name)) filterSwitches.set(name, !disabled);
      if (settings === undefined) continue;
      const made = session.filterSettings(settings, name, `${path}typed_per_filter_config[${JSON.stringify(name)}]`);
      const ofLevels = perFilter.get(name);
      if (ofLevels) ofLevels.push(made);
      else perFilter.set(name, [made]);
    }
  }
  return { perFilter, filterSwitches };
}
