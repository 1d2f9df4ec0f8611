/** What filters are given when their chain is compiled. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import { inlineSources, type DataSources } from '../data-sources.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import type { Stream } from '../stream.ts';
import { noAsyncClient, type AsyncClient } from '../upstream/async-client.ts';
import { noDemands, type DemandSide } from './demand-side.ts';
import type { FilterContext, StreamSlot } from './filter.ts';
import { alwaysWell, type ProxyHealth } from './proxy-health.ts';

export interface FilterContextParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** For filters that answer health checks. Default: the proxy is well and knows no clusters. */
  readonly health?: ProxyHealth;
  /** For filters that ask services. Default: there are no clusters. */
  readonly upstreams?: AsyncClient;
  /** For filters that ask for what is not there. Default: nobody can be asked. */
  readonly demands?: DemandSide;
  /** Default: there are no files and no variables. */
  readonly sources?: DataSources;
}

/** Where a filter is configured: under which name, and who compiles its patterns. */
export interface FilterPlace {
  readonly filterName: string;
  readonly patterns: PatternCompiler;
}

/** `statPrefix` is that of the connection manager. Without a place there are no regexes, and mistakes throw. */
export type CreateFilterContext = (statPrefix: string, place?: FilterPlace) => FilterContext;

/** Gives a context for each filter that is made. */
export function createFilterContexts({ clock, timers, random, logger, meter, health = alwaysWell, upstreams = noAsyncClient, demands = noDemands, sources = inlineSources }: FilterContextParts): CreateFilterContext {
  return (statPrefix, { filterName, patterns } = nowhere) => ({
    clock, timers, random, logger, meter, health, upstreams, demands, sources, statPrefix, filterName, patterns, slot: createSlot,
  });
}

const nowhere: FilterPlace = {
  filterName: '',
  patterns: {
    regex: (expression) => {
      throw new TypeError(`${expression} ${String(noRegexEngine.compile(expression))}`);
    },
    error: (path, message) => {
      throw new TypeError(`${path} ${message}`);
    },
  },
};

/** A slot finds its value by being the key before it: a stream has few of them, and most have none. */
function createSlot<T>(): StreamSlot<T> {
  const slot: StreamSlot<T> = {
    get({ slots }: Stream): T | undefined {
      if (slots === undefined) return undefined;
      const at = slots.indexOf(slot);
      // What stands behind this key was put there by `set` below.
      return at === -1 ? undefined : (slots[at + 1] as T);
    },
    set(stream: Stream, value: T): void {
      const slots = (stream.slots ??= []);
      const at = slots.indexOf(slot);
      if (at === -1) slots.push(slot, value);
      else slots[at + 1] = value;
    },
  };
  return slot;
}
