/**
 * Matchers of operators, as functions: paths of the admin server and names of statistics are few and short and the matchers
 * the operator's own, so the engine's own regular expressions serve.
 */
import type { StringMatcher } from '@sluice/resources';
import { compilePlainMatcher, type StringTest } from './router/string-test.ts';

export function compileOperatorMatcher({ kind, value, ignoreCase }: StringMatcher): StringTest {
  if (kind !== 'safe_regex') return compilePlainMatcher(kind, value, ignoreCase);
  const expression = new RegExp(`^(?:${value})$`);
  return (text) => expression.test(text);
}
