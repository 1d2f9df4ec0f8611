import { createSeededRandom } from '@sluice/kernel';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Endpoint } from '../endpoint.ts';
import { changeHosts, emptyHostSet } from '../host-set.ts';
import { createLoadBalancer, type LoadBalancer } from '../load-balancer.ts';
import { endpointAt } from '../testing/index.ts';
import type { Hash64 } from './hash64.ts';
import type { HashPolicySpec } from './hash-policies.ts';
import { xxHash64 } from './xx-hash64.ts';

const plain = { usesHostname: false, balanceFactorPercent: 0 };
const ring: HashPolicySpec = { kind: 'ring-hash', size: { min: 1024, max: 8_388_608 }, ...plain };
const maglev: HashPolicySpec = { kind: 'maglev', tableSize: 65_537, ...plain };

const endpoints = (count: number): Endpoint[] => Array.from({ length: count }, (_, index) => endpointAt(`10.0.0.${index}:80`));
const keys: readonly Hash64[] = Array.from({ length: 20_000 }, (_, index) => xxHash64(`user-${index}`));

function balancerOf(spec: HashPolicySpec, given: readonly Endpoint[]): LoadBalancer {
  const balancer = createLoadBalancer(spec, { random: createSeededRandom(1) });
  balancer.update(changeHosts(emptyHostSet, given).hosts);
  return balancer;
}

function place(balancer: LoadBalancer, hash: Hash64 | undefined, previousHosts?: ReadonlySet<string>): string {
  const picked = balancer.picker.pick({ overrideHost: undefined, avoids: previousHosts && (({ key }) => previousHosts.has(key)), hash, hostSelectionTriesMax: 5 });
  if (picked.kind !== 'host') throw new Error(picked.kind);
  picked.release();
  return picked.host.key;
}

function shares(placed: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of placed) counts.set(key, (counts.get(key) ?? 0) + 1 / placed.length);
  return counts;
}

/**
 * How far a host's share may be from what it should be, as a part of it. On a ring of 1024 places a host with p of
 * them has a share that varies by about 1/sqrt(p); five times that never happens. A table's shares differ by one
 * place; what is left is the sample's own noise.
 */
const cases: readonly (readonly [string, HashPolicySpec, (hosts: number) => number])[] = [
  ['ring hash', ring, (hosts) => 5 / Math.sqrt(1024 / hosts)],
  ['maglev', maglev, (hosts) => 5 * Math.sqrt(hosts / keys.length)],
];

test.each(cases)('%s gives each host its part', (_name, spec, tolerance) => {
  for (const count of [2, 3, 10]) {
    const balancer = balancerOf(spec, endpoints(count));
    const found = shares(keys.map((hash) => place(balancer, hash)));
    expect(found.size).toBe(count);
    for (const share of found.values()) expect(Math.abs(share * count - 1)).toBeLessThan(tolerance(count));
  }
});

test.each(cases)('%s follows weights', (_name, spec, tolerance) => {
  const balancer = balancerOf(spec, [endpointAt('a:1', { weight: 1 }), endpointAt('b:1', { weight: 3 })]);
  const found = shares(keys.map((hash) => place(balancer, hash)));
  expect(Math.abs((found.get('a:1') ?? 0) / 0.25 - 1)).toBeLessThan(tolerance(4));
});

test.each(cases)('%s sends the same hash to the same host, whatever the order of endpoints', (_name, spec) => {
  const given = endpoints(7);
  const there = balancerOf(spec, given);
  const back = balancerOf(spec, given.toReversed());
  for (const hash of keys.slice(0, 2000)) expect(place(there, hash)).toBe(place(back, hash));
});

test('when a host leaves a ring, its requests move, and as many to the places that the others gain', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(), (count, which) => {
      const given = endpoints(count);
      const gone = given[which % count] as Endpoint;
      const before = balancerOf(ring, given);
      const after = balancerOf(ring, given.filter((endpoint) => endpoint !== gone));
      // A ring keeps its size, so the places of the host that left are made up for by new ones of those that stay.
      const moved = keys.slice(0, 2000).filter((hash) => place(before, hash) !== place(after, hash)).length / 2000;
      expect(moved).toBeGreaterThan(0.3 / count);
      expect(moved).toBeLessThan(2 / count + 5 / Math.sqrt(1024 * count) + 0.05);
    }),
    { numRuns: 20 },
  );
});

test('when a host leaves, maglev moves its requests and few others', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(), (count, which) => {
      const given = endpoints(count);
      const gone = given[which % count] as Endpoint;
      const before = balancerOf(maglev, given);
      const after = balancerOf(maglev, given.filter((endpoint) => endpoint !== gone));
      const placed = keys.map((hash) => [place(before, hash), place(after, hash)] as const);
      const own = placed.filter(([host]) => host === `${gone.address.host}:80`).length / keys.length;
      const moved = placed.filter(([was, is]) => was !== is).length / keys.length;
      expect(Math.abs(own * count - 1)).toBeLessThan(5 * Math.sqrt(count / keys.length));
      // The paper, 5.3: a table a hundred times as large as the number of hosts moves a few percent more.
      expect(moved - own).toBeLessThan(0.05);
    }),
    { numRuns: 20 },
  );
});

