import { createSeededRandom } from '@sluice/kernel';
import { array, assert, constantFrom, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../endpoint.ts';
import { changeHosts, emptyHostSet } from '../host-set.ts';
import { createLoadBalancer, type SubsetListener } from '../load-balancer.ts';
import type { PolicySpec } from '../policies.ts';
import { endpointAt } from '../testing/index.ts';
import { SubsetCriteria } from './subset-criteria.ts';
import type { SubsetSelector, SubsetSettings } from './subset-settings.ts';

const selector = (keys: readonly string[], fields: Partial<SubsetSelector> = {}): SubsetSelector => ({ keys, fallback: undefined, fallbackKeys: [], isSingleHost: false, ...fields });

const settings = (fields: Partial<SubsetSettings> = {}): SubsetSettings => ({
  selectors: [selector(['version']), selector(['stage', 'version'])],
  fallback: 'none',
  defaultSubset: {},
  panicsToAny: false,
  takesListsAsAny: false,
  weighsLocalities: false,
  ...fields,
});

const host = (index: number, facts: Readonly<Record<string, unknown>>, fields: Partial<Endpoint> = {}): Endpoint =>
  endpointAt(`10.0.0.${index}:80`, { metadata: { 'envoy.lb': facts }, ...fields });

const roundRobin: PolicySpec = { kind: 'round-robin' };

/** A balancer over these hosts, and how often each is picked in as many tries as asked. */
function balance(endpoints: readonly Endpoint[], subsets: SubsetSettings, spec: PolicySpec = roundRobin) {
  const heard = { selected: 0, fallback: 0, panic: 0, changes: [] as object[] };
  const listener: SubsetListener = {
    onSelected: () => void (heard.selected += 1),
    onFallback: () => void (heard.fallback += 1),
    onFallbackPanic: () => void (heard.panic += 1),
    onChanged: (change) => void heard.changes.push(change),
  };
  const balancer = createLoadBalancer(spec, { random: createSeededRandom(1), subsets, onSubsets: listener });
  const update = (next: readonly Endpoint[]) => balancer.update(changeHosts(balancer.hosts, next).hosts);
  balancer.update(changeHosts(emptyHostSet, endpoints).hosts);
  return {
    heard,
    update,
    pick(facts: Readonly<Record<string, unknown>> | undefined, count = 6): Readonly<Record<string, number>> {
      const subset = facts && new SubsetCriteria(facts);
      const counts: Record<string, number> = {};
      for (let index = 0; index < count; index += 1) {
        const result = balancer.picker.pick({ overrideHost: undefined, avoids: undefined, subset });
        const name = result.kind === 'host' ? result.host.key.replace(/^10\.0\.0\.|:80$/g, '') : result.kind;
        counts[name] = (counts[name] ?? 0) + 1;
      }
      return counts;
    },
  };
}

const hosts = [
  host(1, { version: 'v1', stage: 'prod' }),
  host(2, { version: 'v1', stage: 'canary' }),
  host(3, { version: 'v2', stage: 'prod' }),
  host(4, {}),
];

test('a request gets the hosts that say what it wants, and the policy shares among them', () => {
  const { pick, heard } = balance(hosts, settings());
  expect(pick({ version: 'v1' })).toEqual({ 1: 3, 2: 3 });
  expect(pick({ version: 'v1', stage: 'canary' })).toEqual({ 2: 6 });
  expect(pick({ stage: 'canary', version: 'v1' })).toEqual({ 2: 6 });
  expect(heard).toMatchObject({ selected: 18, fallback: 0 });
});

test('values are told apart by their kind, too', () => {
  const { pick } = balance([host(1, { version: '1' }), host(2, { version: 1 }), host(3, { version: { a: 1, b: 2 } })], settings());
  expect(pick({ version: 1 })).toEqual({ 2: 6 });
  expect(pick({ version: { b: 2, a: 1 } })).toEqual({ 3: 6 });
});

describe('when the subset is not there', () => {
  test('nobody, anybody, or a default, as all are told', () => {
    expect(balance(hosts, settings()).pick({ version: 'v9' })).toEqual({ unavailable: 6 });
    expect(balance(hosts, settings({ fallback: 'any' })).pick({ version: 'v9' }, 8)).toEqual({ 1: 2, 2: 2, 3: 2, 4: 2 });
    expect(balance(hosts, settings({ fallback: 'default', defaultSubset: { stage: 'prod' } })).pick({ version: 'v9' })).toEqual({ 1: 3, 3: 3 });
  });

  test('the same goes for requests that want nothing, and for keys that no selector has', () => {
    const { pick, heard } = balance(hosts, settings({ fallback: 'default', defaultSubset: { version: 'v2' } }));
    expect(pick(undefined)).toEqual({ 3: 6 });
    expect(pick({ stage: 'prod' })).toEqual({ 3: 6 });
    expect(heard).toMatchObject({ selected: 0, fallback: 12 });
  });

  test('a selector may say otherwise', () => {
    const selectors = [selector(['version'], { fallback: 'any' })];
    expect(balance(hosts, settings({ selectors })).pick({ version: 'v9' }, 4)).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1 });
    expect(balance(hosts, settings({ selectors, fallback: 'any' })).pick(undefined, 4)).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1 });
    const strict = [selector(['version'], { fallback: 'none' })];
    expect(balance(hosts, settings({ selectors: strict, fallback: 'any' })).pick({ version: 'v9' })).toEqual({ unavailable: 6 });
  });

  test('or ask for fewer keys', () => {
    const selectors = [selector(['stage', 'version'], { fallback: 'keys', fallbackKeys: ['version'] }), selector(['version'], { fallback: 'any' })];
    const { pick } = balance(hosts, settings({ selectors }));
    expect(pick({ version: 'v2', stage: 'canary' })).toEqual({ 3: 6 });
    expect(pick({ version: 'v9', stage: 'canary' }, 4)).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1 });
  });

  test('a fallback that finds nobody may let anybody do', () => {
    const { pick, heard } = balance(hosts, settings({ fallback: 'default', defaultSubset: { version: 'v9' }, panicsToAny: true }));
    expect(pick({ version: 'v8' }, 4)).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1 });
    expect(heard.panic).toBe(4);
  });
});

