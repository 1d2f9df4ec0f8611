/** `envoy.type.matcher.v3.StringMatcher` and `RegexMatcher`. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

export interface StringMatcher {
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains' | 'safe_regex';
  /** What to compare with; for `safe_regex` an RE2 expression that must match the whole value. */
  readonly value: string;
  /** Compare without regard to case. Has no effect on a regex. */
  readonly ignoreCase: boolean;
}

export function readStringMatcher(json: unknown, scope: Scope): StringMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['exact', 'prefix', 'suffix', 'contains', 'safe_regex'], true);
  const ignoreCase = reader.boolean('ignore_case', false);
  const value =
    kind === undefined
      ? undefined
      : kind === 'safe_regex'
        ? reader.read(kind, readRegex)
        : reader.read(kind, (text, at) => readMatchText(text, at, kind !== 'exact'));
  reader.refuse(['custom']);
  reader.done();
  return kind === undefined || value === undefined ? undefined : { kind, value, ignoreCase };
}

/**
 * The expression of a RegexMatcher. Whether it is a valid RE2 expression is found out when the route table is
 * compiled, by the engine that will run it.
 */
export function readRegex(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const regex = reader.requiredString('regex');
  reader.ignore(['google_re2']); // the old way to say which engine; there is only one
  reader.done();
  return regex === '' ? undefined : regex;
}

function readMatchText(json: unknown, scope: Scope, mustSaySomething: boolean): string | undefined {
  const text = decodeString(json, scope);
  if (text === '' && mustSaySomething) scope.error('must not be empty');
  return text;
}
