/** `envoy.config.listener.v3.Filter`: what handles the bytes of a connection. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope, TypedConfigDecoder } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import {
  httpConnectionManagerTypeName,
  readHttpConnectionManager,
  type HttpConnectionManager,
} from './http-connection-manager.ts';

export interface NetworkFilter {
  readonly name: string;
  /** Which filter: `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`. Without `type.googleapis.com/`. */
  readonly typeName: string;
  /** What the decoder of that type made of the config. */
  readonly config: unknown;
}

/** What is known everywhere. Others come by the `extensions` of the decode options. */
const builtIn: Readonly<Record<string, TypedConfigDecoder>> = {
  [httpConnectionManagerTypeName]: readHttpConnectionManager,
};

/** The config of a connection manager; undefined for every other filter. */
export function connectionManagerOf(filter: NetworkFilter | undefined): HttpConnectionManager | undefined {
  // The type's own decoder has made it.
  return filter?.typeName === httpConnectionManagerTypeName ? (filter.config as HttpConnectionManager) : undefined;
}

export function readNetworkFilter(json: unknown, scope: Scope): NetworkFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const filter = reader.required('typed_config', readConfig);
  reader.refuse(['config_discovery']);
  reader.done();
  return filter && { name, ...filter };
}

function readConfig(json: unknown, scope: Scope): Omit<NetworkFilter, 'name'> | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const known = { ...builtIn, ...scope.extensions.networkFilters };
  const decode = Object.hasOwn(known, typed.typeName) ? known[typed.typeName] : undefined;
  if (!decode) {
    scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(known).join(', ')}`);
    return undefined;
  }
  const config = decode(typed.json, typed.scope);
  return config === undefined ? undefined : { typeName: typed.typeName, config };
}
