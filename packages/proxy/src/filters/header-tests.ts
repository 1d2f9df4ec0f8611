/** Lists of header matchers, as several filters have them: all must hold. */
import type { HeaderMatcher } from '@sluice/resources';
import type { PatternCompiler } from '../router/compile-session.ts';
import { allOf, compileHeaderMatcher, type HeadTest } from '../router/head-test.ts';

/** `path` is that of the list. Without matchers every head passes. */
export function compileHeaderMatchers(matchers: readonly HeaderMatcher[], path: string, patterns: PatternCompiler): HeadTest {
  return allOf(matchers.map((matcher, index) => compileHeaderMatcher(matcher, `${path}[${index}]`, patterns)));
}
