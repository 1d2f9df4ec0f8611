/** `envoy.config.route.v3.HeaderMatcher`. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readRegex, readStringMatcher, type StringMatcher } from './string-matcher.ts';

export interface HeaderMatcher {
  /** Lower case; `:method`, `:path`, `:authority` and `:scheme` work too. */
  readonly name: string;
  readonly test: HeaderTest;
  /** Matches when the test does not. */
  readonly invertMatch: boolean;
  /** Treats an absent header as one with an empty value, for tests that look at the value. */
  readonly treatMissingHeaderAsEmpty: boolean;
}

export type HeaderTest =
  | { readonly kind: 'present'; readonly present: boolean }
  | { readonly kind: 'string'; readonly matcher: StringMatcher }
  /** A whole number from `start` up to, but not including, `end`. */
  | { readonly kind: 'range'; readonly start: number; readonly end: number };

const tests = [
  'string_match',
  'range_match',
  'present_match',
  'exact_match',
  'safe_regex_match',
  'prefix_match',
  'suffix_match',
  'contains_match',
] as const;

export function readHeaderMatcher(json: unknown, scope: Scope): HeaderMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name').toLowerCase();
  const test = readTest(reader);
  const invertMatch = reader.boolean('invert_match', false);
  const treatMissingHeaderAsEmpty = reader.boolean('treat_missing_header_as_empty', false);
  reader.done();
  return test && { name, test, invertMatch, treatMissingHeaderAsEmpty };
}

function readTest(reader: MessageReader): HeaderTest | undefined {
  const kind = reader.oneof(tests, false);
  switch (kind) {
    case undefined:
      return { kind: 'present', present: true };
    case 'present_match':
      return { kind: 'present', present: reader.boolean(kind, true) };
    case 'range_match':
      return reader.read(kind, readRange);
    case 'string_match':
      return asTest(reader.read(kind, readStringMatcher));
    case 'safe_regex_match':
      return asTest(deprecatedMatcher('safe_regex', reader.read(kind, readRegex)));
    case 'exact_match':
      return asTest(deprecatedMatcher('exact', reader.string(kind)));
    case 'prefix_match':
      return asTest(deprecatedMatcher('prefix', reader.string(kind)));
    case 'suffix_match':
      return asTest(deprecatedMatcher('suffix', reader.string(kind)));
    case 'contains_match':
      return asTest(deprecatedMatcher('contains', reader.string(kind)));
  }
}

/** The forms from before `string_match`, which servers still send. */
function deprecatedMatcher(kind: StringMatcher['kind'], value: string | undefined): StringMatcher | undefined {
  return value === undefined ? undefined : { kind, value, ignoreCase: false };
}

function asTest(matcher: StringMatcher | undefined): HeaderTest | undefined {
  return matcher && { kind: 'string', matcher };
}

function readRange(json: unknown, scope: Scope): HeaderTest | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const start = reader.integer('start') ?? 0;
  const end = reader.integer('end') ?? 0;
  reader.done();
  return { kind: 'range', start, end };
}
