/**
 * Routing by zone: requests stay in the zone of the proxy as far as its zone can take them, so that they need not cross
 * to another. How much that is follows from how the proxies are spread themselves: a zone with a third of the hosts and
 * a half of the proxies can take two thirds of what those proxies get. The rules are Envoy's.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/zone_aware
 */
import type { Random } from '@sluice/kernel';
import type { EndpointLocality } from './endpoint.ts';
import type { Hash64 } from './hash/hash64.ts';
import type { Host } from './host.ts';
import type { HostSet } from './host-set.ts';
import type { ChooseHost } from './policies.ts';
import type { HostPool } from './priority-load.ts';

export interface ZoneRouting {
  /** Where this proxy runs. */
  readonly locality: EndpointLocality;
  /** The cluster that this proxy and its like are the hosts of, as it is when a picker is made. */
  readonly localHosts: () => HostSet;
  /** With fewer healthy hosts zones do not count. Default 6, as Envoy. */
  readonly hostsMin: number;
  /** How many of the requests go by zone. Default 1. */
  readonly ratio: number;
  readonly onRouted: (how: ZoneRoute) => void;
}

/** What became of a pick, or why zones did not count for a set of hosts; the words are those of Envoy's statistics. */
export type ZoneRoute =
  | 'zone_routing_all_directly'
  | 'zone_routing_sampled'
  | 'zone_routing_cross_zone'
  | 'zone_no_capacity_left'
  | 'zone_cluster_too_small'
  | 'local_cluster_not_ok';

interface Zone {
  readonly choose: ChooseHost;
  /** How much more of all hosts than of all proxies it has; 0 for those that have less. */
  readonly spare: number;
}

/**
 * The choice by zone, or undefined where zones do not count.
 * @param createChoice the policy over some of the hosts
 */
export function chooseByZone(pool: HostPool, routing: ZoneRouting, random: Random, createChoice: (hosts: readonly Host[]) => ChooseHost): ChooseHost | undefined {
  if (pool.isPanicking || pool.index !== 0 || pool.hosts !== pool.priority.healthy) return undefined;
  const upstream = groupByLocality(pool.hosts);
  const own = keyOf(routing.locality);
  if (upstream.size < 2 || !upstream.has(own)) return undefined;
  if (pool.hosts.length < routing.hostsMin) return refuse(routing, 'zone_cluster_too_small');
  const local = groupByLocality(routing.localHosts().priorities[0]?.healthy ?? []);
  if (local.size < 2 || !local.has(own)) return refuse(routing, 'local_cluster_not_ok');

  const upstreamShare = sharesOf(upstream);
  const localShare = sharesOf(local);
  const ownRatio = (upstreamShare.get(own) as number) / (localShare.get(own) as number);
  const zones = [...upstream].filter(([key]) => key !== own).map(([key, hosts]): Zone => {
    const spare = (upstreamShare.get(key) as number) - (localShare.get(key) ?? 0);
    return { choose: createChoice(hosts), spare: Math.max(0, spare) };
  });
  const byZone = routeFrom(createChoice(upstream.get(own) as readonly Host[]), ownRatio, zones, random, routing.onRouted);
  return routing.ratio >= 1 ? byZone : sample(byZone, createChoice(pool.hosts), routing.ratio, random);
}

function refuse({ onRouted }: ZoneRouting, why: ZoneRoute): undefined {
  onRouted(why);
}

/** @param ownRatio what of its requests the proxy's zone can take; 1 or more is all */
function routeFrom(chooseOwn: ChooseHost, ownRatio: number, zones: readonly Zone[], random: Random, onRouted: (how: ZoneRoute) => void): ChooseHost {
  if (ownRatio >= 1) {
    return (hash, attempt) => {
      onRouted('zone_routing_all_directly');
      return chooseOwn(hash, attempt);
    };
  }
  const spareTotal = zones.reduce((sum, { spare }) => sum + spare, 0);
  return (hash, attempt) => {
    if (random.next() < ownRatio) {
      onRouted('zone_routing_sampled');
      return chooseOwn(hash, attempt);
    }
    onRouted(spareTotal > 0 ? 'zone_routing_cross_zone' : 'zone_no_capacity_left');
    return chooseOther(zones, spareTotal, random, hash, attempt);
  };
}

/** By what others can spare; where rounding has left nothing, any. */
function chooseOther(zones: readonly Zone[], spareTotal: number, random: Random, hash: Hash64 | undefined, attempt: number): Host | undefined {
  let drawn = random.next() * (spareTotal > 0 ? spareTotal : zones.length);
  for (let index = 0; index < zones.length - 1; index += 1) {
    const zone = zones[index] as Zone;
    drawn -= spareTotal > 0 ? zone.spare : 1;
    if (drawn < 0) return zone.choose(hash, attempt);
  }
  return zones[zones.length - 1]?.choose(hash, attempt);
}

function sample(some: ChooseHost, others: ChooseHost, ratio: number, random: Random): ChooseHost {
  return (hash, attempt) => (random.next() < ratio ? some : others)(hash, attempt);
}

function groupByLocality(hosts: readonly Host[]): Map<string, Host[]> {
  return Map.groupBy(hosts, ({ endpoint }) => keyOf(endpoint.locality));
}

function sharesOf(groups: ReadonlyMap<string, readonly Host[]>): ReadonlyMap<string, number> {
  const total = [...groups.values()].reduce((sum, hosts) => sum + hosts.length, 0);
  return new Map([...groups].map(([key, hosts]) => [key, hosts.length / total]));
}

function keyOf({ region, zone, subZone }: EndpointLocality): string {
  return JSON.stringify([region, zone, subZone]);
}
