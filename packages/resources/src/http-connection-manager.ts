/** `envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`. */
import { readAccessLog, type AccessLog } from './access-log.ts';
import { defaultAccessLogOptions, readAccessLogOptions, type AccessLogOptions } from './access-log-options.ts';
import { readClientAddressConfig, readSchemeTransformation, type ClientAddressConfig } from './client-address-config.ts';
import { readClientCertificateDetails, type ClientCertificateDetails } from './client-certificate-details.ts';
import { readConfigSource, type ConfigSource } from './config-source.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHttpFilter, type HttpFilter } from './http-filter.ts';
import {
  defaultCommonHttpProtocolOptions,
  defaultHttp1ProtocolOptions,
  readCommonHttpProtocolOptions,
  readHttp1ProtocolOptions,
  type CommonHttpProtocolOptions,
  type Http1ProtocolOptions,
} from './http-protocol-options.ts';
import { defaultHttp2ProtocolOptions, readHttp2ProtocolOptions, type Http2ProtocolOptions } from './http2-protocol-options.ts';
import { noLocalReplyConfig, readLocalReplyConfig, type LocalReplyConfig } from './local-reply-config.ts';
import { readRouteConfiguration, type RouteConfiguration } from './route-configuration.ts';
import { routerFilterTypeName } from './router-filter.ts';
import { defaultRequestIdSettings, readRequestIdExtension, type RequestIdSettings } from './request-id-extension.ts';
import { readTracing, type Tracing } from './tracing.ts';
import { readUpgradeConfig, type UpgradeConfig } from './upgrade-config.ts';

export const httpConnectionManagerTypeName =
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

export interface HttpConnectionManager extends ClientAddressConfig {
  readonly kind: 'http_connection_manager';
  /** `AUTO`: HTTP/2 for connections that begin with its preface, HTTP/1 for others. */
  readonly codecType: 'AUTO' | 'HTTP1' | 'HTTP2';
  /** Stands in the names of its statistics: `http.<statPrefix>.downstream_rq_total`. */
  readonly statPrefix: string;
  readonly routes: RouteSource;
  /** In the order of the request's way; the last is the router. */
  readonly httpFilters: readonly HttpFilter[];
  readonly commonHttpProtocolOptions: CommonHttpProtocolOptions;
  readonly http1ProtocolOptions: Http1ProtocolOptions;
  readonly http2ProtocolOptions: Http2ProtocolOptions;
  /** A request head longer than this is refused with 431. Default 60 KiB, as Envoy. */
  readonly requestHeadersBytesMax: number;
  /** How long a stream may be silent in both directions; 0 is without limit. Default 300 000, as Envoy. */
  readonly streamIdleTimeoutMs: number;
  /** How long a client may leave what is on its way to it. Undefined: as long as a stream may be idle, as in Envoy. */
  readonly streamFlushTimeoutMs: number | undefined;
  /** From the first byte of a request to its last; 0 (default) is without limit. */
  readonly requestTimeoutMs: number;
  /** From the first byte of a request to the end of its head; 0 (default) is without limit. */
  readonly requestHeadersTimeoutMs: number;
  /** Between announcing the end of a connection and closing it. Default 5000, as Envoy. */
  readonly drainTimeoutMs: number;
  /** How long a closed connection may take to deliver what was written. Default 1000, as Envoy. */
  readonly delayedCloseTimeoutMs: number;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly requestIds: RequestIdSettings;
  /** The value of the `server` header. Default `envoy`, as Envoy. */
  readonly serverName: string;
  readonly serverHeaderTransformation: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH';
  /** What to add to `via`; empty adds nothing. */
  readonly via: string;
  readonly upgradeConfigs: readonly UpgradeConfig[];
  /** Resolves `.` and `..` before matching, RFC 3986 section 5.2.4. */
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  /** What becomes of `%2F` and `%5C` in paths, before anything else looks at them. */
  readonly escapedSlashes: EscapedSlashesAction;
  /** Takes the port off the host before matching and forwarding: any, or only the one that was listened on. */
  readonly stripHostPort: 'none' | 'any' | 'matching';
  /** Takes the dot off the end of the host. */
  readonly stripTrailingHostDot: boolean;
  readonly accessLogs: readonly AccessLog[];
  readonly accessLogOptions: AccessLogOptions;
  /** What `x-forwarded-proto` says, whatever the client said; undefined leaves it. */
  readonly schemeToOverwrite: 'http' | 'https' | undefined;
  /** What upstreams hear of clients' certificates. Undefined: nothing, and the header that would say it is taken from requests. */
  readonly clientCertificates?: ClientCertificateDetails | undefined;
  /** Says who we are in `user-agent` and `x-envoy-downstream-service-cluster`, -`node`. */
  readonly addUserAgent: boolean;
  /** Leaves it to the upstream to ask for the body of a request with `expect: 100-continue`. */
  readonly proxy100Continue: boolean;
  /** Keeps connections after requests that are wrong but delimited. */
  readonly streamErrorOnInvalidHttpMessage: boolean;
  readonly localReplyConfig: LocalReplyConfig;
  /** Undefined: nothing is traced, and trace headers pass as they are. */
  readonly tracing: Tracing | undefined;
}

