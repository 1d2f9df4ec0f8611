/** `HttpProtocolOptions` and `Http1ProtocolOptions` of `envoy.config.core.v3`, as they hold for the downstream side. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface CommonHttpProtocolOptions {
  /** Closes a connection without streams after this long; 0 never. Default 3 600 000, as Envoy. */
  readonly idleTimeoutMs: number;
  /** Ends a stream after this long, whatever happens on it; 0 (default) never. */
  readonly streamDurationMaxMs: number;
  /** More header lines than this are refused. Default 100, as Envoy. */
  readonly headersCountMax: number;
  /** A connection ends after this many requests; 0 is without limit. */
  readonly requestsPerConnectionMax: number;
  readonly headersWithUnderscoresAction: 'ALLOW' | 'REJECT_REQUEST' | 'DROP_HEADER';
}

export interface Http1ProtocolOptions {
  /** Answers HTTP/1.0 instead of refusing it with 426. */
  readonly acceptHttp10: boolean;
}

/** Envoy's defaults. */
export const defaultCommonHttpProtocolOptions: CommonHttpProtocolOptions = {
  idleTimeoutMs: 3_600_000,
  streamDurationMaxMs: 0,
  headersCountMax: 100,
  requestsPerConnectionMax: 0,
  headersWithUnderscoresAction: 'ALLOW',
};

export const defaultHttp1ProtocolOptions: Http1ProtocolOptions = { acceptHttp10: false };

export function readCommonHttpProtocolOptions(json: unknown, scope: Scope): CommonHttpProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const defaults = defaultCommonHttpProtocolOptions;
  const options: CommonHttpProtocolOptions = {
    idleTimeoutMs: reader.durationMs('idle_timeout', defaults.idleTimeoutMs),
    streamDurationMaxMs: reader.durationMs('max_stream_duration', defaults.streamDurationMaxMs),
    headersCountMax: reader.uint32('max_headers_count', defaults.headersCountMax, { min: 1 }),
    requestsPerConnectionMax: reader.uint32('max_requests_per_connection', defaults.requestsPerConnectionMax),
    headersWithUnderscoresAction: reader.enum(
      'headers_with_underscores_action',
      ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'],
      defaults.headersWithUnderscoresAction,
    ),
  };
  reader.ignore(['max_response_headers_kb']);
  reader.refuse(['max_connection_duration']);
  reader.done();
  return options;
}

export function readHttp1ProtocolOptions(json: unknown, scope: Scope): Http1ProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const options: Http1ProtocolOptions = { acceptHttp10: reader.boolean('accept_http_10', false) };
  if (reader.boolean('allow_chunked_length', false)) {
    scope.at('allow_chunked_length').error('must stay off: it opens the door to request smuggling');
  }
  // Trailers always pass, and absolute targets are always understood.
  reader.ignore(['enable_trailers', 'allow_absolute_url', 'use_balsa_parser', 'header_key_format', 'allow_custom_methods']);
  reader.refuse([
    'default_host_for_http_10',
    'override_stream_error_on_invalid_http_message',
    'send_fully_qualified_url',
    'ignore_http_11_upgrade',
  ]);
  reader.done();
  return options;
}
