/** `envoy.type.matcher.v3.ListStringMatcher`, for names of headers: one of the patterns must match. */
import { MessageReader, readStringMatcher, type Scope, type StringMatcher } from '@sluice/resources';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { compileStringMatcher, type StringTest } from '../../router/string-test.ts';

export type HeaderPatterns = readonly StringMatcher[];

export function readHeaderPatterns(json: unknown, scope: Scope): HeaderPatterns | undefined {
  const reader = MessageReader.open(json, scope);
  const patterns = reader?.list('patterns', readStringMatcher);
  reader?.done();
  return patterns;
}

/** Names of headers have no case. Without patterns no name matches. */
export function compileHeaderPatterns(matchers: HeaderPatterns, path: string, patterns: PatternCompiler): StringTest {
  const tests = matchers.map((matcher, index) => compileStringMatcher({ ...matcher, ignoreCase: true }, `${path}.patterns[${index}]`, patterns));
  return (name) => tests.some((test) => test(name));
}
