/** `envoy.config.common.matcher.v3.MatchPredicate`, as far as the head of a response can answer it. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderMatcher, type HeaderMatcher } from './header-matcher.ts';

export type ResponsePredicate =
  | { readonly kind: 'any' }
  | { readonly kind: 'all-of'; readonly rules: readonly ResponsePredicate[] }
  | { readonly kind: 'any-of'; readonly rules: readonly ResponsePredicate[] }
  | { readonly kind: 'not'; readonly rule: ResponsePredicate }
  /** All of these; `:status` is one of the names. */
  | { readonly kind: 'headers'; readonly headers: readonly HeaderMatcher[] };

const known = ['or_match', 'and_match', 'not_match', 'any_match', 'http_response_headers_match'] as const;
const others = ['http_request_headers_match', 'http_request_trailers_match', 'http_response_trailers_match', 'http_request_generic_body_match', 'http_response_generic_body_match'] as const;

/** Predicates within predicates, beyond which a document is no configuration. Chosen: nobody nests so. */
const depthMax = 16;

export function readResponsePredicate(json: unknown, scope: Scope): ResponsePredicate | undefined {
  return readNested(json, scope, 0);
}

function readNested(json: unknown, scope: Scope, depth: number): ResponsePredicate | undefined {
  if (depth > depthMax) {
    scope.error(`is nested deeper than ${depthMax} predicates`);
    return undefined;
  }
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof([...known, ...others], true);
  reader.refuse(others, 'only the head of a response is looked at');
  const predicate = kind && readKind(kind, reader, depth);
  reader.done();
  return predicate;
}

function readKind(kind: string, reader: MessageReader, depth: number): ResponsePredicate | undefined {
  const inner = (json: unknown, scope: Scope): ResponsePredicate | undefined => readNested(json, scope, depth + 1);
  switch (kind) {
    case 'any_match':
      if (!reader.boolean(kind, false)) reader.scope.at(kind).error('must be true');
      return { kind: 'any' };
    case 'not_match': {
      const rule = reader.read(kind, inner);
      return rule && { kind: 'not', rule };
    }
    case 'or_match':
    case 'and_match': {
      const rules = reader.read(kind, (json, scope) => readSet(json, scope, inner)) ?? [];
      return { kind: kind === 'or_match' ? 'any-of' : 'all-of', rules };
    }
    case 'http_response_headers_match':
      return { kind: 'headers', headers: reader.read(kind, readHeaders) ?? [] };
    default:
      return undefined;
  }
}

function readSet(json: unknown, scope: Scope, inner: (json: unknown, scope: Scope) => ResponsePredicate | undefined): readonly ResponsePredicate[] {
  const reader = MessageReader.open(json, scope);
  const rules = reader?.list('rules', inner) ?? [];
  if (reader && rules.length < 2 && !scope.hasErrors) scope.at('rules').error(`has ${rules.length}, must have at least 2`);
  reader?.done();
  return rules;
}

function readHeaders(json: unknown, scope: Scope): readonly HeaderMatcher[] {
  const reader = MessageReader.open(json, scope);
  const headers = reader?.list('headers', readHeaderMatcher) ?? [];
  reader?.done();
  return headers;
}
