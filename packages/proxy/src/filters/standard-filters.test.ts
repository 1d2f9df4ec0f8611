import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { connectionManagerOf } from '@sluice/resources';
import { expect, test } from 'vitest';
import { typeNameOf } from '../config/extensions-of.ts';
import { validateBootstrap } from '../config/validate-bootstrap.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import { loadRegexEngine } from '../router/regex-engine.ts';
import { createTestStream } from '../testing/index.ts';
import { createFilterContexts } from './filter-context.ts';
import { standardFilters } from './standard-filters.ts';

const sample = fileURLToPath(new URL('../../testdata/filters.yaml', import.meta.url));

async function httpFiltersOfSample() {
  const checked = await validateBootstrap({ path: sample }, standardFilters);
  expect(checked.ok).toBe(true);
  expect(checked.problems.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    'warning: has no effect here: peers are not told apart',
    'warning: has no effect here: connections to hosts offer the protocols that their cluster says',
    'warning: has no effect here: Istio’s statistics are not kept',
  ]);
  const listeners = checked.ok ? checked.value.bootstrap.staticResources.listeners : [];
  return listeners.flatMap(({ filterChains }) => connectionManagerOf(filterChains[0]?.filters[0])?.httpFilters ?? []);
}

test('the sample has every filter there is, and what has no effect in it is named', async () => {
  const used = await httpFiltersOfSample();
  expect(used.map(({ typeName }) => typeName).toSorted()).toEqual(standardFilters.map(typeNameOf).toSorted());
});

test('filters that have nothing to do for a request make no promise', async () => {
  const time = new SimulatedTime();
  const createContext = createFilterContexts({ clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() });
  const regexEngine = await loadRegexEngine();
  // The one that asks somebody about every request must wait.
  const used = (await httpFiltersOfSample()).filter(({ typeName }) => !typeName.includes('ext_authz'));
  const filters = used.flatMap(({ name, typeName, config }) => {
    const factory = standardFilters.find((candidate) => typeNameOf(candidate) === typeName);
    return factory ? [factory.create(config, createContext('test', { filterName: name, patterns: createPatternCompiler(regexEngine, '', []) }))] : [];
  });
  expect(filters).toHaveLength(standardFilters.length - 1);
  const stream = createTestStream({ path: '/plain' });
  let promises = 0;
  const hook = createHook({ init: (_id, type) => void (type === 'PROMISE' && (promises += 1)) }).enable();
  const verdicts = filters.map((filter) => filter.onRequest?.(stream) ?? 'continue');
  for (const filter of filters.toReversed()) filter.onResponse?.(stream);
  hook.disable();
  expect([new Set(verdicts), promises]).toEqual([new Set(['continue']), 0]);
});

test('filters that have nothing to do for a request make no object', async () => {
  const worker = new Worker(new URL('../testing/passive-filter-costs.ts', import.meta.url));
  const [costs] = (await once(worker, 'message')) as [readonly (readonly [name: string, bytes: number])[]];
  await worker.terminate();
  expect(costs.length).toBeGreaterThan(10);
  // The smallest object there is takes more.
  expect(costs.filter(([, bytes]) => bytes >= 8)).toEqual([]);
});
