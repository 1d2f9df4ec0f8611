import { createSeededRandom } from '@sluice/kernel';
import { assert, integer, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { changeHosts, emptyHostSet, type HostSet } from './host-set.ts';
import { createLoadBalancer } from './load-balancer.ts';
import { anyHost } from './pick.ts';
import type { PolicySpec } from './policies.ts';
import { endpointAt } from './testing/index.ts';
import type { ZoneRoute } from './zone-routing.ts';

const zoneOf = (zone: string) => ({ region: 'r', zone, subZone: '' });

/** So many hosts in each zone; those of one priority. */
function hostsIn(zones: Readonly<Record<string, number>>, network: string, unhealthy = 0): HostSet {
  let index = 0;
  const endpoints = Object.entries(zones).flatMap(([zone, count]) =>
    Array.from({ length: count }, () => {
      index += 1;
      return endpointAt(`10.${network}.0.${index}:80`, { locality: zoneOf(zone), health: index <= unhealthy ? 'unhealthy' : 'healthy' });
    }),
  );
  return changeHosts(emptyHostSet, endpoints).hosts;
}

interface Setting {
  readonly upstream: Readonly<Record<string, number>>;
  readonly local: Readonly<Record<string, number>>;
  readonly hostsMin?: number;
  readonly ratio?: number;
  readonly unhealthy?: number;
  readonly policy?: PolicySpec;
}

/** Which part of many picks goes to each zone, for a proxy in zone a; and what was said of them. */
function route({ upstream, local, hostsMin = 1, ratio = 1, unhealthy = 0, policy = { kind: 'round-robin' } }: Setting) {
  const said = new Map<ZoneRoute, number>();
  const balancer = createLoadBalancer(policy, {
    random: createSeededRandom(5),
    zones: {
      locality: zoneOf('a'),
      localHosts: () => hostsIn(local, '2'),
      hostsMin,
      ratio,
      onRouted: (how) => void said.set(how, (said.get(how) ?? 0) + 1),
    },
  });
  balancer.update(hostsIn(upstream, '1', unhealthy));
  const picks = 4000;
  const parts: Record<string, number> = {};
  for (let count = 0; count < picks; count += 1) {
    const picked = balancer.picker.pick(anyHost);
    if (picked.kind !== 'host') continue;
    const { zone } = picked.host.endpoint.locality;
    parts[zone] = (parts[zone] ?? 0) + 1 / picks;
  }
  return { parts, said };
}

test('a zone that has as large a part of the hosts as of the proxies keeps all of its requests', () => {
  const { parts, said } = route({ upstream: { a: 3, b: 3, c: 3 }, local: { a: 2, b: 2, c: 2 } });
  expect(parts).toEqual({ a: expect.closeTo(1) as number });
  expect(said.get('zone_routing_all_directly')).toBe(4000);
});

test('one that has less keeps what it can take, and the rest goes to those that can spare', () => {
  // A third of the hosts and a half of the proxies: two thirds stay. b has as much of both, so all of the rest is for c.
  const { parts, said } = route({ upstream: { a: 4, b: 3, c: 5 }, local: { a: 6, b: 3, c: 3 } });
  expect(parts['a']).toBeCloseTo(2 / 3, 1);
  expect(parts['b']).toBeUndefined();
  expect(parts['c']).toBeCloseTo(1 / 3, 1);
  expect((said.get('zone_routing_sampled') ?? 0) + (said.get('zone_routing_cross_zone') ?? 0)).toBe(4000);
});

test.each<[string, Setting, ZoneRoute | undefined]>([
  ['too few hosts', { upstream: { a: 2, b: 3 }, local: { a: 1, b: 1 }, hostsMin: 6 }, 'zone_cluster_too_small'],
  ['proxies in one zone only', { upstream: { a: 2, b: 6 }, local: { a: 3 } }, 'local_cluster_not_ok'],
  ['no proxies known', { upstream: { a: 2, b: 6 }, local: {} }, 'local_cluster_not_ok'],
  ['no host in the zone', { upstream: { b: 2, c: 6 }, local: { a: 1, b: 1 } }, undefined],
  ['hosts in one zone only', { upstream: { a: 8 }, local: { a: 1, b: 1 } }, undefined],
])('with %s all hosts are one', (_, setting, why) => {
  const { parts, said } = route(setting);
  const total = Object.values(setting.upstream).reduce((sum, count) => sum + count, 0);
  for (const [zone, count] of Object.entries(setting.upstream)) expect(parts[zone]).toBeCloseTo(count / total, 2);
  expect([...said.keys()]).toEqual(why === undefined ? [] : [why]);
});

test('in panic zones do not count', () => {
  const { parts } = route({ upstream: { a: 4, b: 4 }, local: { a: 1, b: 1 }, unhealthy: 6 });
  expect(parts['b']).toBeCloseTo(0.5, 1);
});

test('a part of requests only may go by zone', () => {
  const { parts } = route({ upstream: { a: 4, b: 4 }, local: { a: 1, b: 1 }, ratio: 0.5 });
  expect(parts['a']).toBeCloseTo(0.75, 1);
});

test('policies that place by hash take no notice', () => {
  const { parts, said } = route({ upstream: { a: 4, b: 4 }, local: { a: 1, b: 1 }, policy: { kind: 'maglev', tableSize: 251, usesHostname: false, balanceFactorPercent: 0 } });
  expect(parts['b']).toBeGreaterThan(0.3);
  expect(said.size).toBe(0);
});

test('whatever the zones, the hosts of all proxies together get equal loads where that can be', () => {
  const zones = record({ a: integer({ min: 1, max: 6 }), b: integer({ min: 1, max: 6 }), c: integer({ min: 1, max: 6 }) });
  assert(
    property(zones, zones, (upstream, local) => {
      const total = upstream.a + upstream.b + upstream.c;
      const proxies = local.a + local.b + local.c;
      const { parts } = route({ upstream, local });
      // What stays in the zone is the lesser of all and what its hosts' part can take of its proxies' part.
      const stays = Math.min(1, upstream.a / total / (local.a / proxies));
      expect(parts['a']).toBeCloseTo(stays, 1);
    }),
    { seed: 11, numRuns: 40 },
  );
});
