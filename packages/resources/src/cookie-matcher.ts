/** `envoy.config.route.v3.CookieMatcher`: what a cookie of the request must be. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readStringMatcher, type StringMatcher } from './string-matcher.ts';

export interface CookieMatcher {
  readonly name: string;
  readonly matcher: StringMatcher;
  /** Matches when the cookie does not, also when it is not there. */
  readonly invertMatch: boolean;
}

export function readCookieMatcher(json: unknown, scope: Scope): CookieMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const matcher = reader.required('string_match', readStringMatcher);
  const invertMatch = reader.boolean('invert_match', false);
  reader.done();
  return matcher && { name, matcher, invertMatch };
}
