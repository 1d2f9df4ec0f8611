/**
 * Which typed configs can be decoded. A catalog is a plain object that can be read; nothing registers itself.
 */
import type { Scope } from './scope.ts';

/** Decodes the JSON of one typed config (without `@type`). Reports to `scope` and gives undefined when it cannot. */
export type TypedConfigDecoder = (json: unknown, scope: Scope) => unknown;

/** Decoders by type URL without the `type.googleapis.com/` in front: `sluice.filters.http.queue.v1.Queue`. */
export interface ExtensionCatalog {
  readonly httpFilters: Readonly<Record<string, TypedConfigDecoder>>;
}

/** Knows nothing beyond what is built in. */
export const emptyCatalog: ExtensionCatalog = { httpFilters: {} };
