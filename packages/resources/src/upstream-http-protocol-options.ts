/** `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`: how a cluster's hosts are spoken to. */
import { readAutoSni, type AutoSni } from './auto-sni.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readHashPolicy, type HashPolicy } from './hash-policy.ts';
import { readResponsePredicate, type ResponsePredicate } from './match-predicate.ts';
import { readRequestMirrorPolicy, type RequestMirrorPolicy } from './request-mirror-policy.ts';
import { readRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { defaultHttp2ProtocolOptions, readHttp2ProtocolOptions, type Http2ProtocolOptions } from './http2-protocol-options.ts';

export const upstreamHttpProtocolOptionsTypeName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export interface UpstreamHttpProtocolOptions {
  /** Closes a connection that nobody uses after this long; 0 never. Default 3 600 000, as Envoy. */
  readonly idleTimeoutMs: number;
  /** A connection ends after this many requests; 0 is without limit. */
  readonly requestsPerConnectionMax: number;
  /** Retires a connection this long after it was opened, when its requests are done. Absent: never. */
  readonly connectionDurationMaxMs?: number | undefined;
  /** How long a request and its response may take on a connection. Absent: without limit. */
  readonly streamDurationMaxMs?: number | undefined;
  /** More header lines than this in a response are refused. Absent: 100, as Envoy. */
  readonly responseFieldsMax?: number | undefined;
  /** Larger heads of responses are refused. Absent: 80 KiB over HTTP/1.1, 60 KiB over HTTP/2, as Envoy. */
  readonly responseHeadBytesMax?: number | undefined;
  /** In place of the policies of routes. */
  readonly retryPolicy?: RetryPolicy | undefined;
  /** In place of those of routes. Absent: those of routes count. */
  readonly hashPolicies?: readonly HashPolicy[];
  readonly mirrorPolicies?: readonly RequestMirrorPolicy[];
  /** Which responses outlier detection takes for failures of their host; all others are successes. Absent: 5xx. */
  readonly failurePredicate?: ResponsePredicate;
  /** Hosts are spoken to in HTTP/2 by prior knowledge. Absent: in HTTP/1.1, which is also what a cluster that says nothing means. */
  readonly http2?: Http2ProtocolOptions | undefined;
  /** HTTP/2 only for requests that came by it. Absent: whatever they came by. */
  readonly followsDownstream?: true | undefined;
  /** HTTP/2 where the host chooses it in TLS (ALPN), else HTTP/1.1. */
  readonly negotiates?: true | undefined;
  /** What of TLS follows from requests. Absent: nothing. */
  readonly autoSni?: AutoSni | undefined;
}

export const defaultUpstreamHttpProtocolOptions: UpstreamHttpProtocolOptions = {
  idleTimeoutMs: 3_600_000,
  requestsPerConnectionMax: 0,
};

export function readUpstreamHttpProtocolOptions(
  json: unknown,
  scope: Scope,
): UpstreamHttpProtocolOptions | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName !== upstreamHttpProtocolOptionsTypeName) {
    scope.at('@type').error(`is ${typed.typeName}, must be ${upstreamHttpProtocolOptionsTypeName}`);
    return undefined;
  }
  const reader = MessageReader.open(typed.json, typed.scope);
  if (!reader) return undefined;
  const common = reader.read('common_http_protocol_options', readCommonUpstreamOptions) ?? defaultUpstreamHttpProtocolOptions;
  const autoSni = reader.read('upstream_http_protocol_options', readAutoSni);
  const retryPolicy = reader.read('retry_policy', readRetryPolicy);
  const hashPolicies = reader.list('hash_policy', readHashPolicy);
  const mirrorPolicies = reader.list('request_mirror_policies', readRequestMirrorPolicy);
  const failurePredicate = reader.read('outlier_detection', readErrorMatcher);
  const shared = {
    ...common,
    ...(autoSni && { autoSni }),
    ...(retryPolicy && { retryPolicy }),
    ...(hashPolicies.length > 0 && { hashPolicies }),
    ...(mirrorPolicies.length > 0 && { mirrorPolicies }),
    ...(failurePredicate && { failurePredicate }),
  };
  const kind = reader.oneof(['explicit_http_config', 'use_downstream_protocol_config', 'auto_config'], false);
  const http2 = kind === 'explicit_http_config' ? reader.read(kind, readExplicitHttpConfig)?.http2 : undefined;
  const negotiated = kind === 'auto_config' ? reader.read(kind, readAutoConfig) : undefined;
  const followed = kind === 'use_downstream_protocol_config' ? reader.read(kind, readDownstreamProtocolConfig) : undefined;
  reader.refuse([
    'http_filters',
    'header_validation_config',
  ]);
  reader.done();
  if (negotiated) return { ...shared, http2: negotiated, negotiates: true };
  if (followed) return { ...shared, http2: followed, followsDownstream: true };
  return http2 ? { ...shared, http2 } : shared;
}

