import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { changeHosts, emptyHostSet } from './host-set.ts';
import { createLoadBalancer, type LoadBalancerOptions } from './load-balancer.ts';
import { anyHost } from './pick.ts';
import { endpointAt } from './testing/index.ts';

function oneOfFour(options: Partial<LoadBalancerOptions>) {
  let panics = 0;
  const balancer = createLoadBalancer(
    { kind: 'round-robin' },
    { random: createSeededRandom(1), onPanic: () => (panics += 1), ...options },
  );
  const endpoints = ['a:1', 'b:1', 'c:1', 'd:1'].map((at, index) => endpointAt(at, { health: index === 0 ? 'healthy' : 'unhealthy' }));
  balancer.update(changeHosts(emptyHostSet, endpoints).hosts);
  const picked = Array.from({ length: 8 }, () => balancer.picker.pick(anyHost));
  return { hosts: new Set(picked.map((result) => (result.kind === 'host' ? result.host.key : result.kind))), panics: () => panics };
}

test('in panic every host takes part, and each pick is counted', () => {
  const { hosts, panics } = oneOfFour({});
  expect([...hosts].sort()).toEqual(['a:1', 'b:1', 'c:1', 'd:1']);
  expect(panics()).toBe(8);
});

test('with the threshold at 0 there is no panic: the healthy host takes all', () => {
  const { hosts, panics } = oneOfFour({ panicThresholdRatio: 0 });
  expect([...hosts]).toEqual(['a:1']);
  expect(panics()).toBe(0);
});

test('where panic fails traffic nobody is picked', () => {
  const { hosts, panics } = oneOfFour({ failsInPanic: true });
  expect([...hosts]).toEqual(['unavailable']);
  expect(panics()).toBe(8);
});
