/** One configured limit at work, of the filter or of a route: its buckets, its numbers, and what it adds to heads. */
import type { Clock, Counter } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import type { RateLimitDescriptor } from '../../rate-limit-rule.ts';
import { compileHeaderAdditions, type HeaderRule } from '../../router/header-rules.ts';
import { compileRateLimits } from '../../router/rate-limits.ts';
import { happens } from '../chance.ts';
import type { FilterContext } from '../filter.ts';
import { descriptorsOf, type DescriptorOptions } from '../ratelimit/descriptors.ts';
import { BucketSet } from './bucket-set.ts';
import { ConnectionBuckets } from './connection-buckets.ts';
import type { LocalRateLimitConfig } from './local-ratelimit-config.ts';
import type { TokenBucket } from './token-bucket.ts';

/** `unlimited`: the limit does not look at this request. `over`: it should be refused, and is not. */
export type RateVerdict = 'unlimited' | 'within' | 'over' | 'refused';

/** The bucket that said so, where one did. */
export interface RateJudgement {
  readonly verdict: RateVerdict;
  readonly bucket: TokenBucket | undefined;
}

const unlimited: RateJudgement = { verdict: 'unlimited', bucket: undefined };

export class RateLimit {
  readonly config: LocalRateLimitConfig;
  /** Absent where the configuration has no bucket: then nothing is limited. */
  readonly #bucketsOf: ((stream: Stream) => BucketSet) | undefined;
  /** What requests are counted by; undefined where nobody asks. */
  readonly #descriptors: DescriptorOptions | undefined;
  readonly #responseRules: readonly HeaderRule[];
  readonly #requestRules: readonly HeaderRule[];
  readonly #clock: Clock;
  readonly #context: FilterContext;
  readonly #counters: { readonly enabled: Counter; readonly ok: Counter; readonly rateLimited: Counter; readonly enforced: Counter };

  constructor(config: LocalRateLimitConfig, context: FilterContext) {
    const labels = { envoy_local_http_ratelimit_prefix: config.statPrefix };
    const counter = (name: string, help: string): Counter => context.meter.counter(`envoy_http_local_rate_limit_${name}`, help, labels);
    const { bucket, descriptors, stage, hostLimits, rateLimits } = config;
    this.config = config;
    this.#context = context;
    this.#clock = context.clock;
    this.#bucketsOf = bucket || descriptors.length > 0 ? bucketFinder(config, context.clock) : undefined;
    const ownRules = compileRateLimits(rateLimits, 'rate_limits', context.patterns);
    this.#descriptors = descriptors.length === 0 ? undefined : { stage, hostLimits, ownRules, nodeCluster: context.health.nodeCluster };
    this.#responseRules = compileHeaderAdditions(config.responseHeadersToAdd, 'response_headers_to_add', context.patterns);
    this.#requestRules = compileHeaderAdditions(config.requestHeadersToAdd, 'request_headers_to_add_when_not_enforced', context.patterns);
    this.#counters = {
      enabled: counter('enabled', 'requests that were asked for a token'),
      ok: counter('ok', 'requests that had one'),
      rateLimited: counter('rate_limited', 'requests that had none'),
      enforced: counter('enforced', 'requests that were refused for it'),
    };
  }

  judge(stream: Stream): RateJudgement {
    const { enabledRatio, enforcedRatio } = this.config;
    const { random } = this.#context;
    if (!this.#bucketsOf || !happens(enabledRatio, random)) return unlimited;
    this.#counters.enabled.add();
    const descriptors = this.#descriptors ? descriptorsOf(stream, this.#descriptors) : noDescriptors;
    const { isAllowed, bucket } = this.#bucketsOf(stream).take(descriptors, this.#clock.now());
    if (isAllowed) {
      this.#counters.ok.add();
      return this.config.tellsLimits ? { verdict: 'within', bucket } : within;
    }
    this.#counters.rateLimited.add();
    if (!happens(enforcedRatio, random)) return { verdict: 'over', bucket };
    this.#counters.enforced.add();
    return { verdict: 'refused', bucket };
  }

  /** Marks a request that passes though it is over the limit. */
  markRequest({ request, info }: Stream): void {
    for (const rule of this.#requestRules) rule(request, { info, request, response: undefined });
  }

  markRefusal({ request, response, info }: Stream): void {
    if (response) for (const rule of this.#responseRules) rule(response, { info, request, response });
  }

  /** `x-ratelimit-*`, draft-polli-ratelimit-headers-03. */
  tellLimits({ response }: Stream, bucket: TokenBucket): void {
    if (!response) return;
    const now = this.#clock.now();
    response.set('x-ratelimit-limit', String(bucket.size.tokensMax));
    response.set('x-ratelimit-remaining', String(bucket.tokens(now)));
    response.set('x-ratelimit-reset', String(Math.ceil(bucket.nextFillMs(now) / 1000)));
  }
}

const noDescriptors: readonly RateLimitDescriptor[] = [];
const within: RateJudgement = { verdict: 'within', bucket: undefined };

function bucketFinder(config: LocalRateLimitConfig, clock: Clock): (stream: Stream) => BucketSet {
  if (config.isPerConnection) {
    const buckets = new ConnectionBuckets(config);
    return ({ info }) => buckets.of(info.connectionId, clock.now());
  }
  const buckets = new BucketSet(config, clock.now());
  return () => buckets;
}
