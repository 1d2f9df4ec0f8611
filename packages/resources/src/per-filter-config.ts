/**
 * `typed_per_filter_config`: what a routing table, a virtual host, a route or a weighted cluster says to single
 * filters of the chain. The key is the filter's name in the connection manager.
 */
import { MessageReader, isObject } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig, typeNameOf } from './decode/typed-config.ts';

/** By name of the filter. */
export type PerFilterConfigs = ReadonlyMap<string, PerFilterConfig>;

/** One level's word to one filter. That it is there switches the filter on, unless it says otherwise. */
export interface PerFilterConfig {
  /** Takes the filter out of the chain for requests of this level. */
  readonly disabled: boolean;
  /** Undefined when it only switches the filter on or off. */
  readonly settings: PerFilterSettings | undefined;
}

export interface PerFilterSettings {
  /** Without `type.googleapis.com/`. */
  readonly typeName: string;
  /** What the decoder of that type made of it. */
  readonly config: unknown;
}

const wrapperTypeName = 'envoy.config.route.v3.FilterConfig';

export function readPerFilterConfigs(reader: MessageReader): PerFilterConfigs {
  return reader.map('typed_per_filter_config', readPerFilterConfig);
}

function readPerFilterConfig(json: unknown, scope: Scope): PerFilterConfig | undefined {
  if (isObject(json) && typeof json['@type'] === 'string' && typeNameOf(json['@type']) === wrapperTypeName) return readWrapper(json, scope);
  return readSettings(json, scope, false);
}

function readWrapper(json: unknown, scope: Scope): PerFilterConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const isOptional = reader.boolean('is_optional', false);
  const disabled = reader.boolean('disabled', false);
  // A filter that is switched off needs no settings, and Envoy does not look at them either.
  const config = disabled ? undefined : reader.read('config', (inner) => ({ inner }));
  if (disabled) reader.has('config');
  reader.done();
  if (disabled) return { disabled, settings: undefined };
  if (!config) {
    scope.at('config').error('is required; an empty one switches the filter on');
    return undefined;
  }
  const { inner } = config;
  if (isObject(inner) && Object.keys(inner).length === 0) return { disabled, settings: undefined };
  return readSettings(inner, scope.at('config'), isOptional);
}

function readSettings(json: unknown, scope: Scope, isOptional: boolean): PerFilterConfig | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const known = scope.extensions.perFilterConfigs ?? {};
  const decode = known[typed.typeName];
  if (!decode) {
    if (isOptional) {
      scope.warn(`is ${typed.typeName}, which is not known; left out, since it is optional`);
      return { disabled: false, settings: undefined };
    }
    scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(known).join(', ') || 'none'}`);
    return undefined;
  }
  const config = decode(typed.json, typed.scope);
  return config === undefined ? undefined : { disabled: false, settings: { typeName: typed.typeName, config } };
}
