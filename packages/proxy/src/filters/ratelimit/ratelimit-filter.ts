/**
 * `envoy.filters.http.ratelimit`: asks a service whether a request is one too many, by what its route counts it by.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rate_limit_filter
 */
import { isFieldName, isFieldValue, type HeaderBlock } from '@sluice/http';
import type { Logger, Meter } from '@sluice/kernel';
import { callUnary, type UnaryResult } from '../../grpc/grpc-unary.ts';
import type { RateLimitRule } from '../../rate-limit-rule.ts';
import { compileHeaderAdditions, type HeaderRule } from '../../router/header-rules.ts';
import { compileRateLimits } from '../../router/rate-limits.ts';
import type { Stream } from '../../stream.ts';
import type { AsyncCall, AsyncClient } from '../../upstream/async-client.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { descriptorsOf, type HostLimitsMode } from './descriptors.ts';
import { decodeRateLimit, decodeRateLimitPerRoute, type RateLimitConfig, type RateLimitPerRoute } from './ratelimit-config.ts';
import { decodeRateLimitResponse, encodeRateLimitRequest, type LimitStatus, type RateLimitAnswer } from './rls-messages.ts';

interface RouteSettings {
  readonly hostLimits: HostLimitsMode;
  readonly ownRules: readonly RateLimitRule[];
  readonly domain: string;
}

export const rateLimitFactory: FilterFactory = defineFilter<RateLimitConfig>({
  name: 'envoy.filters.http.ratelimit',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit',
  decode: decodeRateLimit,
  create: (config, context) => new RateLimitFilter(config, context),
  perRoute: definePerRoute<RateLimitPerRoute>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute',
    decode: decodeRateLimitPerRoute,
    create: ({ hostLimits, rateLimits, domain }, { patterns }): RouteSettings => ({ hostLimits, domain, ownRules: compileRateLimits(rateLimits, 'rate_limits', patterns) }),
  }),
});

const path = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
const metadataNamespace = 'envoy.filters.http.ratelimit';
const noSettings: RouteSettings = { hostLimits: 'OVERRIDE', ownRules: [], domain: '' };

/** `RESOURCE_EXHAUSTED`. */
const resourceExhausted = 8;

type CounterName = 'ok' | 'over_limit' | 'error' | 'failure_mode_allowed';

class RateLimitFilter implements HttpFilter {
  readonly name: string;
  readonly #config: RateLimitConfig;
  readonly #upstreams: AsyncClient;
  readonly #nodeCluster: string;
  readonly #meter: Meter;
  readonly #logger: Logger;
  readonly #refusalRules: readonly HeaderRule[];
  readonly #calls: StreamSlot<AsyncCall>;
  /** Of streams whose responses have something to say. */
  readonly #answers: StreamSlot<RateLimitAnswer>;