test('a host that is not well leaves its place to others and comes back to it', () => {
  const given = endpoints(5);
  const well = balancerOf(maglev, given);
  const ill = balancerOf(maglev, given.map((endpoint, index) => (index === 2 ? { ...endpoint, health: 'unhealthy' } : endpoint)));
  const mine = keys.filter((hash) => place(well, hash) === '10.0.0.2:80');
  expect(mine.length).toBeGreaterThan(0);
  expect(new Set(mine.map((hash) => place(ill, hash))).size).toBe(4);
});

test.each(cases)('%s takes a retry to another host', (_name, spec) => {
  const balancer = balancerOf(spec, endpoints(5));
  for (const hash of keys.slice(0, 500)) {
    const first = place(balancer, hash);
    const counted = place(balancer, hash, new Set([first]));
    expect(place(balancer, hash, new Set([first]))).toBe(counted);
  }
  const stayed = keys.slice(0, 500).filter((hash) => place(balancer, hash, new Set([place(balancer, hash)])) === place(balancer, hash));
  // Five more places, or five other hashes, that are all the same host's: less than one in a thousand.
  expect(stayed.length).toBeLessThan(5);
});

test('a request without a hash goes anywhere', () => {
  const balancer = balancerOf(maglev, endpoints(4));
  const found = shares(Array.from({ length: 4000 }, () => place(balancer, undefined)));
  for (const share of found.values()) expect(Math.abs(share - 0.25)).toBeLessThan(0.04);
});

test('the key of an endpoint names its places: its hash_key, or its name where names count', () => {
  const named = (key: string) => (host: string) => endpointAt(host, { metadata: { 'envoy.lb': { hash_key: key } } });
  const before = balancerOf(ring, [named('x')('a:1'), named('y')('b:1'), named('z')('c:1')]);
  // The addresses are others, the keys are not.
  const after = balancerOf(ring, [named('x')('d:1'), named('y')('e:1'), named('z')('f:1')]);
  const successor: Readonly<Record<string, string>> = { 'a:1': 'd:1', 'b:1': 'e:1', 'c:1': 'f:1' };
  for (const hash of keys.slice(0, 500)) expect(place(after, hash)).toBe(successor[place(before, hash)]);
  const byName = balancerOf({ ...ring, usesHostname: true }, ['a:1', 'b:1', 'c:1'].map((at, index) => endpointAt(at, { hostname: 'xyz'[index] ?? '' })));
  for (const hash of keys.slice(0, 500)) expect(place(byName, hash)).toBe(place(before, hash));
});

test('a ring is as large as it must be and no larger than it may', () => {
  const small = balancerOf({ ...ring, size: { min: 1, max: 3 } }, endpoints(10));
  // Three places for ten hosts: seven of them get nothing, as in Envoy.
  expect(new Set(keys.slice(0, 2000).map((hash) => place(small, hash))).size).toBeLessThanOrEqual(3);
});

test('a bound keeps a host that everybody wants from having more than its part', () => {
  const balancer = balancerOf({ ...maglev, balanceFactorPercent: 150 }, endpoints(4));
  const popular = keys[0] as Hash64;
  for (let index = 0; index < 400; index += 1) balancer.picker.pick({ overrideHost: undefined, avoids: undefined, hash: popular });
  const loads = balancer.hosts.hosts.map(({ activeRequests }) => activeRequests);
  // 150 % of an average of 100, and one more, since a host may be filled to the brim first.
  expect(Math.max(...loads)).toBeLessThanOrEqual(152);
  expect(Math.max(...loads)).toBeGreaterThan(100);
});

test('of several priorities the hash says which, so that a request stays where it is', () => {
  const given = [
    ...Array.from({ length: 4 }, (_, index) => endpointAt(`p0-${index}:1`, { health: index < 2 ? 'healthy' : 'unhealthy' })),
    ...Array.from({ length: 4 }, (_, index) => endpointAt(`p1-${index}:1`, { priority: 1 })),
  ];
  const balancer = balancerOf(maglev, given);
  const found = keys.map((hash) => place(balancer, hash));
  expect(keys.map((hash) => place(balancer, hash))).toEqual(found);
  const first = found.filter((host) => host.startsWith('p0')).length / found.length;
  expect(Math.abs(first - 0.7)).toBeLessThan(0.02);
});

test('localities have their weights on rings and in tables', () => {
  const at = (zone: string, weight: number) => ({ locality: { region: 'r', zone, subZone: '' }, localityWeight: weight });
  const given = [endpointAt('a:1', at('x', 3)), endpointAt('b:1', at('y', 1)), endpointAt('c:1', at('y', 1))];
  const balancer = createLoadBalancer(maglev, { random: createSeededRandom(1), weightsLocalities: true });
  balancer.update(changeHosts(emptyHostSet, given).hosts);
  const found = shares(keys.map((hash) => place(balancer, hash)));
  expect(found.get('a:1')).toBeCloseTo(0.75, 1);
  expect(found.get('b:1')).toBeCloseTo(0.125, 1);
});
