/** `envoy.config.listener.v3.ListenerFilter`: what looks at the first bytes of a connection before a chain is chosen. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readListenerFilterPredicate, type ListenerFilterPredicate } from './listener-filter-predicate.ts';

export interface ListenerFilter {
  readonly name: string;
  /** Which filter: `envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector`. */
  readonly typeName: string;
  /** What the decoder of that type made of the config. */
  readonly config: unknown;
  /** Connections that it does not look at. Absent: none. */
  readonly disabledFor?: ListenerFilterPredicate;
}

export function readListenerFilter(json: unknown, scope: Scope): ListenerFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const filter = reader.required('typed_config', readConfig);
  const disabledFor = reader.read('filter_disabled', readListenerFilterPredicate);
  reader.refuse(['config_discovery']);
  reader.done();
  return filter && { name, ...filter, ...(disabledFor && { disabledFor }) };
}

function readConfig(json: unknown, scope: Scope): Omit<ListenerFilter, 'name' | 'disabledFor'> | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const known = scope.extensions.listenerFilters ?? {};
  const decode = Object.hasOwn(known, typed.typeName) ? known[typed.typeName] : undefined;
  if (!decode) {
    scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(known).join(', ') || 'none'}`);
    return undefined;
  }
  const config = decode(typed.json, typed.scope);
  return config === undefined ? undefined : { typeName: typed.typeName, config };
}
