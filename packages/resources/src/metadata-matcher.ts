/** `envoy.type.matcher.v3.MetadataMatcher` and `ValueMatcher`: what a fact that filters or resources left must be. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readStringMatcher, type StringMatcher } from './string-matcher.ts';

export interface MetadataMatcher {
  /** Whose facts. */
  readonly namespace: string;
  /** Keys from the outside in. */
  readonly path: readonly string[];
  readonly value: ValueMatcher;
  readonly invert: boolean;
}

export type ValueMatcher =
  | { readonly kind: 'null' }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly includesMax: boolean }
  | { readonly kind: 'string'; readonly matcher: StringMatcher }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'present'; readonly present: boolean }
  /** Some member of a list. */
  | { readonly kind: 'list'; readonly member: ValueMatcher }
  | { readonly kind: 'or'; readonly matchers: readonly ValueMatcher[] };

export function readMetadataMatcher(json: unknown, scope: Scope): MetadataMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const namespace = reader.requiredString('filter');
  const path = reader.list('path', readSegment);
  if (path.length === 0 && !scope.hasErrors) scope.at('path').error('must have at least one key');
  const value = reader.required('value', readValueMatcher);
  const invert = reader.boolean('invert', false);
  reader.done();
  return value && { namespace, path, value, invert };
}

function readSegment(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = reader.requiredString('key');
  reader.done();
  return key;
}

const kinds = ['null_match', 'double_match', 'string_match', 'bool_match', 'present_match', 'list_match', 'or_match'] as const;

export function readValueMatcher(json: unknown, scope: Scope): ValueMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(kinds, true);
  const matcher = kind && readKind(kind, reader);
  reader.done();
  return matcher;
}

function readKind(kind: (typeof kinds)[number], reader: MessageReader): ValueMatcher | undefined {
  switch (kind) {
    case 'null_match':
      reader.read(kind, (value) => value);
      return { kind: 'null' };
    case 'double_match':
      return reader.read(kind, readDoubleMatcher);
    case 'string_match': {
      const matcher = reader.read(kind, readStringMatcher);
      return matcher && { kind: 'string', matcher };
    }
    case 'bool_match':
      return { kind: 'boolean', value: reader.boolean(kind, false) };
    case 'present_match':
      return { kind: 'present', present: reader.boolean(kind, false) };
    case 'list_match':
      return reader.read(kind, readListMatcher);
    case 'or_match':
      return reader.read(kind, readOrMatcher);
  }
}

function readDoubleMatcher(json: unknown, scope: Scope): ValueMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['range', 'exact'], true);
  const exact = kind === 'exact' ? reader.number(kind, 0) : 0;
  const range = kind === 'range' ? reader.read(kind, readDoubleRange) : { min: exact, max: exact };
  reader.done();
  return range && { kind: 'number', ...range, includesMax: kind === 'exact' };
}

function readDoubleRange(json: unknown, scope: Scope): { min: number; max: number } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const range = { min: reader.number('start', 0), max: reader.number('end', 0) };
  reader.done();
  return range;
}

function readListMatcher(json: unknown, scope: Scope): ValueMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const member = reader.required('one_of', readValueMatcher);
  reader.done();
  return member && { kind: 'list', member };
}

function readOrMatcher(json: unknown, scope: Scope): ValueMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const matchers = reader.list('value_matchers', readValueMatcher);
  reader.done();
  return { kind: 'or', matchers };
}
