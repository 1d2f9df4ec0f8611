/**
 * `envoy.filters.http.health_check`: answers those who ask whether this proxy should get traffic, by its own state and
 * that of its clusters, or by what the upstream said.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/health_check_filter
 */
import type { Clock, Counter } from '@sluice/kernel';
import type { HeadTest } from '../../router/head-test.ts';
import type { Stream } from '../../stream.ts';
import { defineFilter, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { compileHeaderMatchers } from '../header-tests.ts';
import type { ProxyHealth } from '../proxy-health.ts';
import { decodeHealthCheck, type HealthCheckConfig } from './health-check-config.ts';

export const healthCheckFactory: FilterFactory = defineFilter<HealthCheckConfig>({
  name: 'envoy.filters.http.health_check',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck',
  decode: decodeHealthCheck,
  create: (config, context) => new HealthCheckFilter(config, context),
});

interface Answer {
  readonly status: number;
  /** RESPONSE_CODE_DETAILS, and the counter. */
  readonly details: string;
}

/** What the upstream said, until when it counts. */
interface CachedAnswer {
  readonly status: number;
  readonly validUntil: number;
}

const answers = {
  ok: 'health_check_ok',
  failed: 'health_check_failed',
  cached_response: 'health_check_cached',
  failed_cluster_not_found: 'health_check_failed_no_cluster_found',
  failed_cluster_empty: 'health_check_failed_cluster_empty',
  failed_cluster_unhealthy: 'health_check_failed_cluster_unhealthy',
} as const;

type AnswerKind = keyof typeof answers;

class HealthCheckFilter implements HttpFilter {
  readonly name: string;
  readonly #config: HealthCheckConfig;
  readonly #matches: HeadTest;
  readonly #health: ProxyHealth;
  readonly #clock: Clock;
  readonly #counters: Readonly<Record<AnswerKind | 'request_total', Counter>>;
  /** Set for streams that are health checks. */
  readonly #checks: StreamSlot<true>;
  #cached: CachedAnswer | undefined;

  constructor(config: HealthCheckConfig, { filterName, statPrefix, clock, meter, health, patterns, slot }: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const counter = (name: string): Counter => meter.counter(`envoy_http_health_check_${name}`, 'health checks, by how they were answered', labels);
    this.name = filterName;
    this.#config = config;
    this.#matches = compileHeaderMatchers(config.headers, 'headers', patterns);
    this.#health = health;
    this.#clock = clock;
    this.#checks = slot();
    this.#counters = {
      request_total: counter('request_total'),
      ok: counter('ok'),
      failed: counter('failed'),
      cached_response: counter('cached_response'),
      failed_cluster_not_found: counter('failed_cluster_not_found'),
      failed_cluster_empty: counter('failed_cluster_empty'),
      failed_cluster_unhealthy: counter('failed_cluster_unhealthy'),
    };
  }

  onRequest(stream: Stream): FilterVerdict {
    if (!this.#matches(stream.request)) return 'continue';
    this.#checks.set(stream, true);
    stream.info.isHealthCheck = true;
    this.#counters.request_total.add();
    const answer = this.#answer();
    if (!answer) return 'continue';
    const isWell = answer.status >= 200 && answer.status < 300;
    stream.reply({ status: answer.status, details: answer.details, ...(isWell ? {} : { flag: 'LH' as const }) });
    return 'replied';
  }

  onResponse(stream: Stream): void {
    const { response } = stream;
    if (!response) return;
    if (this.#checks.get(stream) === undefined) {
      // Those who check us by the way hear of it with any response.
      if (this.#health.isFailing()) response.set('x-envoy-immediate-health-check-fail', 'true');
      return;
    }
    const { cacheMs } = this.#config;
    const now = this.#clock.now();
    const cameFromUpstream = stream.info.responseStartAt > 0;
    if (cacheMs > 0 && cameFromUpstream) this.#cached = { status: response.status, validUntil: now + cacheMs };
    if (this.#health.nodeCluster !== '') response.set('x-envoy-upstream-healthchecked-cluster', this.#health.nodeCluster);
  }

  /** Undefined leaves it to the upstream. */
  #answer(): Answer | undefined {
    if (this.#health.isFailing()) return this.#counted('failed', 503);
    if (!this.#config.passesThrough) return this.#answerByClusters();
    const cached = this.#cached;
    return cached && this.#clock.now() < cached.validUntil ? this.#counted('cached_response', cached.status) : undefined;
  }

  #answerByClusters(): Answer {
    for (const [name, ratio] of this.#config.minHealthyRatios) {
      const hosts = this.#health.hostsOf(name);
      if (!hosts) return this.#counted('failed_cluster_not_found', 503);
      // An empty cluster is only well where nothing is asked of it.
      if (hosts.total === 0 && ratio > 0) return this.#counted('failed_cluster_empty', 503);
      if (hosts.healthy < hosts.total * ratio) return this.#counted('failed_cluster_unhealthy', 503);
    }
    return this.#counted('ok', 200);
  }

  #counted(kind: AnswerKind, status: number): Answer {
    this.#counters[kind].add();
    return { status, details: answers[kind] };
  }
}
