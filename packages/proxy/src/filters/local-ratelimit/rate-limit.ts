/** One configured limit at work, of the filter or of a route: its buckets, its numbers, and what it adds to heads. */
import type { Clock, Counter } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { compileHeaderAdditions, type HeaderRule } from '../../router/header-rules.ts';
import { happens } from '../chance.ts';
import type { FilterContext } from '../filter.ts';
import { ConnectionBuckets } from './connection-buckets.ts';
import type { LocalRateLimitConfig } from './local-ratelimit-config.ts';
import { TokenBucket, type TokenBucketSize } from './token-bucket.ts';

/** `unlimited`: the limit does not look at this request. `over`: it should be refused, and is not. */
export type RateVerdict = 'unlimited' | 'within' | 'over' | 'refused';

export class RateLimit {
  readonly config: LocalRateLimitConfig;
  /** Absent where the configuration has no bucket: then nothing is limited. */
  readonly #bucketOf: ((stream: Stream) => TokenBucket) | undefined;
  readonly #responseRules: readonly HeaderRule[];
  readonly #requestRules: readonly HeaderRule[];
  readonly #clock: Clock;
  readonly #context: FilterContext;
  readonly #counters: { readonly enabled: Counter; readonly ok: Counter; readonly rateLimited: Counter; readonly enforced: Counter };

  constructor(config: LocalRateLimitConfig, context: FilterContext) {
    const labels = { envoy_local_http_ratelimit_prefix: config.statPrefix };
    const counter = (name: string, help: string): Counter => context.meter.counter(`envoy_http_local_rate_limit_${name}`, help, labels);
    this.config = config;
    this.#context = context;
    this.#clock = context.clock;
    this.#bucketOf = config.bucket && bucketFinder(config.bucket, config.isPerConnection, context.clock);
    this.#responseRules = compileHeaderAdditions(config.responseHeadersToAdd, 'response_headers_to_add', context.patterns);
    this.#requestRules = compileHeaderAdditions(config.requestHeadersToAdd, 'request_headers_to_add_when_not_enforced', context.patterns);
    this.#counters = {
      enabled: counter('enabled', 'requests that were asked for a token'),
      ok: counter('ok', 'requests that had one'),
      rateLimited: counter('rate_limited', 'requests that had none'),
      enforced: counter('enforced', 'requests that were refused for it'),
    };
  }

  judge(stream: Stream): RateVerdict {
    const { enabledRatio, enforcedRatio } = this.config;
    const { random } = this.#context;
    if (!this.#bucketOf || !happens(enabledRatio, random)) return 'unlimited';
    this.#counters.enabled.add();
    if (this.#bucketOf(stream).take(this.#clock.now())) {
      this.#counters.ok.add();
      return 'within';
    }
    this.#counters.rateLimited.add();
    if (!happens(enforcedRatio, random)) return 'over';
    this.#counters.enforced.add();
    return 'refused';
  }

  /** Marks a request that passes though it is over the limit. */
  markRequest({ request, info }: Stream): void {
    for (const rule of this.#requestRules) rule(request, { info, request, response: undefined });
  }

  markRefusal({ request, response, info }: Stream): void {
    if (response) for (const rule of this.#responseRules) rule(response, { info, request, response });
  }

  /** `x-ratelimit-*`, draft-polli-ratelimit-headers-03. */
  tellLimits(stream: Stream): void {
    const bucket = this.#bucketOf?.(stream);
    const { response } = stream;
    if (!bucket || !response) return;
    const now = this.#clock.now();
    response.set('x-ratelimit-limit', String(bucket.size.tokensMax));
    response.set('x-ratelimit-remaining', String(bucket.tokens(now)));
    response.set('x-ratelimit-reset', String(Math.ceil(bucket.nextFillMs(now) / 1000)));
  }
}

function bucketFinder(size: TokenBucketSize, isPerConnection: boolean, clock: Clock): (stream: Stream) => TokenBucket {
  if (isPerConnection) {
    const buckets = new ConnectionBuckets(size);
    return ({ info }) => buckets.of(info.connectionId, clock.now());
  }
  const bucket = new TokenBucket(size, clock.now());
  return () => bucket;
}