/** `HttpProtocolOptions.OutlierDetection`. */
function readErrorMatcher(json: unknown, scope: Scope): ResponsePredicate | undefined {
  const reader = MessageReader.open(json, scope);
  const predicate = reader?.read('error_matcher', readResponsePredicate);
  reader?.done();
  return predicate;
}

/** What holds for every protocol: `common_http_protocol_options`. */
export function readCommonUpstreamOptions(json: unknown, scope: Scope): UpstreamHttpProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const defaults = defaultUpstreamHttpProtocolOptions;
  const connectionDurationMaxMs = reader.durationMs('max_connection_duration');
  const streamDurationMaxMs = reader.durationMs('max_stream_duration');
  const responseFieldsMax = reader.uint32('max_headers_count', undefined, { min: 1 });
  const responseHeadKb = reader.uint32('max_response_headers_kb', undefined, { min: 1, max: 8192 });
  const options: UpstreamHttpProtocolOptions = {
    ...(connectionDurationMaxMs && { connectionDurationMaxMs }),
    ...(streamDurationMaxMs && { streamDurationMaxMs }),
    ...(responseFieldsMax && { responseFieldsMax }),
    ...(responseHeadKb && { responseHeadBytesMax: responseHeadKb * 1024 }),
    idleTimeoutMs: reader.durationMs('idle_timeout', defaults.idleTimeoutMs),
    requestsPerConnectionMax: reader.uint32('max_requests_per_connection', defaults.requestsPerConnectionMax),
  };
  reader.refuse(['headers_with_underscores_action']);
  reader.done();
  return options;
}

function readExplicitHttpConfig(json: unknown, scope: Scope): { readonly http2: Http2ProtocolOptions | undefined } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['http_protocol_options', 'http2_protocol_options', 'http3_protocol_options'], true);
  if (kind === 'http_protocol_options') reader.read(kind, readHttp1UpstreamOptions);
  const http2 = kind === 'http2_protocol_options' ? reader.read(kind, readHttp2ProtocolOptions) : undefined;
  reader.refuse(['http3_protocol_options'], 'upstreams are spoken to in HTTP/1.1 or HTTP/2');
  reader.done();
  return { http2 };
}

/** Which protocol it is, the host says when TLS begins. */
function readAutoConfig(json: unknown, scope: Scope): Http2ProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.read('http_protocol_options', readHttp1UpstreamOptions);
  const http2 = reader.read('http2_protocol_options', readHttp2ProtocolOptions) ?? defaultHttp2ProtocolOptions;
  reader.refuse(['http3_protocol_options', 'alternate_protocols_cache_options'], 'upstreams are spoken to in HTTP/1.1 or HTTP/2');
  reader.done();
  return http2;
}

/** Clients of HTTP/2 are followed with or without options for it, as by Envoy. */
function readDownstreamProtocolConfig(json: unknown, scope: Scope): Http2ProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.read('http_protocol_options', readHttp1UpstreamOptions);
  const http2 = reader.read('http2_protocol_options', readHttp2ProtocolOptions) ?? defaultHttp2ProtocolOptions;
  reader.refuse(['http3_protocol_options'], 'upstreams are spoken to in HTTP/1.1 or HTTP/2');
  reader.done();
  return http2;
}

/** Http1ProtocolOptions of an upstream: being there is all it says. */
export function readHttp1UpstreamOptions(json: unknown, scope: Scope): true {
  const reader = MessageReader.open(json, scope);
  reader?.ignore(['enable_trailers', 'header_key_format', 'use_balsa_parser', 'allow_custom_methods']);
  reader?.refuse(['allow_chunked_length', 'send_fully_qualified_url', 'override_stream_error_on_invalid_http_message']);
  reader?.done();
  return true;
}
