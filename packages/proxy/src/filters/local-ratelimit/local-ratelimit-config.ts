/** `envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit`, on the filter or on a route. */
import type { Checked } from '@sluice/kernel';
import {
  decodeDocument,
  MessageReader,
  readHeaderValueOptions,
  readRateLimit,
  readRuntimeFraction,
  type DecodeOptions,
  type HeaderValueOption,
  type RateLimit,
  type Scope,
} from '@sluice/resources';
import type { RateLimitEntry } from '../../rate-limit-rule.ts';
import { readHttpStatus } from '../http-status.ts';
import { hostLimitsModes, type HostLimitsMode } from '../ratelimit/descriptors.ts';
import type { TokenBucketSize } from './token-bucket.ts';

export const localRateLimitTypeUrl = 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

export interface LocalRateLimitConfig {
  /** In the names of its statistics. */
  readonly statPrefix: string;
  /** Of refusals. Default 429, also for whatever is below 400. */
  readonly status: number;
  /** Of all requests. Undefined limits none but those that descriptors name. */
  readonly bucket: TokenBucketSize | undefined;
  readonly descriptors: readonly DescriptorLimit[];
  readonly dynamicDescriptorsMax: number;
  readonly alwaysTakesCommon: boolean;
  /** Which of the limits of routes are for this filter. */
  readonly stage: number;
  readonly hostLimits: HostLimitsMode;
  /** What requests are counted by, in place of what routes say. */
  readonly rateLimits: readonly RateLimit[];
  /** Share of requests that take a token. Default 0, as Envoy. */
  readonly enabledRatio: number;
  /** Share of those without a token that are refused. Default 0, as Envoy. */
  readonly enforcedRatio: number;
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  /** For the upstream, of requests that should have been refused and were not. */
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly isPerConnection: boolean;
  /** Whether responses tell how many tokens are left. */
  readonly tellsLimits: boolean;
  /** Tells gRPC clients RESOURCE_EXHAUSTED instead of UNAVAILABLE. */
  readonly isResourceExhausted: boolean;
}

/** A bucket for requests of which a descriptor has these entries. */
export interface DescriptorLimit {
  /** A value that is empty is open: each value has a bucket of its own. */
  readonly entries: readonly RateLimitEntry[];
  readonly isOpen: boolean;
  readonly bucket: TokenBucketSize;
}

export function decodeLocalRateLimit(value: unknown, path: string, options?: DecodeOptions): Checked<LocalRateLimitConfig> {
  return decodeDocument(value, path, options, readLocalRateLimit);
}

/** On a route it must limit something, as in Envoy. */
export function decodeRouteRateLimit(value: unknown, path: string, options?: DecodeOptions): Checked<LocalRateLimitConfig> {
  return decodeDocument(value, path, options, (json, scope) => {
    const config = readLocalRateLimit(json, scope);
    if (config && !config.bucket && config.descriptors.length === 0 && !scope.hasErrors) scope.at('token_bucket').error('is required on a route');
    return config;
  });
}

function readLocalRateLimit(json: unknown, scope: Scope): LocalRateLimitConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const status = reader.read('status', readHttpStatus) ?? 429;
  const config: LocalRateLimitConfig = {
    statPrefix: reader.requiredString('stat_prefix'),
    status: status < 400 ? 429 : status,
    bucket: reader.read('token_bucket', readTokenBucket),
    descriptors: reader.list('descriptors', readDescriptor),
    dynamicDescriptorsMax: reader.uint32('max_dynamic_descriptors', defaultDynamicDescriptorsMax, { min: 1 }),
    alwaysTakesCommon: reader.boolean('always_consume_default_token_bucket', true),
    stage: reader.uint32('stage', 0, { max: 10 }),
    hostLimits: reader.enum('vh_rate_limits', hostLimitsModes, 'OVERRIDE'),
    rateLimits: reader.list('rate_limits', readRateLimit),
    enabledRatio: reader.read('filter_enabled', readRuntimeFraction) ?? 0,
    enforcedRatio: reader.read('filter_enforced', readRuntimeFraction) ?? 0,
    responseHeadersToAdd: readHeaderValueOptions(reader, 'response_headers_to_add'),
    requestHeadersToAdd: readHeaderValueOptions(reader, 'request_headers_to_add_when_not_enforced'),
    isPerConnection: reader.boolean('local_rate_limit_per_downstream_connection', false),
    tellsLimits: reader.enum('enable_x_ratelimit_headers', ['OFF', 'DRAFT_VERSION_03'], 'OFF') === 'DRAFT_VERSION_03',
    isResourceExhausted: reader.boolean('rate_limited_as_resource_exhausted', false),
  };
  reader.refuse(['local_cluster_rate_limit']);
  reader.done();
  return config;
}

/** Envoy's. */
const defaultDynamicDescriptorsMax = 20;

function readDescriptor(json: unknown, scope: Scope): DescriptorLimit | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const entries = reader.list('entries', (inner, at) => {
    const entry = MessageReader.open(inner, at);
    const read = entry && { key: entry.requiredString('key'), value: entry.string('value', '') };
    entry?.done();
    return read;
  });
  if (entries.length === 0 && !scope.hasErrors) scope.at('entries').error('must name at least one entry');
  const bucket = reader.required('token_bucket', readTokenBucket);
  reader.done();
  return bucket && { entries, isOpen: entries.some(({ value }) => value === ''), bucket };
}

/** Envoy's: shorter ones would be a timer's noise. */
const fillIntervalMsMin = 50;

/** `envoy.type.v3.TokenBucket`, within the limits of rate limits. */
export function readTokenBucket(json: unknown, scope: Scope): TokenBucketSize | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const tokensMax = reader.uint32('max_tokens', 0, { min: 1 });
  if (!reader.has('max_tokens')) scope.at('max_tokens').error('is required');
  const tokensPerFill = reader.uint32('tokens_per_fill', 1, { min: 1 });
  const fillIntervalMs = reader.durationMs('fill_interval', 0);
  if (fillIntervalMs < fillIntervalMsMin) scope.at('fill_interval').error(`is ${fillIntervalMs / 1000}s, must be at least 0.05s`);
  reader.done();
  return { tokensMax, tokensPerFill, fillIntervalMs };
}