  constructor(config: RateLimitConfig, context: FilterContext) {
    this.name = context.filterName;
    this.#config = config;
    this.#upstreams = context.upstreams;
    this.#nodeCluster = context.health.nodeCluster;
    this.#meter = context.meter;
    this.#logger = context.logger;
    this.#refusalRules = compileHeaderAdditions(config.responseHeadersToAdd, 'response_headers_to_add', context.patterns);
    this.#calls = context.slot();
    this.#answers = context.slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const { route, request } = stream;
    if (route?.action.kind !== 'forward' || !this.#concerns(request)) return 'continue';
    const { domain, stage, service } = this.#config;
    const settings = routeConfigOf<RouteSettings>(stream, this.name) ?? noSettings;
    const descriptors = descriptorsOf(stream, { ...settings, stage, nodeCluster: this.#nodeCluster });
    if (descriptors.length === 0) return 'continue';
    const message = encodeRateLimitRequest(settings.domain || domain, descriptors);
    const call = callUnary(this.#upstreams, { ...service, path, message }, (result) => {
      if (stream.isActive) this.#conclude(stream, result);
    });
    if (stream.isActive) this.#calls.set(stream, call);
    return 'wait';
  }

  onResponse(stream: Stream): void {
    const answer = this.#answers.get(stream);
    const { response, request, info } = stream;
    if (!answer || !response) return;
    addHeaders(response, answer.responseHeaders);
    if (this.#config.tellsLimits) tellLimits(response, answer.statuses);
    if (!answer.isOverLimit) return;
    if (this.#config.marksRefusals) response.set('x-envoy-ratelimited', 'true');
    for (const rule of this.#refusalRules) rule(response, { info, request, response });
  }

  onEnd(stream: Stream): void {
    this.#calls.get(stream)?.cancel();
  }

  #concerns(request: HeaderBlock): boolean {
    const { requestType } = this.#config;
    return requestType === 'both' || (request.get('x-envoy-internal') === 'true') === (requestType === 'internal');
  }

  #conclude(stream: Stream, result: UnaryResult): void {
    const answer = readAnswer(result);
    if (typeof answer === 'string') return this.#fail(stream, answer);
    if (answer.metadata) stream.info.addMetadata(metadataNamespace, answer.metadata);
    this.#answers.set(stream, answer);
    this.#count(stream, answer.isOverLimit ? 'over_limit' : 'ok');
    if (!answer.isOverLimit) {
      addHeaders(stream.request, answer.requestHeaders);
      return stream.continueRequest();
    }
    const { status, isResourceExhausted } = this.#config;
    stream.reply({ status, body: answer.body, details: 'request_rate_limited', flag: 'RL', ...(isResourceExhausted ? { grpcStatus: resourceExhausted } : {}) });
  }

  #fail(stream: Stream, reason: string): void {
    const { deniesOnFailure, statusOnError } = this.#config;
    this.#logger.debug('rate limit not asked', { filter: this.name, reason });
    this.#count(stream, 'error');
    if (deniesOnFailure) return stream.reply({ status: statusOnError, details: 'rate_limiter_error', flag: 'RLSE' });
    this.#count(stream, 'failure_mode_allowed');
    stream.continueRequest();
  }

  /** By the cluster that the request is for, as Envoy counts. */
  #count({ route }: Stream, name: CounterName): void {
    const { statPrefix } = this.#config;
    const cluster = route?.action.kind === 'forward' ? route.action.clusterName : '';
    const scope = statPrefix === '' ? '' : `${statPrefix.replaceAll(/\W/g, '_')}_`;
    this.#meter.counter(`envoy_cluster_ratelimit_${scope}${name}`, 'requests, by what the rate limit service said', { envoy_cluster_name: cluster }).add();
  }
}

function readAnswer(result: UnaryResult): RateLimitAnswer | string {
  if (result.kind === 'failed') return result.reason;
  try {
    return decodeRateLimitResponse(result.message);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Lines that would break the message are left out. */
function addHeaders(head: HeaderBlock, lines: readonly (readonly [name: string, value: string])[]): void {
  for (const [name, value] of lines) if (isFieldName(name) && isFieldValue(value) && name !== 'host') head.add(name, value);
}

/** `x-ratelimit-*`, draft-polli-ratelimit-headers-03: of the limit that is nearest, and the windows of all. */
function tellLimits(head: HeaderBlock, statuses: readonly LimitStatus[]): void {
  const nearest = statuses.reduce<LimitStatus | undefined>((least, status) => (least && least.remaining <= status.remaining ? least : status), undefined);
  if (!nearest) return;
  const windows = statuses.filter(({ windowSeconds }) => windowSeconds > 0).map(({ requestsPerUnit, windowSeconds, name }) => `, ${requestsPerUnit};w=${windowSeconds}${name === '' ? '' : `;name="${name.replaceAll(/[^\x20-\x7e]|"/g, '')}"`}`);
  head.set('x-ratelimit-limit', `${nearest.requestsPerUnit}${windows.join('')}`);
  head.set('x-ratelimit-remaining', String(nearest.remaining));
  head.set('x-ratelimit-reset', String(nearest.resetSeconds));
}
