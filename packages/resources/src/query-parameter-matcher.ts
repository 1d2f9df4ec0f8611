/** `envoy.config.route.v3.QueryParameterMatcher`. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readStringMatcher, type StringMatcher } from './string-matcher.ts';

export interface QueryParameterMatcher {
  readonly name: string;
  /** How its first value must look; undefined when it only has to be there (or, with `present` false, must not be). */
  readonly matcher: StringMatcher | undefined;
  readonly present: boolean;
}

export function readQueryParameterMatcher(json: unknown, scope: Scope): QueryParameterMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  reader.oneof(['string_match', 'present_match'], false);
  const matcher = reader.read('string_match', readStringMatcher);
  const present = reader.boolean('present_match', true);
  reader.done();
  return { name, matcher, present };
}
