/** Conditions on a request besides its path, compiled: headers, query parameters, gRPC. All must hold. */
import type { RequestHead } from '@sluice/http';
import type { HeaderMatcher, QueryParameterMatcher, RouteMatch } from '@sluice/resources';
import type { PatternCompiler } from './compile-session.ts';
import { compileStringMatcher } from './string-test.ts';

export type HeadTest = (head: RequestHead) => boolean;

export function compileHeadTests(match: RouteMatch, path: string, patterns: PatternCompiler): readonly HeadTest[] {
  return [
    ...match.headers.map((matcher, index) => compileHeaderMatcher(matcher, `${path}.headers[${index}]`, patterns)),
    ...match.queryParameters.map((matcher, index) =>
      compileQueryParameterMatcher(matcher, `${path}.query_parameters[${index}]`, patterns),
    ),
    ...(match.isGrpc ? [isGrpcRequest] : []),
  ];
}

/** All of them must hold. Asked for every request, so it makes nothing. */
export function allOf(tests: readonly HeadTest[]): HeadTest {
  return (head) => {
    for (let index = 0; index < tests.length; index += 1) if (!(tests[index] as HeadTest)(head)) return false;
    return true;
  };
}

/** The value of a header or pseudo-header; of several lines with this name the values joined. */
export function headerValue(head: RequestHead, name: string): string | undefined {
  switch (name) {
    case ':method':
      return head.method;
    case ':path':
      return head.path;
    case ':authority':
    case 'host':
      return head.authority;
    case ':scheme':
      return schemeOf(head);
    default:
      return head.get(name);
  }
}

/** How the client came, as the connection manager has established it. */
export function schemeOf(head: RequestHead): string {
  return head.get('x-forwarded-proto') ?? 'http';
}

export function compileHeaderMatcher(matcher: HeaderMatcher, path: string, patterns: PatternCompiler): HeadTest {
  return compileHeaderMatcherOf(matcher, path, patterns, headerValue);
}

/** The same for any kind of head. `valueOf` gives the value of a field, or undefined. */
export function compileHeaderMatcherOf<Head>(
  matcher: HeaderMatcher,
  path: string,
  patterns: PatternCompiler,
  valueOf: (head: Head, name: string) => string | undefined,
): (head: Head) => boolean {
  const { name, invertMatch } = matcher;
  const test = compileTest(matcher, path, patterns);
  if (matcher.test.kind === 'present') return (head) => test(valueOf(head, name)) !== invertMatch;
  const absent = matcher.treatMissingHeaderAsEmpty ? '' : undefined;
  return (head) => {
    const value = valueOf(head, name) ?? absent;
    // An absent header matches no test of its value, and is a match when the test is inverted, as in Envoy.
    return (value !== undefined && test(value)) !== invertMatch;
  };
}

function compileTest(
  { test }: HeaderMatcher,
  path: string,
  patterns: PatternCompiler,
): (value: string | undefined) => boolean {
  switch (test.kind) {
    case 'present':
      return (value) => (value !== undefined) === test.present;
    case 'range':
      return (value) => {
        if (value === undefined || !/^[+-]?\d{1,18}$/.test(value)) return false;
        const number = Number(value);
        return number >= test.start && number < test.end;
      };
    case 'string': {
      const compare = compileStringMatcher(test.matcher, `${path}.string_match`, patterns);
      return (value) => value !== undefined && compare(value);
    }
  }
}

export function compileQueryParameterMatcher(
  { name, matcher, present }: QueryParameterMatcher,
  path: string,
  patterns: PatternCompiler,
): HeadTest {
  if (matcher === undefined) return (head) => (firstQueryValue(head.path, name) !== undefined) === present;
  const compare = compileStringMatcher(matcher, `${path}.string_match`, patterns);
  return (head) => {
    const value = firstQueryValue(head.path, name);
    return value !== undefined && compare(value);
  };
}

/** The first value of a query parameter, undecoded, as Envoy compares it. Empty for a name without `=`. */
export function firstQueryValue(path: string, name: string): string | undefined {
  let start = path.indexOf('?');
  while (start !== -1) {
    start += 1;
    const next = path.indexOf('&', start);
    const end = next === -1 ? path.length : next;
    if (path.startsWith(name, start)) {
      const after = start + name.length;
      if (after === end) return '';
      if (path[after] === '=') return path.slice(after + 1, end);
    }
    start = next;
  }
  return undefined;
}

/** By its content type: `application/grpc`, or with a suffix (`application/grpc+proto`). */
export function isGrpcRequest(head: RequestHead): boolean {
  const contentType = head.get('content-type');
  return contentType !== undefined && (contentType === 'application/grpc' || contentType.startsWith('application/grpc+'));
}
