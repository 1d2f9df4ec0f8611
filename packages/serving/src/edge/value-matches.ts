/** Matches of headers and of the query. */
import type { NamedMatch } from './api/gateway-api.ts';
import type { ValueMatch } from './edge-model.ts';
import { firstOfEachName } from './header-changes.ts';
import type { RuleProblems } from './route-problems.ts';

/** Of several for one name the first counts. */
export function headerMatches(list: readonly NamedMatch[] | undefined, problems: RuleProblems): ValueMatch[] {
  return firstOfEachName(list ?? []).map((match) => readMatch(match, `header ${match.name}`, problems));
}

export function queryMatches(list: readonly NamedMatch[] | undefined, problems: RuleProblems): ValueMatch[] {
  return firstOfEachName(list ?? [], true).map((match) => readMatch(match, `query parameter ${match.name}`, problems));
}

function readMatch({ type = 'Exact', name, value }: NamedMatch, what: string, problems: RuleProblems): ValueMatch {
  if (type === 'RegularExpression') checkRegex(value, what, problems);
  else if (type !== 'Exact') problems.values.push(`${what} is matched by ${type}, which is not supported`);
  return { name, kind: type === 'RegularExpression' ? 'regex' : 'exact', value };
}

/**
 * Gateways read RE2, which is what JavaScript reads without looking around and back, and with flags in front. What slips through here, a
 * gateway refuses.
 */
export function checkRegex(value: string, what: string, problems: RuleProblems): void {
  const body = value.replace(/^\(\?[imsU]+\)/, '').replaceAll(/\(\?P</g, '(?<');
  const looksAround = /\(\?<?[=!]|\\[1-9]/.test(body);
  if (looksAround || !isRegex(body)) problems.values.push(`${what}: ${JSON.stringify(value)} is no RE2 expression`);
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