export type EscapedSlashesAction = 'KEEP_UNCHANGED' | 'REJECT_REQUEST' | 'UNESCAPE_AND_REDIRECT' | 'UNESCAPE_AND_FORWARD';

export type RouteSource =
  | { readonly kind: 'inline'; readonly routeConfiguration: RouteConfiguration }
  | { readonly kind: 'rds'; readonly routeConfigName: string; readonly configSource: ConfigSource };

/** Envoy's defaults, in ms and KiB. */
const defaults = {
  streamIdleTimeoutMs: 300_000,
  drainTimeoutMs: 5000,
  delayedCloseTimeoutMs: 1000,
  maxRequestHeadersKb: 60,
} as const;

export function readHttpConnectionManager(json: unknown, scope: Scope): HttpConnectionManager | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const routes = readRouteSource(reader);
  const settings = {
    kind: 'http_connection_manager',
    codecType: readCodecType(reader),
    statPrefix: reader.requiredString('stat_prefix'),
    httpFilters: readHttpFilters(reader),
    commonHttpProtocolOptions:
      reader.read('common_http_protocol_options', readCommonHttpProtocolOptions) ?? defaultCommonHttpProtocolOptions,
    http1ProtocolOptions: reader.read('http_protocol_options', readHttp1ProtocolOptions) ?? defaultHttp1ProtocolOptions,
    http2ProtocolOptions: reader.read('http2_protocol_options', readHttp2ProtocolOptions) ?? defaultHttp2ProtocolOptions,
    requestHeadersBytesMax:
      reader.uint32('max_request_headers_kb', defaults.maxRequestHeadersKb, { min: 1, max: 8192 }) * 1024,
    ...readTimeouts(reader),
    ...readClientAddressConfig(reader),
    generateRequestId: reader.boolean('generate_request_id', true),
    preserveExternalRequestId: reader.boolean('preserve_external_request_id', false),
    alwaysSetRequestIdInResponse: reader.boolean('always_set_request_id_in_response', false),
    requestIds: reader.read('request_id_extension', readRequestIdExtension) ?? defaultRequestIdSettings,
    serverName: reader.string('server_name') || 'envoy',
    serverHeaderTransformation: reader.enum(
      'server_header_transformation',
      ['OVERWRITE', 'APPEND_IF_ABSENT', 'PASS_THROUGH'],
      'OVERWRITE',
    ),
    via: reader.string('via', ''),
    upgradeConfigs: reader.list('upgrade_configs', readUpgradeConfig),
    normalizePath: reader.boolean('normalize_path', false),
    mergeSlashes: reader.boolean('merge_slashes', false),
    escapedSlashes: readEscapedSlashes(reader),
    stripHostPort: readStripPort(reader),
    stripTrailingHostDot: reader.boolean('strip_trailing_host_dot', false),
    accessLogs: reader.list('access_log', readAccessLog),
    accessLogOptions: readLogOptions(reader),
    schemeToOverwrite: reader.read('scheme_header_transformation', readSchemeTransformation),
    clientCertificates: readClientCertificateDetails(reader),
    addUserAgent: reader.boolean('add_user_agent', false),
    proxy100Continue: reader.boolean('proxy_100_continue', false),
    streamErrorOnInvalidHttpMessage: reader.boolean('stream_error_on_invalid_http_message', false),
    localReplyConfig: reader.read('local_reply_config', readLocalReplyConfig) ?? noLocalReplyConfig,
    tracing: reader.read('tracing', readTracing),
  } as const;
  refuseTheRest(reader);
  reader.done();
  return routes && { ...settings, routes };
}

function readCodecType(reader: MessageReader): 'AUTO' | 'HTTP1' | 'HTTP2' {
  const codec = reader.enum('codec_type', ['AUTO', 'HTTP1', 'HTTP2', 'HTTP3'], 'AUTO');
  if (codec !== 'HTTP3') return codec;
  reader.scope.at('codec_type').error(`is ${codec}, must be AUTO, HTTP1 or HTTP2`);
  return 'AUTO';
}

