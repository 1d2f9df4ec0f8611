/** StringMatcher, compiled to a function. */
import type { StringMatcher } from '@sluice/resources';
import type { PatternCompiler } from './compile-session.ts';

type PlainKind = Exclude<StringMatcher['kind'], 'safe_regex'>;

export type StringTest = (value: string) => boolean;

export function compileStringMatcher(matcher: StringMatcher, path: string, patterns: PatternCompiler): StringTest {
  const { kind, value: wanted, ignoreCase } = matcher;
  if (kind === 'safe_regex') {
    const regex = patterns.regex(wanted, `${path}.safe_regex.regex`);
    return (value) => regex.matchesAll(value);
  }
  return compilePlainMatcher(kind, wanted, ignoreCase);
}

/** A matcher that is no regex. */
export function compilePlainMatcher(kind: PlainKind, wanted: string, ignoreCase: boolean): StringTest {
  if (!ignoreCase) return compareWith(kind, wanted);
  const compare = compareWith(kind, wanted.toLowerCase());
  return (value) => compare(value.toLowerCase());
}

function compareWith(kind: PlainKind, wanted: string): StringTest {
  switch (kind) {
    case 'exact':
      return (value) => value === wanted;
    case 'prefix':
      return (value) => value.startsWith(wanted);
    case 'suffix':
      return (value) => value.endsWith(wanted);
    case 'contains':
      return (value) => value.includes(wanted);
  }
}
