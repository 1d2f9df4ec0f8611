/** `envoy.type.matcher.v3.MetadataMatcher` and its `ValueMatcher`: conditions on facts about a stream. */
import { MessageReader, readStringMatcher, type Scope, type StringMatcher, type Struct } from '@sluice/resources';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileStringMatcher } from '../router/string-test.ts';
import { valueAt } from '../struct-path.ts';

export interface MetadataMatcher {
  /** The namespace. */
  readonly filter: string;
  readonly path: readonly string[];
  readonly value: ValueMatcher;
  readonly invert: boolean;
}

export type ValueMatcher =
  | { readonly kind: 'null' }
  | { readonly kind: 'present'; readonly isPresent: boolean }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'number'; readonly start: number; readonly end: number; readonly isExact: boolean }
  | { readonly kind: 'string'; readonly matcher: StringMatcher }
  /** One member at least must match. */
  | { readonly kind: 'list'; readonly member: ValueMatcher }
  | { readonly kind: 'or'; readonly matchers: readonly ValueMatcher[] };

/** Whether a value matches; undefined is one that is not there. */
export type ValueTest = (value: unknown) => boolean;
/** Whether the facts by namespace match. */
export type MetadataTest = (metadata: ReadonlyMap<string, Struct> | undefined) => boolean;

export function readMetadataMatcher(json: unknown, scope: Scope): MetadataMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const filter = reader.requiredString('filter');
  const path = reader.list('path', readSegment);
  if (path.length === 0 && !scope.hasErrors) scope.at('path').error('is required');
  const value = reader.required('value', readValueMatcher);
  const invert = reader.boolean('invert', false);
  reader.done();
  return value && { filter, path, value, invert };
}

function readSegment(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  const key = reader?.requiredString('key');
  reader?.done();
  return key;
}

/** Protobuf's own limit for messages within messages. */
const depthMax = 100;

function readValueMatcher(json: unknown, scope: Scope, depth = 0): ValueMatcher | undefined {
  if (depth > depthMax) {
    scope.error(`stands in ${depth} others, must stand in at most ${depthMax}`);
    return undefined;
  }
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['null_match', 'double_match', 'string_match', 'bool_match', 'present_match', 'list_match', 'or_match'], true);
  const matcher = kind && readKind(kind, reader, depth + 1);
  reader.done();
  return matcher;
}

function readKind(kind: string, reader: MessageReader, depth: number): ValueMatcher | undefined {
  switch (kind) {
    case 'null_match':
      reader.read(kind, (json, scope) => MessageReader.open(json, scope)?.done());
      return { kind: 'null' };
    case 'present_match':
      return { kind: 'present', isPresent: reader.boolean(kind, true) };
    case 'bool_match':
      return { kind: 'bool', value: reader.boolean(kind, true) };
    case 'double_match':
      return reader.read(kind, readNumberMatcher);
    case 'string_match': {
      const matcher = reader.read(kind, readStringMatcher);
      return matcher && { kind: 'string', matcher };
    }
    case 'list_match': {
      const member = reader.read(kind, (json, scope) => {
        const list = MessageReader.open(json, scope);
        const oneOf = list?.required('one_of', (inner, at) => readValueMatcher(inner, at, depth));
        list?.done();
        return oneOf;
      });
      return member && { kind: 'list', member };
    }
    default: {
      const matchers = reader.read(kind, (json, scope) => {
        const or = MessageReader.open(json, scope);
        const found = or?.list('value_matchers', (inner, at) => readValueMatcher(inner, at, depth));
        or?.done();
        return found;
      });
      return matchers && { kind: 'or', matchers };
    }
  }
}

function readNumberMatcher(json: unknown, scope: Scope): ValueMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['exact', 'range'], true);
  const exact = reader.number('exact', 0);
  const range = reader.read('range', (inner, at) => {
    const bounds = MessageReader.open(inner, at);
    const found = bounds && { start: bounds.number('start', 0), end: bounds.number('end', 0) };
    bounds?.done();
    return found;
  });
  reader.done();
  if (kind === 'exact') return { kind: 'number', start: exact, end: exact, isExact: true };
  return range && { kind: 'number', ...range, isExact: false };
}

export function compileMetadataMatcher({ filter, path, value, invert }: MetadataMatcher, at: string, patterns: PatternCompiler): MetadataTest {
  const test = compileValueMatcher(value, `${at}.value`, patterns);
  return (metadata) => test(valueAt(metadata?.get(filter), path)) !== invert;
}

export function compileValueMatcher(matcher: ValueMatcher, at: string, patterns: PatternCompiler): ValueTest {
  switch (matcher.kind) {
    case 'null':
      return (value) => value === null;
    case 'present':
      return (value) => (value !== undefined) === matcher.isPresent;
    case 'bool':
      return (value) => value === matcher.value;
    case 'number': {
      const { start, end, isExact } = matcher;
      return (value) => typeof value === 'number' && (isExact ? value === start : value >= start && value < end);
    }
    case 'string': {
      const test = compileStringMatcher(matcher.matcher, `${at}.string_match`, patterns);
      return (value) => typeof value === 'string' && test(value);
    }
    case 'list': {
      const test = compileValueMatcher(matcher.member, `${at}.list_match.one_of`, patterns);
      return (value) => Array.isArray(value) && value.some(test);
    }
    case 'or': {
      const tests = matcher.matchers.map((inner, index) => compileValueMatcher(inner, `${at}.or_match.value_matchers[${index}]`, patterns));
      return (value) => tests.some((test) => test(value));
    }
  }
}
