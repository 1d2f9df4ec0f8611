/** `envoy.filters.network.local_ratelimit`: each new connection takes a token, or is closed. */
import type { Clock, Counter, Meter } from '@sluice/kernel';
import { MessageReader, type Scope } from '@sluice/resources';
import { readTokenBucket } from '../../filters/local-ratelimit/local-ratelimit-config.ts';
import { TokenBucket, type TokenBucketSize } from '../../filters/local-ratelimit/token-bucket.ts';
import type { ConnectionGate } from '../connection-gate.ts';
import { defineNetworkFilter } from '../network-filter.ts';
import { readFeatureFlag } from './feature-flag.ts';

export interface NetworkRateLimitConfig {
  readonly statPrefix: string;
  readonly bucket: TokenBucketSize;
  readonly isEnabled: boolean;
}

export const networkRateLimitTypeName = 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit';

export const networkRateLimitFactory = defineNetworkFilter<NetworkRateLimitConfig>({
  typeName: networkRateLimitTypeName,
  isTerminal: false,
  read: readRateLimit,
  create: (config, { meter, clock }) => ({ kind: 'gate', gate: new NetworkRateLimit(config, meter, clock) }),
});

function readRateLimit(json: unknown, scope: Scope): NetworkRateLimitConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const statPrefix = reader.requiredString('stat_prefix');
  const bucket = reader.required('token_bucket', readTokenBucket);
  const isEnabled = reader.read('runtime_enabled', readFeatureFlag) ?? true;
  reader.refuse(['share_key']);
  reader.done();
  return bucket && { statPrefix, bucket, isEnabled };
}

class NetworkRateLimit implements ConnectionGate {
  readonly #bucket: TokenBucket;
  readonly #isEnabled: boolean;
  readonly #clock: Clock;
  readonly #limited: Counter;

  constructor({ statPrefix, bucket, isEnabled }: NetworkRateLimitConfig, meter: Meter, clock: Clock) {
    this.#bucket = new TokenBucket(bucket, clock.now());
    this.#isEnabled = isEnabled;
    this.#clock = clock;
    this.#limited = meter.counter('envoy_local_rate_limit_rate_limited', 'connections closed because there was no token', { envoy_local_ratelimit_prefix: statPrefix });
  }

  admit(): boolean {
    if (!this.#isEnabled || this.#bucket.take(this.#clock.now())) return true;
    this.#limited.add();
    return false;
  }
}
