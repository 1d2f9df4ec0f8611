/**
 * A thread that tells what filters allocate, in bytes per request, for requests that are none of their business. An isolate of its
 * own, because what V8 makes of code depends on all that has run it: after other tests, numbers are boxed that are not in a proxy.
 */
import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import { ResponseHead } from '@sluice/http';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { typeNameOf } from '../config/extensions-of.ts';
import { createFilterContexts } from '../filters/filter-context.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import { loadRegexEngine } from '../router/regex-engine.ts';
import { createTestStream } from './test-stream.ts';

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

const rounds = 50_000;
const time = new SimulatedTime();
const createContext = createFilterContexts({ clock: time, timers: time, random: createSeededRandom(1), logger: silentLogger, meter: createMeter() });
const regexEngine = await loadRegexEngine();
const stream = createTestStream({ path: '/plain' });
stream.response = ResponseHead.of(200);

function costOf([name, config]: (typeof passive)[number]): readonly [name: string, bytes: number] {
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
  return [name, Math.round(least)];
}

parentPort?.postMessage(passive.map(costOf), []);
