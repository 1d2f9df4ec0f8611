/**
 * Which filters of a connection manager serve a request: those that are on by themselves, unless its route switches
 * some on or off. Chains are put together once for each set of switches, never for a request.
 */
import type { RouteMatch } from '../route-match.ts';
import type { HttpFilter } from './filter.ts';

/** A filter as it stands in the connection manager. */
export interface ChainEntry {
  /** What routes call it. */
  readonly name: string;
  readonly filter: HttpFilter;
  /** Off unless a route switches it on. */
  readonly disabled: boolean;
}

/** The filters of a request without switches. */
export function usualChain(entries: readonly ChainEntry[]): readonly HttpFilter[] {
  return entries.filter(({ disabled }) => !disabled).map(({ filter }) => filter);
}

/** Gives the filters for the switches of a route. */
export function createChainChoice(entries: readonly ChainEntry[]): (switches: FilterSwitches) => readonly HttpFilter[] {
  const chains = new WeakMap<FilterSwitches, readonly HttpFilter[]>();
  return (switches) => {
    let chain = chains.get(switches);
    if (!chain) {
      chain = entries.filter(({ name, disabled }) => switches.get(name) ?? !disabled).map(({ filter }) => filter);
      chains.set(switches, chain);
    }
    return chain;
  };
}

type FilterSwitches = NonNullable<RouteMatch['filterSwitches']>;
