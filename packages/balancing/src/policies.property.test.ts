/** Each policy against its definition: who gets how much, and who has to move when hosts come and go. */
import { createSeededRandom } from '@sluice/kernel';
import { array, assert, integer, property, record, uniqueArray } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from './endpoint.ts';
import type { HashPolicySpec } from './hash/hash-policies.ts';
import { xxHash64 } from './hash/xx-hash64.ts';
import type { Host, HostPicked } from './host.ts';
import { changeHosts, emptyHostSet } from './host-set.ts';
import { createLoadBalancer, type LoadBalancerOptions } from './load-balancer.ts';
import { anyHost, type PickContext } from './pick.ts';
import type { PolicySpec } from './policies.ts';
import { endpointAt } from './testing/index.ts';

const weights = array(integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 });
const seeds = integer({ min: 1, max: 1_000_000 });

const endpointsOf = (all: readonly number[]): readonly Endpoint[] => all.map((weight, index) => endpointAt(`10.0.0.${index + 1}:80`, { weight }));

function balance(endpoints: readonly Endpoint[], spec: PolicySpec, seed: number, options: Partial<LoadBalancerOptions> = {}) {
  const balancer = createLoadBalancer(spec, { random: createSeededRandom(seed), ...options });
  balancer.update(changeHosts(emptyHostSet, endpoints).hosts);
  const pick = (context: PickContext = anyHost): HostPicked => {
    const result = balancer.picker.pick(context);
    if (result.kind !== 'host') throw new Error(result.kind);
    return result;
  };
  return {
    hosts: balancer.hosts.hosts,
    pick,
    /** How often each is picked, in the order of the endpoints; what is picked is released at once. */
    count(picks: number): readonly number[] {
      const counts = new Map<Host, number>();
      for (let index = 0; index < picks; index += 1) {
        const picked = pick();
        picked.release();
        counts.set(picked.host, (counts.get(picked.host) ?? 0) + 1);
      }
      return balancer.hosts.hosts.map((host) => counts.get(host) ?? 0);
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Five standard deviations of so many draws at this part: further off only once in millions. */
const tolerance = (draws: number, part: number): number => 5 * Math.sqrt(draws * part * (1 - part)) + 1;

describe('round robin', () => {
  test('over any stretch each host has what its weight says, to within two turns', () => {
    assert(
      property(weights, seeds, integer({ min: 1, max: 400 }), (all, seed, picks) => {
        const counts = balance(endpointsOf(all), { kind: 'round-robin' }, seed).count(picks);
        all.forEach((weight, index) => expect(Math.abs((counts[index] as number) - (picks * weight) / sum(all))).toBeLessThanOrEqual(2));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('with equal weights a whole round has every host once', () => {
    assert(
      property(integer({ min: 1, max: 30 }), seeds, (count, seed) => {
        expect(balance(endpointsOf(Array.from({ length: count }, () => 1)), { kind: 'round-robin' }, seed).count(count)).toEqual(Array.from({ length: count }, () => 1));
      }),
      { seed: 2, numRuns: 60 },
    );
  });
});

test('random: each host as often as its weight says', () => {
  assert(
    property(weights, seeds, (all, seed) => {
      const picks = 4000;
      const counts = balance(endpointsOf(all), { kind: 'random' }, seed).count(picks);
      all.forEach((weight, index) => {
        const part = weight / sum(all);
        expect(Math.abs((counts[index] as number) - picks * part)).toBeLessThan(tolerance(picks, part));
      });
    }),
    { seed: 3, numRuns: 40 },
  );
});

describe('least request', () => {
  test('where requests stay, no host has many more than another', () => {
    assert(
      property(integer({ min: 2, max: 20 }), integer({ min: 2, max: 4 }), seeds, (count, choiceCount, seed) => {
        const { hosts, pick } = balance(endpointsOf(Array.from({ length: count }, () => 1)), { kind: 'least-request', choiceCount, activeRequestBias: 1 }, seed);
        for (let picks = 0; picks < count * 50; picks += 1) pick();
        const loads = hosts.map(({ activeRequests }) => activeRequests);
        // Two choices leave a gap of some log log n; drawing one twice is allowed, so the emptiest may lag behind a little more.
        expect(Math.max(...loads) - 50).toBeLessThanOrEqual(4);
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  test('with weights and requests that stay, loads follow the weights', () => {
    assert(
      property(weights, seeds, (all, seed) => {
        const { hosts, pick } = balance(endpointsOf([...all, 30]), { kind: 'least-request', choiceCount: 2, activeRequestBias: 1 }, seed);
        for (let picks = 0; picks < sum(all) * 20; picks += 1) pick();
        const heavy = hosts[all.length] as Host;
        for (const host of hosts) if (host !== heavy) expect(host.activeRequests).toBeLessThanOrEqual(heavy.activeRequests);
      }),
      { seed: 5, numRuns: 60 },
    );
  });
});

describe.each<[string, (balanceFactorPercent: number) => HashPolicySpec]>([
  ['ring hash', (balanceFactorPercent) => ({ kind: 'ring-hash', size: { min: 4096, max: 8_388_608 }, usesHostname: false, balanceFactorPercent })],
  ['ring hash by MurmurHash2', (balanceFactorPercent) => ({ kind: 'ring-hash', size: { min: 4096, max: 8_388_608 }, hash: 'murmur2', usesHostname: false, balanceFactorPercent })],
  ['maglev', (balanceFactorPercent) => ({ kind: 'maglev', tableSize: 5003, usesHostname: false, balanceFactorPercent })],
])('%s', (name, specOf) => {
  const keys = Array.from({ length: 1500 }, (_, index) => xxHash64(`user-${index}`));
  const placesOf = (endpoints: readonly Endpoint[]): readonly string[] => {
    const { pick } = balance(endpoints, specOf(0), 1);
    return keys.map((hash) => {
      const picked = pick({ ...anyHost, hash });
      picked.release();
      return picked.host.key;
    });
  };

  test('the same hash meets the same host, whatever was picked before and in whatever order hosts are told', () => {
    const endpoints = endpointsOf([1, 1, 2, 5, 1]);
    const places = placesOf(endpoints);
    expect(placesOf(endpoints)).toEqual(places);
    if (!name.startsWith('ring')) return;
    expect(placesOf(endpoints.toReversed())).toEqual(places);
  });

  test('hosts get about what their weights say', () => {
    assert(
      property(weights, (all) => {
        const places = placesOf(endpointsOf(all));
        all.forEach((weight, index) => {
          const part = weight / sum(all);
          const got = places.filter((key) => key === `10.0.0.${index + 1}:80`).length / keys.length;
          // A ring has so many places only, and they fall by chance.
          expect(Math.abs(got - part)).toBeLessThan(0.02 + part * 0.5);
        });
      }),
      { seed: 6, numRuns: 15 },
    );
  });

  test('when a host leaves, few move that were not its own', () => {
    assert(
      property(integer({ min: 3, max: 12 }), integer({ min: 0, max: 11 }), (count, at) => {
        const endpoints = endpointsOf(Array.from({ length: count }, () => 1));
        const leaving = endpoints[at % count] as Endpoint;
        const before = placesOf(endpoints);
        const after = placesOf(endpoints.filter((endpoint) => endpoint !== leaving));
        const key = `${leaving.address.host}:80`;
        const others = before.filter((place, index) => place !== key && place !== after[index]).length;
        // A ring stays as large, so the others gain places, which take from each other as much as the host had at most.
        expect(others / keys.length).toBeLessThan(name === 'maglev' ? 0.15 : 1 / count);
        before.forEach((place, index) => {
          if (place === key) expect(after[index]).not.toBe(key);
        });
      }),
      { seed: 7, numRuns: 15 },
    );
  });

  test('with a bound no host has more under way than its part, however requests fall', () => {
    const users = array(integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 120 });
    assert(
      property(weights, users, integer({ min: 100, max: 200 }), (all, requests, factorPercent) => {
        const { hosts, pick } = balance(endpointsOf(all), specOf(factorPercent), 1);
        requests.forEach((user, index) => {
          pick({ ...anyHost, hash: xxHash64(`user-${user}`) });
          const slots = Math.floor(((index + 1) * factorPercent + 99) / 100);
          hosts.forEach((host, at) => {
            const part = Math.max(1, Math.ceil((slots * (all[at] as number)) / sum(all)));
            expect(host.activeRequests).toBeLessThanOrEqual(part + 1);
          });
        });
      }),
      { seed: 8, numRuns: 60 },
    );
  });
});

test('localities by weight: each as often as its weight says, whatever is in it', () => {
  const localities = uniqueArray(record({ zone: integer({ min: 1, max: 50 }), weight: integer({ min: 1, max: 20 }), hosts: integer({ min: 1, max: 6 }) }), {
    minLength: 2,
    maxLength: 5,
    selector: ({ zone }) => zone,
  });
  assert(
    property(localities, seeds, (all, seed) => {
      const endpoints = all.flatMap(({ zone, weight, hosts }) =>
        Array.from({ length: hosts }, (_, index) => endpointAt(`10.0.${zone}.${index + 1}:80`, { locality: { region: '', zone: String(zone), subZone: '' }, localityWeight: weight })),
      );
      const picks = sum(all.map(({ weight }) => weight)) * 5;
      const { hosts, count } = balance(endpoints, { kind: 'round-robin' }, seed, { weightsLocalities: true });
      const counts = count(picks);
      for (const { zone, weight } of all) {
        const got = sum(hosts.map((host, index) => (host.endpoint.locality.zone === String(zone) ? (counts[index] as number) : 0)));
        expect(Math.abs(got - weight * 5)).toBeLessThanOrEqual(2);
      }
    }),
    { seed: 9, numRuns: 100 },
  );
});
