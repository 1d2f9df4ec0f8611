/** The filters of a proxy, as decoders of their typed configs. */
import type { ExtensionCatalog, TypedConfigDecoder } from '@sluice/resources';
import { standardListenerFilters } from '../downstream/listener-filters/standard-listener-filters.ts';
import type { FilterCatalog, FilterFactory, PerRouteFactory } from '../filters/filter.ts';
import { standardNetworkFilters } from '../network-filters/standard-network-filters.ts';

/** For the decode options: with this, resources knows exactly the filters that the proxy can make. */
export function extensionsOf(catalog: FilterCatalog): ExtensionCatalog {
  const perRoute = catalog.flatMap((factory) => (factory.perRoute ? [factory.perRoute] : []));
  return {
    httpFilters: decodersOf(catalog),
    perFilterConfigs: decodersOf(perRoute),
    listenerFilters: readersOf(standardListenerFilters),
    networkFilters: readersOf(standardNetworkFilters),
  };
}

/** The type of a factory's config without `type.googleapis.com/`. */
export function typeNameOf({ typeUrl }: Pick<FilterFactory, 'typeUrl'>): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

/** Of factories that read within the scope of the document. */
function readersOf(factories: readonly { readonly typeName: string; readonly read: TypedConfigDecoder }[]): Readonly<Record<string, TypedConfigDecoder>> {
  return Object.fromEntries(factories.map(({ typeName, read }) => [typeName, read]));
}

function decodersOf(factories: readonly (FilterFactory | PerRouteFactory)[]): Readonly<Record<string, TypedConfigDecoder>> {
  return Object.fromEntries(factories.map((factory) => [typeNameOf(factory), decoderOf(factory)]));
}

function decoderOf(factory: FilterFactory | PerRouteFactory): TypedConfigDecoder {
  return (json, scope) => {
    const checked = factory.decode(json, scope.path, scope.options);
    scope.report(checked.problems);
    return checked.ok ? checked.value : undefined;
  };
}
