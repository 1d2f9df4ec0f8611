/** `envoy.extensions.filters.http.ext_authz.v3.HttpService`. */
import { decodeDocument, MessageReader, type Scope } from '@sluice/resources';
import { readServerUri } from '../server-uri.ts';
import { readHeaderPatterns, type HeaderPatterns } from './header-patterns.ts';

export interface HttpServiceConfig {
  readonly clusterName: string;
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
  /** Of all answers, what becomes dynamic metadata. */
  readonly metadataHeaders: HeaderPatterns;
}

export function readHttpService(json: unknown, scope: Scope): HttpServiceConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const server = reader.required('server_uri', readServerUri);
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
  reader.ignore(['retry_policy']);
  reader.done();
  return server && { clusterName: server.clusterName, timeoutMs: server.timeoutMs, pathPrefix, headersToAdd: headersToAdd ?? [], ...(answer ?? noAnswerRules) };
}

type AnswerRules = Pick<HttpServiceConfig, 'upstreamHeaders' | 'upstreamHeadersToAppend' | 'clientHeaders' | 'clientHeadersOnSuccess' | 'metadataHeaders'>;

const noAnswerRules: AnswerRules = { upstreamHeaders: [], upstreamHeadersToAppend: [], clientHeaders: undefined, clientHeadersOnSuccess: [], metadataHeaders: [] };

function readAnswerRules(json: unknown, scope: Scope): AnswerRules | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const rules: AnswerRules = {
    upstreamHeaders: reader.read('allowed_upstream_headers', readHeaderPatterns) ?? [],
    upstreamHeadersToAppend: reader.read('allowed_upstream_headers_to_append', readHeaderPatterns) ?? [],
    clientHeaders: reader.read('allowed_client_headers', readHeaderPatterns),
    clientHeadersOnSuccess: reader.read('allowed_client_headers_on_success', readHeaderPatterns) ?? [],
    metadataHeaders: reader.read('dynamic_metadata_from_headers', readHeaderPatterns) ?? [],
  };
  reader.done();
  return rules;
}

/** Where the list of allowed headers stood before it was the filter's. */
export function readOldAllowedHeaders(json: unknown): HeaderPatterns | undefined {
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
