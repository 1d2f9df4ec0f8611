/** `ExtensionConfigSource`: the settings of a filter that come by themselves, under the filter's name (ECDS). */
import { readConfigSource, type ConfigSource } from './config-source.ts';
import { isObject, MessageReader } from './decode/message-reader.ts';
import { decodeNonEmptyString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { typeNameOf } from './decode/typed-config.ts';
import { isFilterKnown, readFilterSettings, tellUnknown, type FilterSettings } from './filter-settings.ts';
import { routerFilterTypeName } from './router-filter.ts';

export interface FilterDiscovery {
  readonly source: ConfigSource;
  /** What comes must be of one of these types. */
  readonly typeNames: readonly string[];
  /** Serve while nothing has come, or what came is gone. Undefined: requests are answered with 500 then, flag NFCF. */
  readonly fallback: FilterSettings | undefined;
  /** Whether a listener waits for what is to come, as long as `initial_fetch_timeout` says. */
  readonly isAwaited: boolean;
}

/** Undefined without a problem when no type is known and `isOptional` says that this does not matter. */
export function readFilterDiscovery(json: unknown, scope: Scope, isOptional: boolean): FilterDiscovery | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const source = reader.required('config_source', readConfigSource);
  const given = reader.list('type_urls', readType(isOptional));
  if (given.length === 0 && !scope.hasErrors) {
    if (!isOptional) scope.at('type_urls').error('must name at least one type');
  }
  const fallback = reader.read('default_config', (config, at) => readFallback(config, at, given));
  const appliesAtOnce = reader.boolean('apply_default_config_without_warming', false);
  if (appliesAtOnce && !reader.has('default_config')) scope.at('apply_default_config_without_warming').error('needs a default_config to apply');
  reader.done();
  return source && given.length > 0 ? { source, typeNames: given, fallback, isAwaited: !appliesAtOnce } : undefined;
}

function readType(isOptional: boolean) {
  return (json: unknown, scope: Scope): string | undefined => {
    const url = decodeNonEmptyString(json, scope);
    if (url === undefined) return undefined;
    const typeName = typeNameOf(url);
    if (typeName === routerFilterTypeName) scope.error('is the router, which must stand in the list itself');
    else if (isFilterKnown(typeName, scope)) return typeName;
    else tellUnknown(typeName, scope, isOptional);
    return undefined;
  };
}

function readFallback(json: unknown, scope: Scope, typeNames: readonly string[]): FilterSettings | undefined {
  const settings = readFilterSettings(json, scope, false);
  if (!settings || typeNames.includes(settings.typeName)) return settings;
  // The list has its own mistakes already.
  if (isObject(json) && typeNames.length > 0) scope.at('@type').error(`is ${settings.typeName}, must be one of type_urls`);
  return undefined;
}
