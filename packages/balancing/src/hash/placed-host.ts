/** Hosts as rings and tables want them: each with the name that its places follow from and its share of requests. */
import type { Host } from '../host.ts';
import type { LocalityHosts } from '../locality.ts';

export interface PlacedHost {
  readonly host: Host;
  /** What is hashed. */
  readonly key: string;
  /** More than 0; the shares of all add up to 1. */
  readonly share: number;
}

/** `usesHostname`: an endpoint's name stands for it, where it has one; else its address does. */
export function placeHosts(hosts: readonly Host[], usesHostname: boolean): readonly PlacedHost[] {
  return place(hosts, 1, usesHostname);
}

/** The share of a locality by its weight, divided among its hosts by theirs. */
export function placeLocalities(localities: readonly LocalityHosts[], usesHostname: boolean): readonly PlacedHost[] {
  const filled = localities.filter(({ hosts }) => hosts.length > 0);
  const total = filled.reduce((sum, { weight }) => sum + weight, 0);
  return filled.flatMap(({ weight, hosts }) => place(hosts, weight / total, usesHostname));
}

function place(hosts: readonly Host[], share: number, usesHostname: boolean): PlacedHost[] {
  const total = hosts.reduce((sum, { weight }) => sum + weight, 0);
  return hosts.map((host) => ({ host, key: keyOf(host, usesHostname), share: (share * host.weight) / total }));
}

/** The `hash_key` of its metadata, else its name where that is wanted, else its address. */
function keyOf({ endpoint, key }: Host, usesHostname: boolean): string {
  const given = endpoint.metadata['envoy.lb']?.['hash_key'];
  if (typeof given === 'string' && given !== '') return given;
  return usesHostname && endpoint.hostname !== '' ? endpoint.hostname : key;
}
