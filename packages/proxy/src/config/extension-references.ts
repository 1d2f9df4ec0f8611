/** Which settings of filters a listener takes by discovery. */
import { connectionManagerOf, type FilterDiscovery, type Listener } from '@sluice/resources';

export interface ExtensionReference {
  readonly name: string;
  readonly discovery: FilterDiscovery;
}

export function extensionsOfListener({ filterChains, defaultFilterChain }: Listener): readonly ExtensionReference[] {
  const chains = defaultFilterChain ? [...filterChains, defaultFilterChain] : filterChains;
  return chains.flatMap(({ filters }) =>
    filters.flatMap((filter) => (connectionManagerOf(filter)?.httpFilters ?? []).flatMap(({ name, discovery }) => (discovery ? [{ name, discovery }] : []))),
  );
}
