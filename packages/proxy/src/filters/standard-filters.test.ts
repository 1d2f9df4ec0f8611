import { createHook } from 'node:async_hooks';
import { getHeapStatistics } from 'node:v8';
import { fileURLToPath } from 'node:url';
import { ResponseHead } from '@sluice/http';
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

/** Filters whose business is with some requests only, configured to have one; the requests are others. */
const passive = [
  ['buffer.v3.Buffer', { max_request_bytes: 100 }],
  ['cors.v3.Cors', {}],
  ['fault.v3.HTTPFault', { abort: { http_status: 503, percentage: { numerator: 0 } } }],
  ['grpc_stats.v3.FilterConfig', { stats_for_all_methods: true }],
  ['grpc_web.v3.GrpcWeb', {}],
  ['header_mutation.v3.HeaderMutation', { mutations: { request_mutations: [{ remove: 'x-never' }] } }],
  ['health_check.v3.HealthCheck', { pass_through_mode: false, headers: [{ name: ':path', string_match: { exact: '/healthz' } }] }],
  ['jwt_authn.v3.JwtAuthentication', { providers: {}, rules: [{ match: { prefix: '/account' } }] }],
  ['local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'a', token_bucket: { max_tokens: 1_000_000_000, fill_interval: '60s' }, filter_enabled: { default_value: { numerator: 100 } } }],
  ['on_demand.v3.OnDemand', { odcds: { source: { ads: {} } } }],
  ['rbac.v3.RBAC', { rules: { action: 'DENY', policies: { admin: { permissions: [{ header: { name: ':path', string_match: { prefix: '/admin' } } }], principals: [{ any: true }] } } } }],
  ['ratelimit.v3.RateLimit', { domain: 'a', rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: 'a' } } } }],
  ['stateful_session.v3.StatefulSession', {}],
] as const;

test('filters that have nothing to do for a request make no object', async () => {
  const time = new SimulatedTime();
  const createContext = createFilterContexts({ clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() });
  const regexEngine = await loadRegexEngine();
  const stream = createTestStream({ path: '/plain' });
  stream.response = ResponseHead.of(200);
  const rounds = 50_000;
  const costs = passive.map(([name, config]) => {
    const factory = standardFilters.find((candidate) => typeNameOf(candidate) === `envoy.extensions.filters.http.${name}`);
    const decoded = factory?.decode(config, '');
    if (!factory || !decoded?.ok) throw new Error(`${name}: ${JSON.stringify(decoded)}`);
    const filter = factory.create(decoded.value, createContext('test', { filterName: name, patterns: createPatternCompiler(regexEngine, '', []) }));
    const ask = (): void => {
      for (let round = 0; round < rounds; round += 1) {
        filter.onRequest?.(stream);
        filter.onResponse?.(stream);
      }
    };
    // The least of several is what it costs: until it is compiled it costs more, and the compiler works in between.
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 40 && Math.round(least) >= 8; round += 1) {
      const before = getHeapStatistics().total_allocated_bytes ?? 0;
      ask();
      least = Math.min(least, ((getHeapStatistics().total_allocated_bytes ?? 0) - before) / rounds);
    }
    return [name, Math.round(least)] as const;
  });
  // The smallest object there is takes more.
  expect(costs.filter(([, bytes]) => bytes >= 8)).toEqual([]);
});
