/** `envoy.extensions.filters.http.ext_authz.v3.ExtAuthz` with an `http_service`, and `ExtAuthzPerRoute`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, readRuntimeFraction, type DecodeOptions, type Scope } from '@sluice/resources';
import { readHttpStatus } from '../http-status.ts';
import { readHeaderPatterns, type HeaderPatterns } from './header-patterns.ts';

export interface ExtAuthzConfig {
  readonly service: HttpServiceConfig;
  /** Lets requests pass when the service does not answer or answers 5xx. Default false. */
  readonly allowsOnFailure: boolean;
  /** Marks such requests for the upstream. */
  readonly marksFailure: boolean;
  /** Status when the service has failed. Default 403, as Envoy. */
  readonly statusOnError: number;
  /** Share of requests that are checked. Default 1. */
  readonly enabledRatio: number;
  /** Which headers the service gets to see, besides those it always does. */
  readonly allowedHeaders: HeaderPatterns;
  /** Which of them it does not. */
  readonly disallowedHeaders: HeaderPatterns;
  /** Between `ext_authz` and the names of statistics; may be empty. */
  readonly statPrefix: string;
}

export interface HttpServiceConfig {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly timeoutMs: number;
  /** In front of the path of each request. */
  readonly pathPrefix: string;
  /** Added to what is asked. */
  readonly headersToAdd: readonly { readonly name: string; readonly value: string }[];
  /** Of answers that allow: what the upstream gets, in place of what was there or besides. */
  readonly upstreamHeaders: HeaderPatterns;
  readonly upstreamHeadersToAppend: HeaderPatterns;
  /** Of answers that deny, what the client gets. Undefined: all. */
  readonly clientHeaders: HeaderPatterns | undefined;
  /** Of answers that allow, what the client gets. */
  readonly clientHeadersOnSuccess: HeaderPatterns;
}

export interface ExtAuthzPerRoute {
  readonly disabled: true;
}

export function decodeExtAuthz(value: unknown, path: string, options?: DecodeOptions): Checked<ExtAuthzConfig> {
  return decodeDocument(value, path, options, readExtAuthz);
}

export function decodeExtAuthzPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<ExtAuthzPerRoute> {
  return decodeDocument(value, path, options, (json, scope): ExtAuthzPerRoute | undefined => {
    const reader = MessageReader.open(json, scope);
    const kind = reader?.oneof(['disabled', 'check_settings'], true);
    if (kind === 'disabled') reader?.only(kind, true);
    reader?.refuse(['check_settings']);
    reader?.done();
    return { disabled: true };
  });
}

function readExtAuthz(json: unknown, scope: Scope): ExtAuthzConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['http_service', 'grpc_service'], true);
  const service = kind === 'http_service' ? reader.read(kind, readHttpService) : undefined;
  const oldAllowed = kind === 'http_service' ? reader.read(kind, readOldAllowedHeaders) : undefined;
  const config = {
    allowsOnFailure: reader.boolean('failure_mode_allow', false),
    marksFailure: reader.boolean('failure_mode_allow_header_add', false),
    statusOnError: reader.read('status_on_error', readHttpStatus) ?? 403,
    enabledRatio: reader.read('filter_enabled', readRuntimeFraction) ?? 1,
    allowedHeaders: reader.read('allowed_headers', readHeaderPatterns) ?? oldAllowed ?? [],
    disallowedHeaders: reader.read('disallowed_headers', readHeaderPatterns) ?? [],
    statPrefix: reader.string('stat_prefix', ''),
  };
  // The version of the messages says nothing here, and what else is counted of the service's cluster neither.
  for (const silent of ['transport_api_version', 'charge_cluster_response_stats']) reader.has(silent);
  reader.refuse(['grpc_service', 'with_request_body', 'deny_at_disable', 'filter_enabled_metadata', 'decoder_header_mutation_rules', 'metadata_context_namespaces', 'validate_mutations']);
  reader.ignore(['clear_route_cache', 'include_peer_certificate', 'emit_filter_state_stats', 'bootstrap_metadata_labels_key']);
  reader.done();
  return service && { service, ...config };
}

function readHttpService(json: unknown, scope: Scope): HttpServiceConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const server = reader.required('server_uri', readServer);
  const pathPrefix = reader.string('path_prefix', '');
  if (pathPrefix !== '' && !pathPrefix.startsWith('/')) scope.at('path_prefix').error(`is ${JSON.stringify(pathPrefix)}, must begin with /`);
  const headersToAdd = reader.read('authorization_request', (inner, at) => {
    const request = MessageReader.open(inner, at);
    const headers = request?.list('headers_to_add', readHeaderValue);
    request?.has('allowed_headers');
    request?.done();
    return headers;
  });
  const answer = reader.read('authorization_response', readAnswerRules);
  reader.done();
  return server && { ...server, pathPrefix, headersToAdd: headersToAdd ?? [], ...(answer ?? noAnswerRules) };
}

type AnswerRules = Pick<HttpServiceConfig, 'upstreamHeaders' | 'upstreamHeadersToAppend' | 'clientHeaders' | 'clientHeadersOnSuccess'>;

const noAnswerRules: AnswerRules = { upstreamHeaders: [], upstreamHeadersToAppend: [], clientHeaders: undefined, clientHeadersOnSuccess: [] };

function readAnswerRules(json: unknown, scope: Scope): AnswerRules | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const rules: AnswerRules = {
    upstreamHeaders: reader.read('allowed_upstream_headers', readHeaderPatterns) ?? [],
    upstreamHeadersToAppend: reader.read('allowed_upstream_headers_to_append', readHeaderPatterns) ?? [],
    clientHeaders: reader.read('allowed_client_headers', readHeaderPatterns),
    clientHeadersOnSuccess: reader.read('allowed_client_headers_on_success', readHeaderPatterns) ?? [],
  };
  reader.ignore(['dynamic_metadata_from_headers']);
  reader.done();
  return rules;
}

/** The service is asked at its address; no cluster stands in between. */
function readServer(json: unknown, scope: Scope): Pick<HttpServiceConfig, 'origin' | 'timeoutMs'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const uri = reader.requiredString('uri');
  const timeoutMs = reader.durationMs('timeout', 0);
  if (timeoutMs === 0) scope.at('timeout').error('is required, and must be longer than 0s');
  if (reader.has('cluster')) reader.scope.at('cluster').warn('has no effect: the service is asked at its uri');
  reader.done();
  const full = uri.includes('://') ? uri : `http://${uri}`;
  if (uri !== '' && (!URL.canParse(full) || !/^https?:/.test(full))) scope.at('uri').error(`is ${JSON.stringify(uri)}, must be host:port, or begin with http:// or https://`);
  return { origin: URL.canParse(full) ? new URL(full).origin : '', timeoutMs };
}

/** Where the list stood before it was the filter's. */
function readOldAllowedHeaders(json: unknown): HeaderPatterns | undefined {
  const scratch = decodeDocument(json, '', { unknownFields: 'warning' }, (inner, scope) => {
    const reader = MessageReader.open(inner, scope);
    return reader?.read('authorization_request', (request, at) => MessageReader.open(request, at)?.read('allowed_headers', readHeaderPatterns)) ?? [];
  });
  return scratch.ok && scratch.value.length > 0 ? scratch.value : undefined;
}

function readHeaderValue(json: unknown, scope: Scope): { name: string; value: string } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const header = { name: reader.requiredString('key').toLowerCase(), value: reader.string('value', '') };
  reader.done();
  return header;
}
