/**
 * Consistent hashing with a bound: a host that has more than its part of what is under way hands on to others, tried in
 * an order that follows from the hash. https://arxiv.org/abs/1608.01350, with the random jumps of
 * https://arxiv.org/abs/1908.08762, which spare a full host's neighbours.
 */
import { createSeededRandom, randomInt } from '@sluice/kernel';
import type { Host } from '../host.ts';
import type { Hash64 } from './hash64.ts';
import type { PlacedHost } from './placed-host.ts';

/** Chooses a host for a hash, whatever its load. */
export type ChooseByHash = (hash: Hash64, attempt: number) => Host;

/**
 * @param factorPercent how much of the average a host may have under way: 150 is half as much again; at least 100
 */
export function boundLoad(choose: ChooseByHash, hosts: readonly PlacedHost[], factorPercent: number): ChooseByHash {
  const shares = new Map(hosts.map(({ host, share }) => [host, share]));
  /** More than 1: it has more than it may. */
  const loadOf = (host: Host, activeTotal: number): number => {
    const slotsTotal = Math.floor(((activeTotal + 1) * factorPercent + 99) / 100);
    return host.activeRequests / Math.max(1, Math.ceil(slotsTotal * (shares.get(host) ?? 0)));
  };
  return (hash, attempt) => {
    const first = choose(hash, attempt);
    const activeTotal = hosts.reduce((sum, { host }) => sum + host.activeRequests, 0);
    let best = first;
    let bestLoad = loadOf(first, activeTotal);
    if (bestLoad <= 1) return first;
    const random = createSeededRandom(hash.low);
    const order = hosts.map(({ host }) => host);
    for (let index = 0; index < order.length; index += 1) {
      const drawn = index + randomInt(random, order.length - index);
      const host = order[drawn] as Host;
      order[drawn] = order[index] as Host;
      order[index] = host;
      const load = loadOf(host, activeTotal);
      if (load <= 1) return host;
      if (load < bestLoad) [best, bestLoad] = [host, load];
    }
    return best;
  };
}
