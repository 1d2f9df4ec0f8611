/**
 * Ketama's ring: each host stands at many places, a request goes to the first place at or after its hash. Places and
 * their numbers are Envoy's, so that both send a request to the same host.
 */
import type { Host } from '../host.ts';
import type { Hash64 } from './hash64.ts';
import type { PlacedHost } from './placed-host.ts';
import { murmurHash2 } from './murmur-hash2.ts';
import { xxHash64 } from './xx-hash64.ts';

export interface RingSize {
  /** Default 1024, as Envoy. The lightest host gets a whole number of places, so there may be some more. */
  readonly min: number;
  /** Default 8 388 608, as Envoy. */
  readonly max: number;
}

/** What places of hosts follow from. Default `xx`, as Envoy. */
export type RingHash = 'xx' | 'murmur2';

export class HashRing {
  /** Places in their order: the hash in halves, and whose it is. */
  readonly #highs: Uint32Array;
  readonly #lows: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #hosts: readonly PlacedHost[];

  /** @param hosts of which there is at least one */
  constructor(hosts: readonly PlacedHost[], size: RingSize, hash: RingHash = 'xx') {
    this.#hosts = hosts;
    const places = placesOf(hosts, size, hash === 'xx' ? xxHash64 : murmurHash2);
    places.sort((a, b) => a.hash.high - b.hash.high || a.hash.low - b.hash.low);
    this.#highs = Uint32Array.from(places, ({ hash }) => hash.high);
    this.#lows = Uint32Array.from(places, ({ hash }) => hash.low);
    this.#owners = Uint32Array.from(places, ({ owner }) => owner);
  }

  get size(): number {
    return this.#owners.length;
  }

  /** `attempt` goes on that many places. */
  choose(hash: Hash64, attempt: number): Host {
    const place = (this.#firstFrom(hash) + attempt) % this.size;
    return (this.#hosts[this.#owners[place] as number] as PlacedHost).host;
  }

  /** The first place whose hash is not less; after the last comes the first. */
  #firstFrom({ high, low }: Hash64): number {
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const placeHigh = this.#highs[middle] as number;
      const isBefore = placeHigh === high ? (this.#lows[middle] as number) < low : placeHigh < high;
      if (isBefore) from = middle + 1;
      else to = middle;
    }
    return from === this.size ? 0 : from;
  }
}

interface Place {
  readonly hash: Hash64;
  readonly owner: number;
}

/** Sums run over all hosts, so that a fraction of a place that one lacks goes to the next. */
function placesOf(hosts: readonly PlacedHost[], { min, max }: RingSize, hashOf: (text: string) => Hash64): Place[] {
  const lightest = hosts.reduce((least, { share }) => Math.min(least, share), 1);
  const scale = Math.min(Math.ceil(lightest * min) / lightest, max);
  const places: Place[] = [];
  let wanted = 0;
  hosts.forEach(({ key, share }, owner) => {
    wanted += scale * share;
    for (let index = 0; places.length < wanted; index += 1) places.push({ hash: hashOf(`${key}_${index}`), owner });
  });
  return places;
}
