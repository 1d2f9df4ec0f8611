/** The policies that place requests by their hash: the same hash meets the same host, as long as it is there. */
import { randomInt, type Random } from '@sluice/kernel';
import { localitiesOf } from '../locality.ts';
import type { HostPool } from '../priority-load.ts';
import { boundLoad, type ChooseByHash } from './bounded-load.ts';
import type { Hash64 } from './hash64.ts';
import { HashRing, type RingHash, type RingSize } from './hash-ring.ts';
import { MaglevTable } from './maglev-table.ts';
import { placeHosts, placeLocalities, type PlacedHost } from './placed-host.ts';

export type HashPolicySpec =
  | ({ readonly kind: 'ring-hash'; readonly size: RingSize; readonly hash?: RingHash | undefined } & HashingOptions)
  /** `tableSize` is a prime, 65 537 in Envoy. */
  | ({ readonly kind: 'maglev'; readonly tableSize: number } & HashingOptions);

export interface HashingOptions {
  /** Places follow from the endpoints' names instead of their addresses. */
  readonly usesHostname: boolean;
  /** Percent of the average that a host may have under way; 0 is without bound. */
  readonly balanceFactorPercent: number;
}

/** Makes the choice for a pool with hosts. */
export function createHashPolicy(spec: HashPolicySpec, pool: HostPool, weightsLocalities: boolean): ChooseByHash {
  const localities = weightsLocalities && !pool.isPanicking ? localitiesOf(pool) : [];
  const weighted = placeLocalities(localities, spec.usesHostname);
  const hosts = weighted.length > 0 ? weighted : placeHosts(pool.hosts, spec.usesHostname);
  const choose = createChoice(spec, hosts);
  return spec.balanceFactorPercent > 0 ? boundLoad(choose, hosts, spec.balanceFactorPercent) : choose;
}

function createChoice(spec: HashPolicySpec, hosts: readonly PlacedHost[]): ChooseByHash {
  if (hosts.length === 1) {
    const { host } = hosts[0] as PlacedHost;
    return () => host;
  }
  const places = spec.kind === 'ring-hash' ? new HashRing(hosts, spec.size, spec.hash) : new MaglevTable(hosts, spec.tableSize);
  return (hash, attempt) => places.choose(hash, attempt);
}

/** For a request that brings none: any place is as good as another. */
export function randomHash(random: Random): Hash64 {
  return { high: randomInt(random, 4_294_967_296), low: randomInt(random, 4_294_967_296) };
}
