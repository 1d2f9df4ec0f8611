/** `envoy.extensions.filters.http.ratelimit.v3.RateLimit` and `RateLimitPerRoute`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, type DecodeOptions, type GrpcServiceConfig, type HeaderValueOption, MessageReader, type RateLimit, readGrpcService, readHeaderValueOptions, readRateLimit, type Scope } from '@sluice/resources';
import { readHttpStatus } from '../http-status.ts';
import { hostLimitsModes, type HostLimitsMode } from './descriptors.ts';

export interface RateLimitConfig {
  readonly domain: string;
  readonly stage: number;
  /** Which requests it concerns, by whether they come from inside (`x-envoy-internal`). */
  readonly requestType: 'internal' | 'external' | 'both';
  readonly service: GrpcServiceConfig;
  /** Refuses requests when the service does not answer. Default false, as Envoy. */
  readonly deniesOnFailure: boolean;
  readonly isResourceExhausted: boolean;
  readonly tellsLimits: boolean;
  /** Whether refusals are marked with `x-envoy-ratelimited`. */
  readonly marksRefusals: boolean;
  /** Of refusals. Default 429, also for whatever is below 400. */
  readonly status: number;
  /** When the service has failed and that refuses. Default 500. */
  readonly statusOnError: number;
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  /** Between `ratelimit` and the names of statistics; may be empty. */
  readonly statPrefix: string;
}

export interface RateLimitPerRoute {
  readonly hostLimits: HostLimitsMode;
  readonly rateLimits: readonly RateLimit[];
  /** Empty: the filter's. */
  readonly domain: string;
}

/** Envoy's. */
const defaultTimeoutMs = 20;
const stageMax = 10;

export function decodeRateLimit(value: unknown, path: string, options?: DecodeOptions): Checked<RateLimitConfig> {
  return decodeDocument(value, path, options, readConfig);
}

export function decodeRateLimitPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<RateLimitPerRoute> {
  return decodeDocument(value, path, options, (json, scope) => {
    const reader = MessageReader.open(json, scope);
    if (!reader) return undefined;
    const config: RateLimitPerRoute = {
      hostLimits: reader.enum('vh_rate_limits', hostLimitsModes, 'OVERRIDE'),
      rateLimits: reader.list('rate_limits', readRateLimit),
      domain: reader.string('domain', ''),
    };
    reader.enum('override_option', ['DEFAULT'], 'DEFAULT');
    reader.done();
    return config;
  });
}

function readConfig(json: unknown, scope: Scope): RateLimitConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const timeoutMs = reader.durationMs('timeout', defaultTimeoutMs);
  const service = reader.required('rate_limit_service', (inner, at) => {
    const config = MessageReader.open(inner, at);
    const grpc = config?.required('grpc_service', (target, where) => readGrpcService(target, where, timeoutMs));
    config?.has('transport_api_version');
    config?.done();
    return grpc;
  });
  const status = reader.read('rate_limited_status', readHttpStatus) ?? 429;
  const requestType = reader.enum('request_type', ['internal', 'external', 'both', ''], 'both');
  const config = {
    domain: reader.requiredString('domain'),
    stage: reader.uint32('stage', 0, { max: stageMax }),
    requestType: requestType === '' ? ('both' as const) : requestType,
    deniesOnFailure: reader.boolean('failure_mode_deny', false),
    isResourceExhausted: reader.boolean('rate_limited_as_resource_exhausted', false),
    tellsLimits: reader.enum('enable_x_ratelimit_headers', ['OFF', 'DRAFT_VERSION_03'], 'OFF') === 'DRAFT_VERSION_03',
    marksRefusals: !reader.boolean('disable_x_envoy_ratelimited_header', false),
    status: status < 400 ? 429 : status,
    statusOnError: reader.read('status_on_error', readHttpStatus) ?? 500,
    responseHeadersToAdd: readHeaderValueOptions(reader, 'response_headers_to_add'),
    statPrefix: reader.string('stat_prefix', ''),
  };
  reader.refuse(['filter_enabled', 'filter_enforced', 'failure_mode_deny_percent', 'rate_limits']);
  reader.done();
  // The filter's own timeout is the one that counts, as in Envoy.
  return service && { service: { ...service, timeoutMs }, ...config };
}
