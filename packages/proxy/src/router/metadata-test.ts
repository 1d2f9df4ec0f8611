/** MetadataMatcher, compiled: what a fact that filters have left about a stream must be. */
import type { MetadataMatcher, Struct, ValueMatcher } from '@sluice/resources';
import type { PatternCompiler } from './compile-session.ts';
import { compileStringMatcher } from './string-test.ts';

export type ValueTest = (value: unknown) => boolean;

/** Undefined: there is nothing under its keys. */
export type MetadataTest = (metadata: ReadonlyMap<string, Struct> | undefined) => boolean | undefined;

export function compileMetadataTest({ namespace, path, value, invert }: MetadataMatcher, at: string, patterns: PatternCompiler): MetadataTest {
  const test = compileValueMatcher(value, `${at}.value`, patterns);
  return (metadata) => {
    const found = lookUp(metadata?.get(namespace), path);
    return found === undefined ? undefined : test(found) !== invert;
  };
}

/** What stands under these keys, each within the one before. */
export function lookUp(struct: Struct | undefined, path: readonly string[]): unknown {
  let value: unknown = struct;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Struct)[key];
  }
  return value;
}

export function compileValueMatcher(matcher: ValueMatcher, path: string, patterns: PatternCompiler): ValueTest {
  switch (matcher.kind) {
    case 'null':
      return (value) => value === null;
    case 'number': {
      const { min, max, includesMax } = matcher;
      return (value) => typeof value === 'number' && value >= min && (value < max || (includesMax && value === max));
    }
    case 'string': {
      const test = compileStringMatcher(matcher.matcher, `${path}.string_match`, patterns);
      return (value) => typeof value === 'string' && test(value);
    }
    case 'boolean':
      return (value) => value === matcher.value;
    case 'present':
      return (value) => (value !== undefined) === matcher.present;
    case 'list': {
      const test = compileValueMatcher(matcher.member, `${path}.list_match.one_of`, patterns);
      return (value) => Array.isArray(value) && value.some(test);
    }
    case 'or': {
      const tests = matcher.matchers.map((one, index) => compileValueMatcher(one, `${path}.or_match.value_matchers[${index}]`, patterns));
      return (value) => tests.some((test) => test(value));
    }
  }
}
