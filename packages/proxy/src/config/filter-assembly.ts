/** The filters of a connection manager, put together: once where all stand in it, else again when what was discovered changes. */
import type { ExtensionConfig } from '@sluice/resources';
import { createChainChoice, usualChain, type ChainEntry } from '../filters/filter-chain.ts';
import type { HttpFilter } from '../filters/filter.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { ConfigResource } from './config-resource.ts';
import type { DiscoveredFilter } from './discovered-filter.ts';

/** The settings of a name as they have come; undefined while they have not. */
export type ExtensionOf = (name: string) => ConfigResource<ExtensionConfig> | undefined;

/** A place that is filled by what has been discovered. */
export interface DiscoveredEntry {
  readonly name: string;
  readonly disabled: boolean;
  readonly discovered: DiscoveredFilter;
}

export type AssembledFilters = Required<Pick<ConnectionManagerConfig, 'filters' | 'filtersFor'>>;

export function createFilterAssembly(entries: readonly (ChainEntry | DiscoveredEntry)[]): (extensionOf: ExtensionOf) => AssembledFilters {
  if (!entries.some((entry) => 'discovered' in entry)) {
    const only = assemble(entries as readonly ChainEntry[]);
    return () => only;
  }
  let filters: readonly HttpFilter[] = [];
  let last: AssembledFilters | undefined;
  return (extensionOf) => {
    const now = entries.map((entry) => ('discovered' in entry ? entry.discovered.filterFor(extensionOf(entry.name)) : entry.filter));
    if (last && now.every((filter, index) => filter === filters[index])) return last;
    filters = now;
    last = assemble(entries.map(({ name, disabled }, index) => ({ name, disabled, filter: now[index] as HttpFilter })));
    return last;
  };
}

function assemble(entries: readonly ChainEntry[]): AssembledFilters {
  return { filters: usualChain(entries), filtersFor: createChainChoice(entries) };
}
