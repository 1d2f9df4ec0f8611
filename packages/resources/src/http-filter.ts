/** `HttpFilter` of the connection manager: a name, a typed config, and whether it may be unknown. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope, TypedConfigDecoder } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readRouterFilter, routerFilterTypeName } from './router-filter.ts';

export interface HttpFilter {
  readonly name: string;
  /** Which filter: `envoy.extensions.filters.http.router.v3.Router`. Without `type.googleapis.com/`. */
  readonly typeName: string;
  /** What the decoder of that type made of the config. */
  readonly config: unknown;
  /** In the list, but not run unless a route says so. */
  readonly disabled: boolean;
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

/** Undefined without a problem for a filter that is unknown and says itself that this does not matter. */
export function readHttpFilter(json: unknown, scope: Scope): HttpFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const isOptional = reader.boolean('is_optional', false);
  const disabled = reader.boolean('disabled', false);
  const filter = reader.required('typed_config', (config, at) => readConfig(config, at, isOptional));
  reader.refuse(['config_discovery']);
  reader.done();
  return filter && { name, disabled, ...filter };
}

function readConfig(
  json: unknown,
  scope: Scope,
  isOptional: boolean,
): Pick<HttpFilter, 'typeName' | 'config'> | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const decode = builtIn[typed.typeName] ?? scope.extensions.httpFilters[typed.typeName];
  if (!decode) {
    const known = Object.keys({ ...builtIn, ...scope.extensions.httpFilters }).join(', ');
    const reason = refusals[typed.typeName];
    if (isOptional) scope.warn(`is ${typed.typeName}, which is not known; left out, since it is optional`);
    else if (reason !== undefined) scope.at('@type').error(`is ${typed.typeName}, which is not supported: ${reason}`);
    else scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${known}`);
    return undefined;
  }
  const config = decode(typed.json, typed.scope);
  return config === undefined ? undefined : { typeName: typed.typeName, config };
}