test('a subset of one takes its first host', () => {
  const selectors = [selector(['version'], { isSingleHost: true })];
  const { pick, heard } = balance(hosts, settings({ selectors }));
  expect(pick({ version: 'v1' })).toEqual({ 1: 6 });
  expect(heard.changes).toEqual([{ active: 2, created: 2, removed: 0, duplicates: 1 }]);
});

test('a list stands for each of its entries, where that is wanted', () => {
  const listed = [host(1, { version: ['v1', 'v2'] }), host(2, { version: 'v2' })];
  expect(balance(listed, settings({ takesListsAsAny: true })).pick({ version: 'v2' })).toEqual({ 1: 3, 2: 3 });
  expect(balance(listed, settings()).pick({ version: 'v2' })).toEqual({ 2: 6 });
  expect(balance(listed, settings()).pick({ version: ['v1', 'v2'] })).toEqual({ 1: 6 });
});

test('subsets come and go with their hosts', () => {
  const { pick, update, heard } = balance(hosts, settings());
  update([host(3, { version: 'v2', stage: 'prod' }), host(5, { version: 'v3' })]);
  expect(pick({ version: 'v1' })).toEqual({ unavailable: 6 });
  expect(pick({ version: 'v3' })).toEqual({ 5: 6 });
  expect(heard.changes).toEqual([
    { active: 5, created: 5, removed: 0, duplicates: 0 },
    { active: 3, created: 1, removed: 3, duplicates: 0 },
  ]);
});

test('health and priority count within a subset as they do among all', () => {
  const { pick } = balance(
    [host(1, { version: 'v1' }, { health: 'unhealthy' }), host(2, { version: 'v1' }), host(3, { version: 'v1' }, { priority: 1 }), host(4, { version: 'v2' })],
    settings(),
  );
  const counts = pick({ version: 'v1' }, 1000);
  expect(Object.keys(counts).sort()).toEqual(['2', '3']);
  // Half of the first priority is healthy: it takes 70 %.
  expect(counts['2']).toBeGreaterThan(640);
  expect(counts['2']).toBeLessThan(760);
});

test('for any hosts and any request: a host is in the subset, or the subset is empty', () => {
  const facts = record({ version: constantFrom('v1', 'v2', 'v3'), stage: constantFrom('prod', 'canary') }, { requiredKeys: [] });
  const specs: readonly PolicySpec[] = [
    roundRobin,
    { kind: 'random' },
    { kind: 'least-request', choiceCount: 2, activeRequestBias: 1 },
    { kind: 'maglev', tableSize: 251, usesHostname: false, balanceFactorPercent: 0 },
  ];
  assert(
    property(array(facts, { maxLength: 12 }), facts, constantFrom(...specs), (all, wanted, spec) => {
      const { pick } = balance(all.map((each, index) => host(index + 1, each)), settings(), spec);
      const keys = Object.keys(wanted);
      const isSelected = keys.includes('version');
      const expected = isSelected ? all.flatMap((each, index) => (keys.every((key) => each[key as 'stage'] === wanted[key as 'stage']) ? [String(index + 1)] : [])) : [];
      const picked = Object.keys(pick(wanted, 20));
      if (expected.length === 0) expect(picked).toEqual(['unavailable']);
      else for (const name of picked) expect(expected).toContain(name);
    }),
    { seed: 7, numRuns: 300 },
  );
});
