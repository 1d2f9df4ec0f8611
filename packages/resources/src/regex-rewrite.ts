/** `envoy.type.matcher.v3.RegexMatchAndSubstitute`: a text made out of another. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readRegex } from './string-matcher.ts';

/** Every match of an RE2 expression is replaced; `\1` in the substitution is the first group, `\0` the match. */
export interface RegexRewrite {
  readonly regex: string;
  readonly substitution: string;
}

export function readRegexRewrite(json: unknown, scope: Scope): RegexRewrite | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const regex = reader.required('pattern', readRegex);
  const substitution = reader.string('substitution', '');
  reader.done();
  return regex === undefined ? undefined : { regex, substitution };
}
