/** The policies: given the hosts of a pool, how to choose one of them. Each is a handful of lines. */
import { randomInt, type Random } from '@sluice/kernel';
import type { Host } from './host.ts';
import { WeightedSchedule } from './weighted-schedule.ts';

/** Which policy, with its settings. */
export type PolicySpec =
  /** In turn, each as often as its weight says. */
  | { readonly kind: 'round-robin' }
  /**
   * The least busy of `choiceCount` hosts drawn at random; where weights differ, in turn by
   * weight / (requests under way + 1) ^ `activeRequestBias`.
   */
  | { readonly kind: 'least-request'; readonly choiceCount: number; readonly activeRequestBias: number }
  /** At random, each as often as its weight says. */
  | { readonly kind: 'random' };

/** Chooses a host out of those it was made for, of which there is at least one. */
export type ChooseHost = () => Host;

export function createPolicy(spec: PolicySpec, hosts: readonly Host[], random: Random): ChooseHost {
  if (hosts.length === 1) {
    const only = hosts[0] as Host;
    return () => only;
  }
  switch (spec.kind) {
    case 'round-robin':
      return haveEqualWeights(hosts) ? inTurn(hosts, random) : byWeight(hosts, (host) => host.weight, random);
    case 'least-request':
      return haveEqualWeights(hosts)
        ? leastBusyOf(hosts, spec.choiceCount, random)
        : byWeight(hosts, (host) => host.weight / (host.activeRequests + 1) ** spec.activeRequestBias, random);
    case 'random':
      return haveEqualWeights(hosts) ? atRandom(hosts, random) : atWeightedRandom(hosts, random);
  }
}

/** One after the other, from a random start, so that proxies that start together do not march in step. */
function inTurn(hosts: readonly Host[], random: Random): ChooseHost {
  let next = randomInt(random, hosts.length);
  return () => {
    const host = hosts[next] as Host;
    next = next + 1 === hosts.length ? 0 : next + 1;
    return host;
  };
}

function byWeight(hosts: readonly Host[], weightOf: (host: Host) => number, random: Random): ChooseHost {
  const schedule = new WeightedSchedule(hosts, weightOf, random.next());
  return () => schedule.next() as Host;
}

/** Power of n choices. A host may be drawn twice, as in Envoy: with two hosts the busier one is not starved. */
function leastBusyOf(hosts: readonly Host[], choiceCount: number, random: Random): ChooseHost {
  return () => {
    let best = hosts[randomInt(random, hosts.length)] as Host;
    for (let drawn = 1; drawn < choiceCount; drawn += 1) {
      const other = hosts[randomInt(random, hosts.length)] as Host;
      if (other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  };
}

function atRandom(hosts: readonly Host[], random: Random): ChooseHost {
  return () => hosts[randomInt(random, hosts.length)] as Host;
}

function atWeightedRandom(hosts: readonly Host[], random: Random): ChooseHost {
  const totals: number[] = [];
  let total = 0;
  for (const host of hosts) totals.push((total += host.weight));
  return () => {
    const drawn = random.next() * total;
    let low = 0;
    let high = totals.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((totals[middle] as number) > drawn) high = middle;
      else low = middle + 1;
    }
    return hosts[low] as Host;
  };
}

function haveEqualWeights(hosts: readonly Host[]): boolean {
  return hosts.every((host) => host.weight === hosts[0]?.weight);
}
