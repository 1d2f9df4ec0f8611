/** `HttpFilter` of the connection manager: a name, a typed config or where it comes from, and whether it may be unknown. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readFilterDiscovery, type FilterDiscovery } from './filter-discovery.ts';
import { readFilterSettings, type FilterSettings } from './filter-settings.ts';

export interface HttpFilter extends FilterSettings {
  readonly name: string;
  /** In the list, but not run unless a route says so. */
  readonly disabled: boolean;
  /** Where its settings come from, which are empty here then. Absent: they stand here. */
  readonly discovery?: FilterDiscovery;
}

/** Undefined without a problem for a filter that is unknown and says itself that this does not matter. */
export function readHttpFilter(json: unknown, scope: Scope): HttpFilter | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const isOptional = reader.boolean('is_optional', false);
  const disabled = reader.boolean('disabled', false);
  const kind = reader.oneof(['typed_config', 'config_discovery'], false);
  // Which of the two is missing is easier said by the one that most filters have.
  const settings = kind === 'config_discovery' ? undefined : reader.required('typed_config', (config, at) => readFilterSettings(config, at, isOptional));
  const discovery = kind === 'config_discovery' ? reader.read(kind, (config, at) => readFilterDiscovery(config, at, isOptional)) : undefined;
  reader.done();
  if (discovery) return { name, disabled, typeName: '', config: undefined, discovery };
  return settings && { name, disabled, ...settings };
}
