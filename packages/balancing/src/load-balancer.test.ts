import { createSeededRandom } from '@sluice/kernel';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Endpoint } from './endpoint.ts';
import type { Host } from './host.ts';
import { changeHosts, emptyHostSet } from './host-set.ts';
import { createLoadBalancer, type LoadBalancer } from './load-balancer.ts';
import { anyHost, type PickContext } from './pick.ts';
import type { PolicySpec } from './policies.ts';
import { endpointAt } from './testing/index.ts';

const roundRobin: PolicySpec = { kind: 'round-robin' };
const leastRequest: PolicySpec = { kind: 'least-request', choiceCount: 2, activeRequestBias: 1 };
const random: PolicySpec = { kind: 'random' };

function balancerOf(spec: PolicySpec, endpoints: readonly Endpoint[], seed = 1): LoadBalancer {
  const balancer = createLoadBalancer(spec, { random: createSeededRandom(seed) });
  balancer.update(changeHosts(emptyHostSet, endpoints).hosts);
  return balancer;
}

function pickHost(balancer: LoadBalancer, context: PickContext = anyHost): Host {
  const picked = balancer.picker.pick(context);
  if (picked.kind !== 'host') throw new Error(`picked ${picked.kind}`);
  return picked.host;
}

/** How often each host is picked in `count` picks whose streams end at once. */
function countPicks(balancer: LoadBalancer, count: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index < count; index += 1) {
    const host = pickHost(balancer);
    host.picked.release();
    counts.set(host.key, (counts.get(host.key) ?? 0) + 1);
  }
  return counts;
}

const three = ['a:1', 'b:1', 'c:1'].map((address) => endpointAt(address));

test('before the first update requests are told to wait', () => {
  const balancer = createLoadBalancer(roundRobin, { random: createSeededRandom(1) });
  expect(balancer.picker.pick(anyHost)).toEqual({ kind: 'queue' });
});

test('a cluster with nobody in it is unavailable, and says so', () => {
  expect(balancerOf(roundRobin, []).picker.pick(anyHost)).toEqual({ kind: 'unavailable', reason: 'no-hosts' });
});

test('with panic off and nobody healthy nobody is picked', () => {
  const balancer = createLoadBalancer(roundRobin, { random: createSeededRandom(1), panicThresholdRatio: 0 });
  balancer.update(changeHosts(emptyHostSet, [endpointAt('a:1', { health: 'unhealthy' })]).hosts);
  expect(balancer.picker.pick(anyHost)).toEqual({ kind: 'unavailable', reason: 'no-healthy-hosts' });
});

test('round robin gives every host its turn before any a second one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer(), (hosts, seed) => {
      const balancer = balancerOf(roundRobin, Array.from({ length: hosts }, (_, index) => endpointAt(`h${index}:1`)), seed);
      const counts = countPicks(balancer, hosts * 3);
      expect([...counts.values()]).toEqual(Array.from({ length: hosts }, () => 3));
    }),
  );
});

test('weighted round robin follows the weights exactly over a round', () => {
  const counts = countPicks(balancerOf(roundRobin, [endpointAt('a:1', { weight: 1 }), endpointAt('b:1', { weight: 4 })]), 500);
  expect(Math.abs((counts.get('b:1') ?? 0) - 400)).toBeLessThanOrEqual(1);
});

test.each([
  ['random', random],
  ['least request with nothing under way', leastRequest],
])('%s spreads requests evenly', (_name, spec) => {
  const counts = countPicks(balancerOf(spec, three), 30_000);
  // Three standard deviations of a binomial with n = 30 000, p = 1/3 are 245.
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(300);
});

test('random follows the weights', () => {
  const counts = countPicks(balancerOf(random, [endpointAt('a:1', { weight: 1 }), endpointAt('b:1', { weight: 9 })]), 20_000);
  expect(Math.abs((counts.get('a:1') ?? 0) - 2000)).toBeLessThan(150);
});

test('least request avoids the busy host', () => {
  const balancer = balancerOf(leastRequest, three);
  const busy = balancer.hosts.byKey.get('a:1') as Host;
  for (let index = 0; index < 50; index += 1) busy.pick();
  const counts = countPicks(balancer, 9000);
  // It is taken only when it is drawn twice: one time in nine.
  expect(Math.abs((counts.get('a:1') ?? 0) - 1000)).toBeLessThan(120);
});

test('least request keeps loads level where requests stay', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 10 }), fc.integer(), (hosts, seed) => {
      const balancer = balancerOf(leastRequest, Array.from({ length: hosts }, (_, index) => endpointAt(`h${index}:1`)), seed);
      for (let index = 0; index < hosts * 50; index += 1) pickHost(balancer);
      const loads = balancer.hosts.hosts.map(({ activeRequests }) => activeRequests);
      // Two choices keep the largest load within a few of the average (log log n, not log n).
      expect(Math.max(...loads)).toBeLessThanOrEqual(50 + 8);
    }),
  );
});

test('least request with weights gives busy heavy hosts less than idle ones', () => {
  const balancer = balancerOf(leastRequest, [endpointAt('a:1', { weight: 2 }), endpointAt('b:1', { weight: 1 })]);
  const heavy = balancer.hosts.byKey.get('a:1') as Host;
  for (let index = 0; index < 19; index += 1) heavy.pick();
  const counts = countPicks(balancer, 1000);
  // 2 / 20 against 1: one in eleven.
  expect(Math.abs((counts.get('a:1') ?? 0) - 91)).toBeLessThan(10);
});

