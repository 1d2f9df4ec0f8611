import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeHosts, emptyHostSet } from './host-set.ts';
import { endpointAt } from './testing/index.ts';

test('hosts that stay keep their identity and their counts', () => {
  const first = changeHosts(emptyHostSet, [endpointAt('10.0.0.1:80'), endpointAt('10.0.0.2:80')]);
  const stays = first.hosts.byKey.get('10.0.0.1:80');
  stays?.pick();
  const second = changeHosts(first.hosts, [endpointAt('10.0.0.1:80', { weight: 5 }), endpointAt('10.0.0.3:80')]);
  expect(second.hosts.byKey.get('10.0.0.1:80')).toBe(stays);
  expect(stays).toMatchObject({ activeRequests: 1, weight: 5 });
  expect(second.added.map(({ key }) => key)).toEqual(['10.0.0.3:80']);
  expect(second.removed.map(({ key }) => key)).toEqual(['10.0.0.2:80']);
});

test('draining endpoints belong to the set but get nothing', () => {
  const { hosts } = changeHosts(emptyHostSet, [endpointAt('10.0.0.1:80', { health: 'draining' })]);
  expect(hosts.hosts).toHaveLength(1);
  expect(hosts.priorities[0]).toMatchObject({ healthy: [], degraded: [] });
});

test('of two endpoints with one address the first counts', () => {
  const { hosts } = changeHosts(emptyHostSet, [endpointAt('a:1', { weight: 2 }), endpointAt('a:1', { weight: 9 })]);
  expect(hosts.hosts.map(({ weight }) => weight)).toEqual([2]);
});

test('releasing more often than picking is a mistake that is not passed over', () => {
  const { hosts } = changeHosts(emptyHostSet, [endpointAt('a:1')]);
  const picked = hosts.hosts[0]?.pick();
  picked?.release();
  expect(() => picked?.release()).toThrow('released more often than picked');
});

test('whatever the changes, the set is what was last told, once each', () => {
  const names = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 10 });
  fc.assert(
    fc.property(fc.array(names, { maxLength: 8 }), (steps) => {
      let set = emptyHostSet;
      for (const step of steps) {
        const before = new Set(set.hosts);
        const change = changeHosts(set, step.map((name) => endpointAt(`h${name}:1`)));
        set = change.hosts;
        expect(set.hosts.map(({ key }) => key).sort()).toEqual(step.map((name) => `h${name}:1`).sort());
        expect(change.added.every((host) => !before.has(host))).toBe(true);
        expect(change.removed.every((host) => before.has(host) && !set.hosts.includes(host))).toBe(true);
        expect(before.size + change.added.length - change.removed.length).toBe(set.hosts.length);
      }
    }),
  );
});