function readRouteSource(reader: MessageReader): RouteSource | undefined {
  const kind = reader.oneof(['route_config', 'rds', 'scoped_routes'], true);
  if (kind === 'rds') return reader.read(kind, readRds);
  if (kind !== 'route_config') return undefined;
  const routeConfiguration = reader.read(kind, readRouteConfiguration);
  // Whoever is asked for virtual hosts is asked by the name of a table that came from somebody.
  if (routeConfiguration?.virtualHostSource) reader.scope.at(kind).at('vhds').error('is for tables that come by rds');
  return routeConfiguration && { kind: 'inline', routeConfiguration };
}

function readRds(json: unknown, scope: Scope): RouteSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const routeConfigName = reader.requiredString('route_config_name');
  const configSource = reader.required('config_source', readConfigSource);
  reader.done();
  return configSource && { kind: 'rds', routeConfigName, configSource };
}

function readHttpFilters(reader: MessageReader): readonly HttpFilter[] {
  const filters = reader.list('http_filters', readHttpFilter);
  const scope = reader.scope.at('http_filters');
  const last = filters.at(-1);
  // A filter that could not be decoded has been reported already; then its place says nothing.
  if (last === undefined) {
    if (!scope.hasErrors) scope.error(`must end with the router, ${routerFilterTypeName}`);
  } else if (last.typeName !== routerFilterTypeName && !scope.hasErrors) {
    scope.error(`ends with ${last.typeName}, must end with ${routerFilterTypeName}`);
  }
  filters.slice(0, -1).forEach((filter, index) => {
    if (filter.typeName === routerFilterTypeName) scope.at(index).error('is the router, which must be the last');
  });
  return filters;
}

function readTimeouts(reader: MessageReader) {
  return {
    streamIdleTimeoutMs: reader.durationMs('stream_idle_timeout', defaults.streamIdleTimeoutMs),
    streamFlushTimeoutMs: reader.durationMs('stream_flush_timeout'),
    requestTimeoutMs: reader.durationMs('request_timeout', 0),
    requestHeadersTimeoutMs: reader.durationMs('request_headers_timeout', 0),
    drainTimeoutMs: reader.durationMs('drain_timeout', defaults.drainTimeoutMs),
    delayedCloseTimeoutMs: reader.durationMs('delayed_close_timeout', defaults.delayedCloseTimeoutMs),
  } as const;
}

/** `IMPLEMENTATION_SPECIFIC_DEFAULT`, which is what unset means, leaves paths alone, as in Envoy. */
function readEscapedSlashes(reader: MessageReader): EscapedSlashesAction {
  const action = reader.enum(
    'path_with_escaped_slashes_action',
    ['IMPLEMENTATION_SPECIFIC_DEFAULT', 'KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'],
    'KEEP_UNCHANGED',
  );
  return action === 'IMPLEMENTATION_SPECIFIC_DEFAULT' ? 'KEEP_UNCHANGED' : action;
}

function readStripPort(reader: MessageReader): HttpConnectionManager['stripHostPort'] {
  const any = reader.boolean('strip_any_host_port', false);
  const matching = reader.boolean('strip_matching_host_port', false);
  if (any && matching) reader.scope.at('strip_any_host_port').error('may not be set with strip_matching_host_port');
  return any ? 'any' : matching ? 'matching' : 'none';
}

/** The message, and the two fields that said the same before it. */
function readLogOptions(reader: MessageReader): AccessLogOptions {
  const flushIntervalMs = reader.durationMs('access_log_flush_interval');
  const logsNewRequests = reader.boolean('flush_access_log_on_new_request');
  return (
    reader.read('access_log_options', readAccessLogOptions) ?? {
      ...defaultAccessLogOptions,
      ...(flushIntervalMs === undefined ? {} : { flushIntervalMs }),
      ...(logsNewRequests === undefined ? {} : { logsNewRequests }),
    }
  );
}

function refuseTheRest(reader: MessageReader): void {
  reader.ignore([
    'http3_protocol_options',
    'represent_ipv4_remote_address_as_ipv4_mapped_ipv6',
  ]);
  // Clusters that tell their hosts for whom a connection is always know.
  reader.only('add_proxy_protocol_connection_state', true);
  reader.refuse([
    'scoped_routes',
    'path_normalization_options',
    'early_header_mutation_extensions',
    'typed_header_validation_config',
    'proxy_status_config',
    'append_local_overload',
  ]);
}
