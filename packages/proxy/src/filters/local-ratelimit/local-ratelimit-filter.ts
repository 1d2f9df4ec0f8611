/**
 * `envoy.filters.http.local_ratelimit`: so many requests per time in this process, or per connection. A route's limit
 * stands instead of the filter's and has buckets of its own.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter
 */
import type { Stream } from '../../stream.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { decodeLocalRateLimit, decodeRouteRateLimit, localRateLimitTypeUrl, type LocalRateLimitConfig } from './local-ratelimit-config.ts';
import { RateLimit, type RateJudgement } from './rate-limit.ts';

export const localRateLimitFactory: FilterFactory = defineFilter<LocalRateLimitConfig>({
  name: 'envoy.filters.http.local_ratelimit',
  typeUrl: localRateLimitTypeUrl,
  decode: decodeLocalRateLimit,
  create: (config, context) => new LocalRateLimitFilter(new RateLimit(config, context), context),
  perRoute: definePerRoute<LocalRateLimitConfig>({
    typeUrl: localRateLimitTypeUrl,
    decode: decodeRouteRateLimit,
    create: (config, context) => new RateLimit(config, context),
  }),
});

/** Envoy's words, for the body and RESPONSE_CODE_DETAILS. */
const limited = 'local_rate_limited';

/** `RESOURCE_EXHAUSTED`. */
const resourceExhausted = 8;

class LocalRateLimitFilter implements HttpFilter {
  readonly name: string;
  readonly #limit: RateLimit;
  /** Of streams whose responses have something to say. */
  readonly #judgements: StreamSlot<RateJudgement>;

  constructor(limit: RateLimit, { filterName, slot }: FilterContext) {
    this.name = filterName;
    this.#limit = limit;
    this.#judgements = slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const limit = this.#limitOf(stream);
    const judgement = limit.judge(stream);
    const { verdict } = judgement;
    if (verdict === 'unlimited') return 'continue';
    if (limit.config.tellsLimits || verdict === 'refused') this.#judgements.set(stream, judgement);
    if (verdict === 'over') limit.markRequest(stream);
    if (verdict !== 'refused') return 'continue';
    const { status, isResourceExhausted } = limit.config;
    stream.reply({ status, body: limited, details: limited, flag: 'RL', ...(isResourceExhausted ? { grpcStatus: resourceExhausted } : {}) });
    return 'replied';
  }

  onResponse(stream: Stream): void {
    const judgement = this.#judgements.get(stream);
    if (judgement === undefined) return;
    const limit = this.#limitOf(stream);
    if (judgement.verdict === 'refused') limit.markRefusal(stream);
    if (limit.config.tellsLimits && judgement.bucket) limit.tellLimits(stream, judgement.bucket);
  }

  #limitOf(stream: Stream): RateLimit {
    return routeConfigOf<RateLimit>(stream, this.name) ?? this.#limit;
  }
}
