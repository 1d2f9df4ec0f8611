/** The filters of a proxy, as decoders of their typed configs. */
import type { ExtensionCatalog, TypedConfigDecoder } from '@sluice/resources';
import type { FilterCatalog, FilterFactory } from '../filters/filter.ts';

/** For the decode options: with this, resources knows exactly the filters that the proxy can make. */
export function extensionsOf(catalog: FilterCatalog): ExtensionCatalog {
  return { httpFilters: Object.fromEntries(catalog.map((factory) => [typeNameOf(factory), decoderOf(factory)])) };
}

/** The type of a factory's config without `type.googleapis.com/`. */
export function typeNameOf({ typeUrl }: FilterFactory): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

function decoderOf(factory: FilterFactory): TypedConfigDecoder {
  return (json, scope) => {
    const checked = factory.decode(json, scope.path);
    scope.report(checked.problems);
    return checked.ok ? checked.value : undefined;
  };
}
