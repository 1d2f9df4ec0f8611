/** What filters are given when their chain is compiled. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { Stream } from '../stream.ts';
import type { FilterContext, StreamSlot } from './filter.ts';

export interface FilterContextParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Gives a context for each filter that is made; `statPrefix` is that of its connection manager. */
export function createFilterContexts(parts: FilterContextParts): (statPrefix: string) => FilterContext {
  return (statPrefix) => ({ ...parts, statPrefix, slot: createSlot });
}

/** A slot finds its value by being the key before it: a stream has few of them, and most have none. */
function createSlot<T>(): StreamSlot<T> {
  const slot: StreamSlot<T> = {
    get({ slots }: Stream): T | undefined {
      const at = slots.indexOf(slot);
      // What stands behind this key was put there by `set` below.
      return at === -1 ? undefined : (slots[at + 1] as T);
    },
    set({ slots }: Stream, value: T): void {
      const at = slots.indexOf(slot);
      if (at === -1) slots.push(slot, value);
      else slots[at + 1] = value;
    },
  };
  return slot;
}
