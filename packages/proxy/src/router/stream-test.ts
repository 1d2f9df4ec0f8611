/** Conditions of a route on what is known of a stream besides its head: cookies, TLS, what filters have found out. */
import type { RequestHead } from '@sluice/http';
import type { CookieMatcher, FilterStateMatcher, MetadataMatcher, RouteMatch, TlsContextMatch } from '@sluice/resources';
import type { StreamInfo } from '../stream-info.ts';
import type { PatternCompiler } from './compile-session.ts';
import { cookieValue } from './cookie-value.ts';
import { compileMetadataTest } from './metadata-test.ts';
import { compileStringMatcher } from './string-test.ts';

/** Without a stream (a hypothetical request) nothing is known but the head. */
export type StreamTest = (head: RequestHead, info: StreamInfo | undefined) => boolean;

export function compileStreamTests(match: RouteMatch, path: string, patterns: PatternCompiler): readonly StreamTest[] {
  const { cookies, tlsContext, dynamicMetadata, filterState } = match;
  return [
    ...cookies.map((matcher, index) => compileCookie(matcher, `${path}.cookies[${index}]`, patterns)),
    ...(tlsContext ? [compileTlsContext(tlsContext)] : []),
    ...dynamicMetadata.map((matcher, index) => compileMetadata(matcher, `${path}.dynamic_metadata[${index}]`, patterns)),
    ...filterState.map((matcher, index) => compileFilterState(matcher, `${path}.filter_state[${index}]`, patterns)),
  ];
}

function compileCookie({ name, matcher, invertMatch }: CookieMatcher, path: string, patterns: PatternCompiler): StreamTest {
  const matches = compileStringMatcher(matcher, `${path}.string_match`, patterns);
  return (head) => {
    const value = cookieValue(head, name);
    return (value !== undefined && matches(value)) !== invertMatch;
  };
}

function compileTlsContext({ presented, validated }: TlsContextMatch): StreamTest {
  return (_head, info) => {
    const tls = info?.connection?.tls;
    // Without TLS nothing was shown; Envoy lets such requests pass, since the route was meant for others.
    if (!tls) return info?.scheme !== 'https' && presented !== true && validated !== true;
    const isPresented = tls.peer !== undefined;
    return (presented === undefined || presented === isPresented) && (validated === undefined || validated === tls.isPeerValidated);
  };
}

function compileMetadata(matcher: MetadataMatcher, path: string, patterns: PatternCompiler): StreamTest {
  const test = compileMetadataTest(matcher, path, patterns);
  return (_head, info) => test(info?.dynamicMetadata) ?? matcher.invert;
}

function compileFilterState({ key, matcher }: FilterStateMatcher, path: string, patterns: PatternCompiler): StreamTest {
  const matches = compileStringMatcher(matcher, `${path}.string_match`, patterns);
  return (_head, info) => {
    const value = info?.filterState?.get(key);
    return value !== undefined && matches(value);
  };
}
