/**
 * Filters of which only the names are there until a configuration uses them: what a filter is made of is loaded when it is
 * named, since most configurations name one or two of twenty.
 */
import type { FilterCatalog, FilterFactory, PerRouteFactory } from './filter.ts';

export interface LateFilterNames {
  readonly name: string;
  /** Type of its configuration without `type.googleapis.com/`. */
  readonly type: string;
  /** The same of what routes say to it. Absent when they can only switch it on or off. */
  readonly perRouteType?: string;
}

/** A filter that has to be loaded before it can be read or made: `loadFilters` does. */
export interface LateFilter extends FilterFactory {
  load(): Promise<void>;
}

const typePrefix = 'type.googleapis.com/';

/** @param load gives the filter, which must have these names */
export function lateFilter({ name, type, perRouteType }: LateFilterNames, load: () => Promise<FilterFactory>): LateFilter {
  let loaded: FilterFactory | undefined;
  const factory = (): FilterFactory => {
    if (!loaded) throw new Error(`${name} is used before it is loaded`);
    return loaded;
  };
  const perRoute = (): PerRouteFactory => {
    const found = factory().perRoute;
    if (!found) throw new Error(`${name} has nothing to read from routes`);
    return found;
  };
  return {
    name,
    typeUrl: typePrefix + type,
    decode: (value, path, options) => factory().decode(value, path, options),
    create: (config, context) => factory().create(config, context),
    ...(perRouteType !== undefined && {
      perRoute: {
        typeUrl: typePrefix + perRouteType,
        decode: (value, path, options) => perRoute().decode(value, path, options),
        create: (config, context) => perRoute().create(config, context),
      },
    }),
    async load() {
      loaded ??= await load();
    },
  };
}

/** Loads what of the catalog a configuration names, at whatever depth. Without a configuration: all of it. */
export async function loadFilters(catalog: FilterCatalog, json?: unknown): Promise<void> {
  const late = catalog.filter((factory): factory is LateFilter => 'load' in factory);
  if (late.length === 0) return;
  const named = new Set<string>();
  if (json !== undefined) collectTypes(json, named);
  const isNamed = ({ typeUrl, perRoute }: FilterFactory): boolean => named.has(typeNameOf(typeUrl)) || (perRoute !== undefined && named.has(typeNameOf(perRoute.typeUrl)));
  await Promise.all(late.filter((factory) => json === undefined || isNamed(factory)).map((factory) => factory.load()));
}

/** Of messages, and of those inside a TypedStruct. */
const typeKeys = new Set(['@type', 'type_url', 'typeUrl']);

function collectTypes(json: unknown, into: Set<string>): void {
  if (typeof json !== 'object' || json === null) return;
  for (const [key, value] of Object.entries(json)) {
    if (typeof value === 'string' && typeKeys.has(key)) into.add(typeNameOf(value));
    else collectTypes(value, into);
  }
}

function typeNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
