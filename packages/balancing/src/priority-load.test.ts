import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeHosts, emptyHostSet, refreshHosts } from './host-set.ts';
import { shareLoad } from './priority-load.ts';
import { endpointAt } from './testing/index.ts';
import type { EndpointHealth } from './endpoint.ts';

const envoy = { overprovisioningPercent: 140, panicThresholdRatio: 0.5 };

/** A set from lists of healths, one list per priority. */
function setOf(priorities: readonly (readonly EndpointHealth[])[]) {
  const endpoints = priorities.flatMap((healths, priority) =>
    healths.map((health, index) => endpointAt(`p${priority}-${index}:1`, { health, priority })),
  );
  return changeHosts(emptyHostSet, endpoints).hosts;
}

const healths = (healthy: number, unhealthy: number): EndpointHealth[] => [
  ...Array.from({ length: healthy }, () => 'healthy' as const),
  ...Array.from({ length: unhealthy }, () => 'unhealthy' as const),
];

function shares(priorities: readonly (readonly EndpointHealth[])[], options = envoy) {
  return shareLoad(setOf(priorities), options).map(({ hosts, percent, isPanicking }) => ({ hosts: hosts.length, percent, isPanicking }));
}

// The figures are those of Envoy's documentation on priority levels.
test.each([
  [[100, 0], [100, 0], [100]],
  [[72, 28], [100, 0], [100]],
  [[50, 50], [100, 0], [70, 30]],
  [[25, 75], [25, 75], [50, 50]],
])('with %j and %j healthy and not in two priorities, the load is %j', (first, second, percents) => {
  const found = shares([healths(first[0] ?? 0, first[1] ?? 0), healths(second[0] ?? 0, second[1] ?? 0)], { ...envoy, panicThresholdRatio: 0 });
  expect(found.map(({ percent }) => percent)).toEqual(percents);
});

test('one priority with some unhealthy hosts sends everything to the healthy ones', () => {
  expect(shares([healths(3, 1)])).toEqual([{ hosts: 3, percent: 100, isPanicking: false }]);
});

test('with too few healthy hosts anywhere, all of them take part', () => {
  expect(shares([healths(1, 9)])).toEqual([{ hosts: 10, percent: 100, isPanicking: true }]);
});

test('no panic while another priority makes up for it', () => {
  expect(shares([healths(1, 9), healths(10, 0)])).toEqual([
    { hosts: 1, percent: 14, isPanicking: false },
    { hosts: 10, percent: 86, isPanicking: false },
  ]);
});

test('nobody healthy: each priority takes what it has of the hosts, or nobody does when panic is off', () => {
  expect(shares([healths(0, 4), healths(0, 2)])).toEqual([
    { hosts: 4, percent: 67, isPanicking: true },
    { hosts: 2, percent: 33, isPanicking: true },
  ]);
  expect(shares([healths(0, 4)], { ...envoy, panicThresholdRatio: 0 })).toEqual([]);
});

test('every priority below the threshold: health is ignored everywhere', () => {
  expect(shares([healths(1, 3), healths(1, 3)])).toEqual([
    { hosts: 4, percent: 50, isPanicking: true },
    { hosts: 4, percent: 50, isPanicking: true },
  ]);
});

test('a host of which nothing is known yet counts neither for nor against its priority', () => {
  const { hosts } = setOf([healths(2, 6)]);
  for (const host of hosts.filter(({ health }) => health === 'unhealthy').slice(0, 5)) host.mark('pending_active_hc', true);
  const found = shareLoad(refreshHosts({ hosts, priorities: [], byKey: new Map() }), envoy);
  expect(found.map((pool) => [pool.hosts.length, pool.isPanicking])).toEqual([[2, false]]);
});

test('degraded hosts take what the healthy ones cannot', () => {
  const found = shares([['healthy', 'degraded']], { ...envoy, panicThresholdRatio: 0 });
  expect(found.map(({ percent }) => percent)).toEqual([70, 30]);
});

test('whatever the health, the shares add up to 100 and go to hosts that are there', () => {
  const health = fc.constantFrom<EndpointHealth>('healthy', 'unhealthy', 'degraded', 'draining');
  fc.assert(
    fc.property(fc.array(fc.array(health, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }), (priorities) => {
      const pools = shareLoad(setOf(priorities), envoy);
      expect(pools.reduce((sum, { percent }) => sum + percent, 0)).toBe(100);
      expect(pools.every(({ hosts, percent }) => hosts.length > 0 && percent > 0)).toBe(true);
    }),
  );
});
