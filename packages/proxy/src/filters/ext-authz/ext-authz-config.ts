/** `envoy.extensions.filters.http.ext_authz.v3.ExtAuthz` and `ExtAuthzPerRoute`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, type DecodeOptions, decodeString, type GrpcServiceConfig, MessageReader, readGrpcService, readRuntimeFraction, type Scope } from '@sluice/resources';
import { readHttpStatus } from '../http-status.ts';
import { readMetadataMatcher, type MetadataMatcher } from '../metadata-matcher.ts';
import { readHeaderPatterns, type HeaderPatterns } from './header-patterns.ts';
import { readHttpService, readOldAllowedHeaders, type HttpServiceConfig } from './http-service-config.ts';

export interface ExtAuthzConfig {
  readonly service: { readonly kind: 'http'; readonly http: HttpServiceConfig } | { readonly kind: 'grpc'; readonly grpc: GrpcServiceConfig };
  /** Lets requests pass when the service does not answer or answers 5xx. Default false. */
  readonly allowsOnFailure: boolean;
  /** Marks such requests for the upstream. */
  readonly marksFailure: boolean;
  /** Status when the service has failed. Default 403, as Envoy. */
  readonly statusOnError: number;
  /** Share of requests that are checked. Default 1. */
  readonly enabledRatio: number;
  /** Only requests whose dynamic metadata match are checked. */
  readonly enabledMetadata: MetadataMatcher | undefined;
  /** Refuses what is not checked, instead of letting it pass. */
  readonly deniesAtDisable: boolean;
  /** How much of a body the service gets to see; undefined for nothing. */
  readonly body: BodyConfig | undefined;
  /** Which headers the service gets to see, besides those it always does. Undefined: for HTTP none, for gRPC all. */
  readonly allowedHeaders: HeaderPatterns | undefined;
  /** Which of them it does not. */
  readonly disallowedHeaders: HeaderPatterns;
  /** Dynamic metadata of these namespaces goes along, in gRPC. */
  readonly metadataNamespaces: readonly string[];
  readonly packsBodyAsBytes: boolean;
  /** The client's certificate goes along, in gRPC. */
  readonly includesCertificate: boolean;
  /** And what is known of the TLS that it came by. */
  readonly includesTlsSession: boolean;
  /** Whether what the service says becomes dynamic metadata. Default true. */
  readonly takesMetadata: boolean;
  /** Looks for the route anew when the service has changed the request. */
  readonly clearsRoute: boolean;
  /** Takes answers that would break messages for failures; without it such lines are left out. */
  readonly validatesMutations: boolean;
  /** Between `ext_authz` and the names of statistics; may be empty. */
  readonly statPrefix: string;
}

export interface BodyConfig {
  readonly bytesMax: number;
  /** Whether the beginning of a longer body is enough; else it is refused. */
  readonly allowsPartial: boolean;
}

export interface ExtAuthzPerRoute {
  readonly isDisabled: boolean;
  readonly contextExtensions: ReadonlyMap<string, string>;
  /** Undefined leaves it to the filter. */
  readonly body: BodyConfig | 'none' | undefined;
}

/** Envoy's, for gRPC services without a timeout. */
const defaultTimeoutMs = 200;

export function decodeExtAuthz(value: unknown, path: string, options?: DecodeOptions): Checked<ExtAuthzConfig> {
  return decodeDocument(value, path, options, readExtAuthz);
}

export function decodeExtAuthzPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<ExtAuthzPerRoute> {
  return decodeDocument(value, path, options, (json, scope): ExtAuthzPerRoute | undefined => {
    const reader = MessageReader.open(json, scope);
    const kind = reader?.oneof(['disabled', 'check_settings'], true);
    if (kind === 'disabled') reader?.only(kind, true);
    const settings = kind === 'check_settings' ? reader?.read(kind, readCheckSettings) : { isDisabled: true, contextExtensions: new Map<string, string>(), body: undefined };
    reader?.done();
    return kind && settings;
  });
}

