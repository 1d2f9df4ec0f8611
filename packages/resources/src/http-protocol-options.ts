/** `HttpProtocolOptions` and `Http1ProtocolOptions` of `envoy.config.core.v3`, as they hold for the downstream side. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readStringMatcher, type StringMatcher } from './string-matcher.ts';

export interface CommonHttpProtocolOptions {
  /** Closes a connection without streams after this long; 0 never. Default 3 600 000, as Envoy. */
  readonly idleTimeoutMs: number;
  /** Ends a stream after this long, whatever happens on it; 0 (default) never. */
  readonly streamDurationMaxMs: number;
  /** More header lines than this are refused. Default 100, as Envoy. */
  readonly headersCountMax: number;
  /** A connection takes no more requests after this long; 0 (default) is without limit. */
  readonly connectionDurationMaxMs: number;
  /** A connection ends after this many requests; 0 is without limit. */
  readonly requestsPerConnectionMax: number;
  readonly headersWithUnderscoresAction: 'ALLOW' | 'REJECT_REQUEST' | 'DROP_HEADER';
}

export interface Http1ProtocolOptions {
  /** Answers HTTP/1.0 instead of refusing it with 426. */
  readonly acceptHttp10: boolean;
  /** The host of requests in HTTP/1.0 that name none; empty: such are refused. */
  readonly defaultHostForHttp10: string;
  /** Whether `GET http://host/path` is understood; else it is refused. Default true, as Envoy. */
  readonly allowAbsoluteUrl: boolean;
  /**
   * How names of response headers are written. `as_they_are` (default): what comes from others in their letter case,
   * what is added here in lower case; Envoy's `preserve_case` means the same. Names have no case (RFC 9110 5.1).
   */
  readonly headerKeyFormat: 'as_they_are' | 'proper_case_words';
  /** Whether trailers pass, both ways; else they are dropped. Default false, as Envoy. */
  readonly enableTrailers: boolean;
  /** Upgrades that are taken for not asked for. */
  readonly ignoredUpgrades: readonly StringMatcher[];
  /** Whether methods that no standard names are let in. */
  readonly allowCustomMethods: boolean;
  /** Keeps connections after requests that are wrong but delimited; undefined: as the connection manager says. */
  readonly streamErrorOnInvalidHttpMessage: boolean | undefined;
}

/** Envoy's defaults. */
export const defaultCommonHttpProtocolOptions: CommonHttpProtocolOptions = {
  idleTimeoutMs: 3_600_000,
  streamDurationMaxMs: 0,
  connectionDurationMaxMs: 0,
  headersCountMax: 100,
  requestsPerConnectionMax: 0,
  headersWithUnderscoresAction: 'ALLOW',
};

export const defaultHttp1ProtocolOptions: Http1ProtocolOptions = {
  acceptHttp10: false,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  headerKeyFormat: 'as_they_are',
  enableTrailers: false,
  ignoredUpgrades: [],
  allowCustomMethods: false,
  streamErrorOnInvalidHttpMessage: undefined,
};

export function readCommonHttpProtocolOptions(json: unknown, scope: Scope): CommonHttpProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const defaults = defaultCommonHttpProtocolOptions;
  const options: CommonHttpProtocolOptions = {
    idleTimeoutMs: reader.durationMs('idle_timeout', defaults.idleTimeoutMs),
    streamDurationMaxMs: reader.durationMs('max_stream_duration', defaults.streamDurationMaxMs),
    connectionDurationMaxMs: reader.durationMs('max_connection_duration', defaults.connectionDurationMaxMs),
    headersCountMax: reader.uint32('max_headers_count', defaults.headersCountMax, { min: 1 }),
    requestsPerConnectionMax: reader.uint32('max_requests_per_connection', defaults.requestsPerConnectionMax),
    headersWithUnderscoresAction: reader.enum(
      'headers_with_underscores_action',
      ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'],
      defaults.headersWithUnderscoresAction,
    ),
  };
  reader.ignore(['max_response_headers_kb']);
  reader.done();
  return options;
}

export function readHttp1ProtocolOptions(json: unknown, scope: Scope): Http1ProtocolOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const defaults = defaultHttp1ProtocolOptions;
  const options: Http1ProtocolOptions = {
    acceptHttp10: reader.boolean('accept_http_10', defaults.acceptHttp10),
    defaultHostForHttp10: readDefaultHost(reader),
    allowAbsoluteUrl: reader.boolean('allow_absolute_url', defaults.allowAbsoluteUrl),
    headerKeyFormat: reader.read('header_key_format', readHeaderKeyFormat) ?? defaults.headerKeyFormat,
    enableTrailers: reader.boolean('enable_trailers', defaults.enableTrailers),
    ignoredUpgrades: reader.list('ignore_http_11_upgrade', readStringMatcher),
    allowCustomMethods: reader.boolean('allow_custom_methods', defaults.allowCustomMethods),
    streamErrorOnInvalidHttpMessage: reader.boolean('override_stream_error_on_invalid_http_message'),
  };
  if (reader.boolean('allow_chunked_length', false)) {
    scope.at('allow_chunked_length').error('must stay off: it opens the door to request smuggling');
  }
  // For upstreams only; here it says nothing, as in Envoy.
  reader.ignore(['use_balsa_parser', 'send_fully_qualified_url']);
  reader.done();
  return options;
}

function readDefaultHost(reader: MessageReader): string {
  const host = reader.string('default_host_for_http_10', '');
  if (host !== '' && !/^(?:\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?$/.test(host)) {
    reader.scope.at('default_host_for_http_10').error(`is ${JSON.stringify(host)}, must be a host, with or without a port`);
  }
  return host;
}

const preserveCaseTypeName = 'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig';

function readHeaderKeyFormat(json: unknown, scope: Scope): Http1ProtocolOptions['headerKeyFormat'] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['proper_case_words', 'stateful_formatter'], true);
  if (kind === 'proper_case_words') reader.read(kind, (words, at) => MessageReader.open(words, at)?.done());
  if (kind === 'stateful_formatter') reader.read(kind, readStatefulFormatter);
  reader.done();
  return kind === 'proper_case_words' ? kind : 'as_they_are';
}

function readStatefulFormatter(json: unknown, scope: Scope): true | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const typed = reader.required('typed_config', openTypedConfig);
  if (typed && typed.typeName !== preserveCaseTypeName) typed.scope.at('@type').error(`is ${typed.typeName}, must be ${preserveCaseTypeName}`);
  // Its fields say how names are written that were not seen before: in lower case, here.
  reader.done();
  return true;
}
