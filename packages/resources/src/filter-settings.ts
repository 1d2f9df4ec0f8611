/** The settings of an HTTP filter: a typed config of a type that is known. */
import type { Scope, TypedConfigDecoder } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readRouterFilter, routerFilterTypeName } from './router-filter.ts';

export interface FilterSettings {
  /** Which filter: `envoy.extensions.filters.http.router.v3.Router`. Without `type.googleapis.com/`. */
  readonly typeName: string;
  /** What the decoder of that type made of the config. */
  readonly config: unknown;
}

/** What is known everywhere. Others come by the `extensions` of the decode options. */
const builtIn: Readonly<Record<string, TypedConfigDecoder>> = {
  [routerFilterTypeName]: readRouterFilter,
};

/** Filters that people ask for, and why there are none. */
const refusals: Readonly<Record<string, string>> = {
  'envoy.extensions.filters.http.lua.v3.Lua': 'scripts of configurations are not run; header_mutation, set_filter_state and ext_authz do much of what they are written for',
  'envoy.extensions.filters.http.wasm.v3.Wasm': 'plugins are not run; ext_authz asks a service instead',
  'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor': 'services do not take part in bodies; ext_authz may see and change requests',
};

export function readFilterSettings(json: unknown, scope: Scope, isOptional: boolean): FilterSettings | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const decode = builtIn[typed.typeName] ?? scope.extensions.httpFilters[typed.typeName];
  if (!decode) {
    tellUnknown(typed.typeName, scope, isOptional);
    return undefined;
  }
  const config = decode(typed.json, typed.scope);
  return config === undefined ? undefined : { typeName: typed.typeName, config };
}

/** Whether there is a filter of this type. */
export function isFilterKnown(typeName: string, scope: Scope): boolean {
  return (builtIn[typeName] ?? scope.extensions.httpFilters[typeName]) !== undefined;
}

export function tellUnknown(typeName: string, scope: Scope, isOptional: boolean): void {
  const known = Object.keys({ ...builtIn, ...scope.extensions.httpFilters }).join(', ');
  const reason = refusals[typeName];
  if (isOptional) scope.warn(`is ${typeName}, which is not known; left out, since it is optional`);
  else if (reason !== undefined) scope.at('@type').error(`is ${typeName}, which is not supported: ${reason}`);
  else scope.at('@type').error(`is ${typeName}, which is not known; known are ${known}`);
}
