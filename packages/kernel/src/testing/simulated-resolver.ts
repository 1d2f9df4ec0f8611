/** DNS on a virtual clock: what a name stands for is what a test says, and answers take as long as it says. */
import type { Timers } from '../clock.ts';
import { chooseFamily, type NameAnswer, type NameLookup, type NameQuery, type Resolver } from '../resolver.ts';

/** What is known of a name. `failure`: servers say that they do not know; `silence`: they say nothing at all. */
export type SimulatedName = { readonly v4?: readonly string[]; readonly v6?: readonly string[]; readonly ttlMs?: number } | 'failure' | 'silence';

export class SimulatedResolver implements Resolver {
  /** May be changed at any time; what is not there does not exist. */
  readonly names = new Map<string, SimulatedName>();
  /** Every query, in order. */
  readonly asked: NameQuery[] = [];
  delayMs = 1;
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  resolve(query: NameQuery, onAnswer: (answer: NameAnswer) => void): NameLookup {
    this.asked.push(query);
    return this.#timers.after(this.delayMs, () => {
      const known = this.names.get(query.name);
      if (known === 'silence') return;
      if (known === 'failure') return onAnswer({ kind: 'failed', reason: 'SERVFAIL' });
      const addresses = known ? addressesOf(known, query) : [];
      onAnswer(addresses.length > 0 ? { kind: 'addresses', addresses } : { kind: 'empty' });
    });
  }
}

function addressesOf({ v4 = [], v6 = [], ttlMs = 60_000 }: Exclude<SimulatedName, string>, { family }: NameQuery) {
  const withTtl = (hosts: readonly string[]) => hosts.map((host) => ({ host, ttlMs }));
  return chooseFamily(family, withTtl(v4), withTtl(v6));
}
