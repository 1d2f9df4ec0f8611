/** `envoy.config.route.v3.RouteMatch`: what a request must look like for a route to take it. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderMatcher, type HeaderMatcher } from './header-matcher.ts';
import { readRuntimeFraction } from './percent.ts';
import { readQueryParameterMatcher, type QueryParameterMatcher } from './query-parameter-matcher.ts';
import { readRegex } from './string-matcher.ts';

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
  /** The share of requests that may match, 0 to 1; undefined is all. */
  readonly fractionRatio: number | undefined;
}

/** Paths are compared without their query. */
export type PathMatch =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'path'; readonly value: string }
  /** A prefix that ends where a path segment ends: `/a` takes `/a` and `/a/b`, not `/ab`. */
  | { readonly kind: 'path_separated_prefix'; readonly value: string }
  /** An RE2 expression for the whole path. */
  | { readonly kind: 'safe_regex'; readonly value: string };

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
  const fractionRatio = reader.read('runtime_fraction', readRuntimeFraction);
  reader.refuse(['connect_matcher', 'path_match_policy', 'cookies', 'tls_context', 'dynamic_metadata', 'filter_state']);
  reader.done();
  return path && { path, caseSensitive, headers, queryParameters, isGrpc, fractionRatio };
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
    default:
      return undefined; // reported by oneof() or refuse()
  }
}

function readGrpc(json: unknown, scope: Scope): true {
  MessageReader.open(json, scope)?.done();
  return true;
}
