import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import type { Host } from './host.ts';
import { changeHosts, emptyHostSet } from './host-set.ts';
import { createLoadBalancer } from './load-balancer.ts';
import { anyHost } from './pick.ts';
import type { PolicySpec } from './policies.ts';
import { slowStartFactor, type SlowStart } from './slow-start.ts';
import { endpointAt } from './testing/index.ts';

const slowStart: SlowStart = { windowMs: 10_000, aggression: 1, minWeightRatio: 0.1 };

const policies: readonly PolicySpec[] = [
  { kind: 'round-robin', slowStart },
  { kind: 'least-request', choiceCount: 2, activeRequestBias: 1, slowStart },
];

test.each([
  [1, 0, 0.1],
  [1, 500, 0.1],
  [1, 5000, 0.5],
  [1, 10_000, 1],
  [2, 2500, 0.5],
  [0.5, 5000, 0.25],
])('with aggression %d a host of %i ms has %d of its weight', (aggression, ageMs, factor) => {
  const host = changeHosts(emptyHostSet, [endpointAt('a:1')]).hosts.hosts[0] as Host;
  host.healthySince = 1000;
  expect(slowStartFactor({ ...slowStart, aggression }, host, 1000 + ageMs)).toBeCloseTo(factor, 6);
});

test.each(policies)('$kind: a new host gets its grown part, and later its whole', (spec) => {
  let now = 100_000;
  const balancer = createLoadBalancer(spec, { random: createSeededRandom(1), now: () => now });
  const { hosts } = changeHosts(emptyHostSet, [endpointAt('old:1'), endpointAt('new:1')]);
  (hosts.byKey.get('new:1') as Host).healthySince = now;
  balancer.update(hosts);
  const shareOfNew = (): number => {
    let count = 0;
    for (let index = 0; index < 2000; index += 1) {
      const picked = balancer.picker.pick(anyHost);
      if (picked.kind !== 'host') throw new Error(picked.kind);
      picked.release();
      if (picked.host.key === 'new:1') count += 1;
    }
    return count / 2000;
  };
  expect(shareOfNew()).toBeCloseTo(0.1 / 1.1, 1);
  now += 5000;
  expect(shareOfNew()).toBeCloseTo(0.5 / 1.5, 1);
  now += 5000;
  expect(shareOfNew()).toBeCloseTo(0.5, 1);
});
