/** The filters of a proxy, as decoders of their typed configs. */
import type { ExtensionCatalog, TypedConfigDecoder } from '@sluice/resources';
import type { FilterCatalog, FilterFactory, PerRouteFactory } from '../filters/filter.ts';

/** For the decode options: with this, resources knows exactly the filters that the proxy can make. */
export function extensionsOf(catalog: FilterCatalog): ExtensionCatalog {
  const perRoute = catalog.flatMap((factory) => (factory.perRoute ? [factory.perRoute] : []));
  return { httpFilters: decodersOf(catalog), perFilterConfigs: decodersOf(perRoute) };
}

/** The type of a factory's config without `type.googleapis.com/`. */
export function typeNameOf({ typeUrl }: Pick<FilterFactory, 'typeUrl'>): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
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