function readCheckSettings(json: unknown, scope: Scope): ExtAuthzPerRoute | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const contextExtensions = reader.map('context_extensions', decodeString);
  const isWithoutBody = reader.boolean('disable_request_body_buffering', false);
  const body = reader.read('with_request_body', readBody);
  if (isWithoutBody && body) scope.at('with_request_body').error('is set, and so is disable_request_body_buffering');
  reader.refuse(['grpc_service', 'http_service']);
  reader.done();
  return { isDisabled: false, contextExtensions, body: isWithoutBody ? 'none' : body?.body };
}

function readExtAuthz(json: unknown, scope: Scope): ExtAuthzConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['http_service', 'grpc_service'], true);
  const service = readService(kind, reader);
  const oldAllowed = kind === 'http_service' ? reader.read(kind, readOldAllowedHeaders) : undefined;
  const body = reader.read('with_request_body', readBody);
  const config = {
    allowsOnFailure: reader.boolean('failure_mode_allow', false),
    marksFailure: reader.boolean('failure_mode_allow_header_add', false),
    statusOnError: reader.read('status_on_error', readHttpStatus) ?? 403,
    enabledRatio: reader.read('filter_enabled', readRuntimeFraction) ?? 1,
    enabledMetadata: reader.read('filter_enabled_metadata', readMetadataMatcher),
    deniesAtDisable: reader.read('deny_at_disable', readFeatureFlag) ?? false,
    body: body?.body,
    packsBodyAsBytes: body?.packsAsBytes ?? false,
    allowedHeaders: reader.read('allowed_headers', readHeaderPatterns) ?? oldAllowed,
    disallowedHeaders: reader.read('disallowed_headers', readHeaderPatterns) ?? [],
    metadataNamespaces: reader.strings('metadata_context_namespaces'),
    includesCertificate: reader.boolean('include_peer_certificate', false),
    includesTlsSession: reader.boolean('include_tls_session', false),
    takesMetadata: reader.boolean('enable_dynamic_metadata_ingestion', true),
    clearsRoute: reader.boolean('clear_route_cache', false),
    validatesMutations: reader.boolean('validate_mutations', false),
    statPrefix: reader.string('stat_prefix', ''),
  };
  // The version of the messages says nothing here, and what else is counted of the service's cluster neither.
  for (const silent of ['transport_api_version', 'charge_cluster_response_stats']) reader.has(silent);
  reader.refuse(['decoder_header_mutation_rules', 'typed_metadata_context_namespaces', 'route_metadata_context_namespaces', 'route_typed_metadata_context_namespaces', 'encode_raw_headers', 'filter_metadata']);
  reader.ignore(['emit_filter_state_stats', 'bootstrap_metadata_labels_key']);
  reader.done();
  return service && { service, ...config };
}

function readService(kind: 'http_service' | 'grpc_service' | undefined, reader: MessageReader): ExtAuthzConfig['service'] | undefined {
  if (kind === 'http_service') {
    const http = reader.read(kind, readHttpService);
    return http && { kind: 'http', http };
  }
  const grpc = kind && reader.read(kind, (json, scope) => readGrpcService(json, scope, defaultTimeoutMs));
  return grpc && { kind: 'grpc', grpc };
}

function readBody(json: unknown, scope: Scope): { readonly body: BodyConfig; readonly packsAsBytes: boolean } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  if (!reader.has('max_request_bytes')) scope.at('max_request_bytes').error('is required');
  const bytesMax = reader.uint32('max_request_bytes', 0, { min: 1 });
  const allowsPartial = reader.boolean('allow_partial_message', false);
  const packsAsBytes = reader.boolean('pack_as_bytes', false);
  reader.done();
  return { body: { bytesMax, allowsPartial }, packsAsBytes };
}

/** `RuntimeFeatureFlag`: its default; runtime keys have no effect here. */
function readFeatureFlag(json: unknown, scope: Scope): boolean | undefined {
  const reader = MessageReader.open(json, scope);
  const isOn = reader?.boolean('default_value', false);
  reader?.ignore(['runtime_key']);
  reader?.done();
  return isOn;
}