test('an override names the host, and only a host of the cluster', () => {
  const balancer = balancerOf(roundRobin, three);
  const context = { ...anyHost, overrideHost: 'b:1' };
  expect(pickHost(balancer, context).key).toBe('b:1');
  expect(balancer.picker.pick({ ...anyHost, overrideHost: 'z:1' })).toEqual({ kind: 'unavailable', reason: 'override-host-unknown' });
});

test('a preferred host is taken when it may be, else another, unless no other will do', () => {
  const balancer = balancerOf(roundRobin, [endpointAt('a:1', { health: 'unhealthy' }), endpointAt('b:1'), endpointAt('c:1')]);
  const prefer = (address: string, isStrict = false): PickContext => ({ ...anyHost, preferredHost: { address, isStrict } });
  expect([1, 2, 3].map(() => pickHost(balancer, prefer('c:1')).key)).toEqual(['c:1', 'c:1', 'c:1']);
  expect(['b:1', 'c:1']).toContain(pickHost(balancer, prefer('a:1')).key);
  expect(['b:1', 'c:1']).toContain(pickHost(balancer, prefer('z:1')).key);
  expect(pickHost(balancer, { ...prefer('c:1'), avoids: ({ key }) => key === 'c:1' }).key).toBe('b:1');
  for (const gone of ['a:1', 'z:1']) expect(balancer.picker.pick(prefer(gone, true))).toEqual({ kind: 'unavailable', reason: 'override-host-unknown' });
});

test('a session may stay with hosts that get nothing new, where that is wanted', () => {
  const endpoints = [endpointAt('a:1', { health: 'draining' }), endpointAt('b:1', { health: 'degraded' }), ...[1, 2, 3, 4, 5, 6].map((port) => endpointAt(`c:${port}`))];
  const balancer = createLoadBalancer(roundRobin, { random: createSeededRandom(1), preferredHealth: new Set(['healthy', 'draining']) });
  balancer.update(changeHosts(emptyHostSet, endpoints).hosts);
  const staysWith = (address: string) => pickHost(balancer, { ...anyHost, preferredHost: { address, isStrict: false } }).key;
  expect(staysWith('a:1')).toBe('a:1');
  expect(staysWith('b:1')).toMatch(/^c/);
  balancer.hosts.byKey.get('a:1')?.mark('failed_outlier_check', true);
  expect(staysWith('a:1')).toMatch(/^c/);
});

test('an override reaches a host that is not healthy: whoever names it knows better', () => {
  const balancer = balancerOf(roundRobin, [endpointAt('a:1', { health: 'unhealthy' }), endpointAt('b:1')]);
  expect(pickHost(balancer, { ...anyHost, overrideHost: 'a:1' }).key).toBe('a:1');
});

test('a retry goes to another host while there is one', () => {
  const balancer = balancerOf(roundRobin, three);
  const context: PickContext = { overrideHost: undefined, avoids: ({ key }) => key === 'a:1', hostSelectionTriesMax: 3 };
  for (let index = 0; index < 10; index += 1) expect(pickHost(balancer, context).key).not.toBe('a:1');
});

test('when every host has failed the request, the last choice stands', () => {
  const balancer = balancerOf(roundRobin, three);
  const context: PickContext = { overrideHost: undefined, avoids: () => true, hostSelectionTriesMax: 5 };
  expect(balancer.picker.pick(context).kind).toBe('host');
});

test('when every host has failed the request, the one that has just failed is asked again last', () => {
  for (const spec of [roundRobin, random]) {
    const balancer = balancerOf(spec, [endpointAt('a:1'), endpointAt('b:1')]);
    const context: PickContext = { overrideHost: undefined, avoids: () => true, lastTried: 'a:1', hostSelectionTriesMax: 20 };
    for (let index = 0; index < 10; index += 1) expect(pickHost(balancer, context).key).toBe('b:1');
  }
});

test('hosts that do not get new requests are never picked while enough others do', () => {
  const endpoints = [...three, endpointAt('x:1', { health: 'unhealthy' }), endpointAt('y:1', { health: 'draining' })];
  for (const spec of [roundRobin, leastRequest, random]) {
    const counts = countPicks(balancerOf(spec, endpoints), 1000);
    expect([...counts.keys()].sort()).toEqual(['a:1', 'b:1', 'c:1']);
  }
});

test('every pick is counted until it is released, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), fc.integer(), (steps, seed) => {
      const balancer = balancerOf(leastRequest, three, seed);
      const held: Host[] = [];
      for (const isPick of steps) {
        if (isPick) held.push(pickHost(balancer));
        else held.shift()?.picked.release();
      }
      const active = balancer.hosts.hosts.reduce((sum, host) => sum + host.activeRequests, 0);
      expect(active).toBe(held.length);
    }),
  );
});

test('the same seed picks the same hosts', () => {
  const sequence = (seed: number) => {
    const balancer = balancerOf(leastRequest, three, seed);
    return Array.from({ length: 50 }, () => pickHost(balancer).key).join();
  };
  expect(sequence(7)).toBe(sequence(7));
  expect(sequence(7)).not.toBe(sequence(8));
});
