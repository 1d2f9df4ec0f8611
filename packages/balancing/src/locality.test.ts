import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import type { Endpoint } from './endpoint.ts';
import { changeHosts, emptyHostSet } from './host-set.ts';
import { createLoadBalancer, type LoadBalancerOptions } from './load-balancer.ts';
import { anyHost } from './pick.ts';
import { endpointAt } from './testing/index.ts';

const inZone = (zone: string, localityWeight: number, facts: Partial<Endpoint> = {}): Partial<Endpoint> => ({
  locality: { region: 'r', zone, subZone: '' },
  localityWeight,
  ...facts,
});

/** The share of each zone in `count` picks. */
function zoneShares(endpoints: readonly Endpoint[], options: Partial<LoadBalancerOptions> = {}, count = 4000): Record<string, number> {
  const balancer = createLoadBalancer({ kind: 'round-robin' }, { random: createSeededRandom(3), weightsLocalities: true, ...options });
  balancer.update(changeHosts(emptyHostSet, endpoints).hosts);
  const shares: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const picked = balancer.picker.pick(anyHost);
    if (picked.kind !== 'host') throw new Error(picked.kind);
    picked.release();
    const { zone } = picked.host.endpoint.locality;
    shares[zone] = (shares[zone] ?? 0) + 1 / count;
  }
  return shares;
}

const healthy = (zone: string, weight: number, count: number): Endpoint[] =>
  Array.from({ length: count }, (_, index) => endpointAt(`${zone}-${index}:1`, inZone(zone, weight)));
const ill = (zone: string, weight: number, count: number): Endpoint[] =>
  Array.from({ length: count }, (_, index) => endpointAt(`${zone}-ill-${index}:1`, inZone(zone, weight, { health: 'unhealthy' })));

test('localities get what their weights say, however many hosts they have', () => {
  const shares = zoneShares([...healthy('x', 1, 9), ...healthy('y', 3, 1)]);
  expect(shares['x']).toBeCloseTo(0.25, 2);
  expect(shares['y']).toBeCloseTo(0.75, 2);
});

test('without locality balancing all hosts are one', () => {
  const shares = zoneShares([...healthy('x', 1, 9), ...healthy('y', 3, 1)], { weightsLocalities: false });
  expect(shares['x']).toBeCloseTo(0.9, 2);
});

// The figures are those of Envoy's documentation: two localities of one weight, 140 % over-provisioned.
test.each([
  [100, 100, 50, 50],
  [70, 100, 49.5, 50.5],
  [69, 100, 49.1, 50.9],
  [50, 100, 41.2, 58.8],
  [25, 100, 25.9, 74.1],
])('with %i %% and %i %% of two localities healthy, they get %d %% and %d %%', (first, second, one, other) => {
  const shares = zoneShares([
    ...healthy('x', 1, first),
    ...ill('x', 1, 100 - first),
    ...healthy('y', 1, second),
    ...ill('y', 1, 100 - second),
  ]);
  expect(Math.abs((shares['x'] ?? 0) * 100 - one)).toBeLessThan(0.6);
  expect(Math.abs((shares['y'] ?? 0) * 100 - other)).toBeLessThan(0.6);
});

test('a locality without a weight gets nothing while another has one', () => {
  expect(zoneShares([...healthy('x', 0, 5), ...healthy('y', 1, 1)])).toEqual({ y: expect.closeTo(1, 5) as number });
});

test('when no locality has a weight, all hosts are one', () => {
  expect(zoneShares([...healthy('x', 0, 3), ...healthy('y', 0, 1)])['x']).toBeCloseTo(0.75, 2);
});

test('in panic all hosts are one', () => {
  const shares = zoneShares([...ill('x', 1, 9), ...healthy('y', 3, 1)]);
  expect(shares['x']).toBeCloseTo(0.9, 2);
});
