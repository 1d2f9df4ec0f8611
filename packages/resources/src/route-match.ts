/** `envoy.config.route.v3.RouteMatch`: what a request must look like for a route to take it. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readCookieMatcher, type CookieMatcher } from './cookie-matcher.ts';
import { readHeaderMatcher, type HeaderMatcher } from './header-matcher.ts';
import { readMetadataMatcher, type MetadataMatcher } from './metadata-matcher.ts';
import { readRuntimeRatio, type RuntimeRatio } from './percent.ts';
import { readQueryParameterMatcher, type QueryParameterMatcher } from './query-parameter-matcher.ts';
import { readRegex, readStringMatcher, type StringMatcher } from './string-matcher.ts';
import { readUriTemplateMatch } from './uri-template.ts';

export interface RouteMatch {
  readonly path: PathMatch;
  /** Whether paths are compared with regard to case. Has no effect on a regex. */
  readonly caseSensitive: boolean;
  /** All must match. */
  readonly headers: readonly HeaderMatcher[];
  /** All must match. */
  readonly queryParameters: readonly QueryParameterMatcher[];
  /** Only gRPC requests: content-type `application/grpc` or `application/grpc+…`. */
  readonly isGrpc: boolean;
  /** The share of requests that may match; undefined is all. */
  readonly fraction: RuntimeRatio | undefined;
  /** All must match. */
  readonly cookies: readonly CookieMatcher[];
  /** What the client's certificate must be; undefined does not matter. */
  readonly tlsContext: TlsContextMatch | undefined;
  /** All must match what filters have found out. */
  readonly dynamicMetadata: readonly MetadataMatcher[];
  /** All must match what filters have left. */
  readonly filterState: readonly FilterStateMatcher[];
}

/** Paths are compared without their query. */
export type PathMatch =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'path'; readonly value: string }
  /** A prefix that ends where a path segment ends: `/a` takes `/a` and `/a/b`, not `/ab`. */
  | { readonly kind: 'path_separated_prefix'; readonly value: string }
  /** An RE2 expression for the whole path. */
  | { readonly kind: 'safe_regex'; readonly value: string }
  /** Requests by CONNECT, whatever they want to be connected to. */
  | { readonly kind: 'connect'; readonly value: '' }
  /** `value` is the RE2 expression that the template stands for. */
  | { readonly kind: 'template'; readonly value: string; readonly variables: readonly string[] };

/** Undefined does not matter. */
export interface TlsContextMatch {
  /** Whether the client has shown a certificate. */
  readonly presented: boolean | undefined;
  /** Whether it was found to be good. */
  readonly validated: boolean | undefined;
}

export interface FilterStateMatcher {
  readonly key: string;
  readonly matcher: StringMatcher;
}

const specifiers = [
  'prefix',
  'path',
  'path_separated_prefix',
  'safe_regex',
  'connect_matcher',
  'path_match_policy',
] as const;

export function readRouteMatch(json: unknown, scope: Scope): RouteMatch | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = readPathMatch(reader);
  const caseSensitive = reader.boolean('case_sensitive', true);
  const headers = reader.list('headers', readHeaderMatcher);
  const queryParameters = reader.list('query_parameters', readQueryParameterMatcher);
  const isGrpc = reader.read('grpc', readGrpc) ?? false;
  const conditions = {
    fraction: reader.read('runtime_fraction', readRuntimeRatio),
    cookies: reader.list('cookies', readCookieMatcher),
    tlsContext: reader.read('tls_context', readTlsContext),
    dynamicMetadata: reader.list('dynamic_metadata', readMetadataMatcher),
    filterState: reader.list('filter_state', readFilterStateMatcher),
  };
  reader.done();
  return path && { path, caseSensitive, headers, queryParameters, isGrpc, ...conditions };
}

function readPathMatch(reader: MessageReader): PathMatch | undefined {
  const kind = reader.oneof(specifiers, true);
  switch (kind) {
    case 'prefix':
    case 'path':
      return { kind, value: reader.string(kind, '') };
    case 'path_separated_prefix': {
      const value = reader.requiredString(kind);
      if (!/^[^?#]+[^?#/]$/.test(value)) {
        reader.scope.at(kind).error(`is ${JSON.stringify(value)}, must not contain ? or # nor end in /`);
      }
      return { kind, value };
    }
    case 'safe_regex': {
      const value = reader.read(kind, readRegex);
      return value === undefined ? undefined : { kind, value };
    }
    case 'connect_matcher':
      reader.read(kind, (json, scope) => MessageReader.open(json, scope)?.done());
      return { kind: 'connect', value: '' };
    case 'path_match_policy': {
      const template = reader.read(kind, readUriTemplateMatch);
      return template && { kind: 'template', value: template.regex, variables: template.variables };
    }
    case undefined:
      return undefined; // reported by oneof()
  }
}

function readTlsContext(json: unknown, scope: Scope): TlsContextMatch | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const match = { presented: reader.boolean('presented'), validated: reader.boolean('validated') };
  reader.done();
  return match;
}

function readFilterStateMatcher(json: unknown, scope: Scope): FilterStateMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = reader.requiredString('key');
  const matcher = reader.required('string_match', readStringMatcher);
  reader.refuse(['address_match']);
  reader.done();
  return matcher && { key, matcher };
}

function readGrpc(json: unknown, scope: Scope): true {
  MessageReader.open(json, scope)?.done();
  return true;
}
