/**
 * Maglev's table: hosts take turns to claim the next free place of their own permutation, until every place has an
 * owner; a request goes to the owner of place hash mod size. A lookup is one division, and hosts share more evenly
 * than on a ring; a host that goes moves a few more requests than its own.
 * https://research.google/pubs/pub44824/ listing 1, with weights as in Envoy.
 */
import type { Host } from '../host.ts';
import { remainder, type Hash64 } from './hash64.ts';
import type { PlacedHost } from './placed-host.ts';
import { xxHash64 } from './xx-hash64.ts';

const skipSeed: Hash64 = { high: 0, low: 1 };
const free = 0xffffffff;

export class MaglevTable {
  readonly #owners: Uint32Array;
  readonly #hosts: readonly PlacedHost[];

  /**
   * @param hosts of which there is at least one
   * @param size a prime; 65 537 is Envoy's default
   */
  constructor(hosts: readonly PlacedHost[], size: number) {
    // In the order of their keys: who comes first claims first, and the source's order must not matter.
    this.#hosts = hosts.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    this.#owners = fillTable(this.#hosts, size);
  }

  /** `attempt` turns the hash into quite another one. */
  choose(hash: Hash64, attempt: number): Host {
    const place = remainder(attempt === 0 ? hash : disturb(hash, attempt), this.#owners.length);
    return (this.#hosts[this.#owners[place] as number] as PlacedHost).host;
  }
}

function fillTable(hosts: readonly PlacedHost[], size: number): Uint32Array {
  const owners = new Uint32Array(size).fill(free);
  const heaviest = hosts.reduce((most, { share }) => Math.max(most, share), 0);
  const entries = hosts.map(({ key, share }) => ({
    next: remainder(xxHash64(key), size),
    skip: remainder(xxHash64(key, skipSeed), size - 1) + 1,
    share,
    /** What its share times the number of rounds must reach for its next claim. */
    target: 0,
  }));
  let claimed = 0;
  for (let round = 1; claimed < size; round += 1) {
    for (let owner = 0; owner < entries.length && claimed < size; owner += 1) {
      const entry = entries[owner] as (typeof entries)[number];
      if (round * entry.share < entry.target) continue;
      entry.target += heaviest;
      while (owners[entry.next] !== free) entry.next = (entry.next + entry.skip) % size;
      owners[entry.next] = owner;
      entry.next = (entry.next + entry.skip) % size;
      claimed += 1;
    }
  }
  return owners;
}

/** Most bits turned, as Envoy does for tries after the first: hash xor (2^64 - attempt). */
function disturb({ high, low }: Hash64, attempt: number): Hash64 {
  return { high: ~high >>> 0, low: (low ^ -attempt) >>> 0 };
}
