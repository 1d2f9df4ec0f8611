/** `envoy.extensions.filters.http.on_demand.v3.OnDemand` and its settings per route. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, readConfigSource, type ConfigSource, type DecodeOptions, type Scope } from '@sluice/resources';

export interface OnDemandConfig {
  /** From where clusters are asked for that a route leads to and that are not there; undefined: they are not. */
  readonly clusters: { readonly source: ConfigSource; readonly timeoutMs: number } | undefined;
}

/** Envoy's default of `OnDemandCds.timeout`. Virtual hosts have no field of theirs and are waited for as long. */
export const demandTimeoutMs = 5_000;

/** `OnDemand` and `PerRouteConfig` have the same one field. */
export function decodeOnDemand(value: unknown, path: string, options?: DecodeOptions): Checked<OnDemandConfig> {
  return decodeDocument(value, path, options, readOnDemand);
}

function readOnDemand(json: unknown, scope: Scope): OnDemandConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const clusters = reader.read('odcds', readOnDemandClusters);
  reader.done();
  return { clusters };
}

function readOnDemandClusters(json: unknown, scope: Scope): OnDemandConfig['clusters'] {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const source = reader.required('source', readConfigSource);
  const timeoutMs = reader.durationMs('timeout', demandTimeoutMs);
  reader.refuse(['resources_locator'], 'names are asked for as they are');
  reader.done();
  if (source?.kind === 'path') scope.at('source').error('is a file, must be ads or a server: single clusters cannot be asked of a file');
  return source && { source, timeoutMs };
}
