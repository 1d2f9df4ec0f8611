/** The rules of an HTTPRoute. */
import type { HttpRoute, HttpRouteMatch, HttpRouteRule } from './api/gateway-api.ts';
import type { Referrer } from './backend-references.ts';
import type { EdgeAction, EdgeMatch, EdgeRetry, EdgeRule } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { parseGatewayDuration } from './gateway-duration.ts';
import { readFilters, type ReadFilters } from './route-filters.ts';
import { noProblems, type RuleProblems } from './route-problems.ts';
import { readSession } from './route-session.ts';
import { resolveShares, sharedAction, type ShareReading } from './route-shares.ts';
import { checkRegex, headerMatches, queryMatches } from './value-matches.ts';

/** One rule of a route: as many as it has matches, or what is wrong with it. */
export interface ReadRule {
  /** Empty where a value cannot be had: the rule is left out. */
  readonly rules: readonly EdgeRule[];
  readonly problems: RuleProblems;
}

export function httpRouteRules({ metadata, spec }: HttpRoute, surroundings: RouteSurroundings): ReadRule[] {
  const { namespace = '', name } = metadata;
  const referrer: Referrer = { kind: 'HTTPRoute', namespace };
  return (spec.rules ?? [{}]).map((rule) => readRule(rule, referrer, sourceOf(`HTTPRoute ${namespace}/${name}`, rule), surroundings));
}

/** @param route its kind and name */
export function sourceOf(route: string, { name = '' }: { readonly name?: string }): string {
  return name === '' ? route : `${route}/${name}`;
}

function readRule(rule: HttpRouteRule, referrer: Referrer, source: string, surroundings: RouteSurroundings): ReadRule {
  const problems = noProblems();
  const matches = (rule.matches?.length ? rule.matches : [{}]).map((match) => readMatch(match, problems));
  const hasPrefixes = matches.every(({ path }) => path.kind === 'prefix');
  const filters = readFilters(rule.filters ?? [], referrer, surroundings, problems, hasPrefixes);
  const actionOf = filters.redirect ? () => filters.redirect as EdgeAction : forward(rule, filters, { referrer, surroundings, problems, hasPrefixes });
  const { requestHeaders, responseHeaders, cors } = filters;
  const read = matches.map((match): EdgeRule => ({ source, match, action: actionOf(match), requestHeaders, responseHeaders, cors }));
  const rules = problems.values.length > 0 ? [] : read;
  return { rules, problems };
}

function readMatch({ path = {}, headers, queryParams, method = '' }: HttpRouteMatch, problems: RuleProblems): EdgeMatch {
  const { type = 'PathPrefix', value = '/' } = path;
  if (type === 'RegularExpression') checkRegex(value, 'path', problems);
  else if (!value.startsWith('/')) problems.values.push(`path ${JSON.stringify(value)} does not begin with a slash`);
  const kind = ({ Exact: 'exact', PathPrefix: 'prefix', RegularExpression: 'regex' } as const)[type];
  if (kind === undefined) problems.values.push(`path match ${type} is not supported`);
  return {
    path: { kind: kind ?? 'prefix', value: kind === 'prefix' ? withoutEndingSlash(value) : value },
    method,
    headers: headerMatches(headers, problems),
    query: queryMatches(queryParams, problems),
    oneLabel: false,
  };
}

/** `/a/` is for whatever `/a` is for. */
export function withoutEndingSlash(prefix: string): string {
  return prefix.replace(/\/+$/, '') || '/';
}

/** What a rule does with what one of its matches takes. */
function forward(rule: HttpRouteRule, filters: ReadFilters, reading: ShareReading): (match: EdgeMatch) => EdgeAction {
  const { problems } = reading;
  const resolved = resolveShares(rule.backendRefs ?? [], reading);
  const timeoutMs = readTime(rule.timeouts?.request, 'timeouts.request', problems);
  const tryTimeoutMs = readTime(rule.timeouts?.backendRequest, 'timeouts.backendRequest', problems);
  if (timeoutMs > 0 && tryTimeoutMs > timeoutMs) problems.values.push('timeouts.backendRequest is longer than timeouts.request');
  const { rewriteHost, rewritePath, mirrors } = filters;
  const retry = readRetry(rule.retry, problems);
  const sessionOf = readSession(rule.sessionPersistence, resolved.shares.length, problems);
  return (match) => sharedAction(resolved, { rewriteHost, rewritePath, mirrors, timeoutMs, tryTimeoutMs, retry, session: sessionOf(match) });
}

/** What is tried again beside the stated codes, and how often where nothing is said, is left to implementations. */
function readRetry(retry: HttpRouteRule['retry'], problems: RuleProblems): EdgeRetry | undefined {
  if (!retry) return undefined;
  const { codes = [], attempts = 1, backoff } = retry;
  return attempts === 0 ? undefined : { codes, attempts, backOffMs: readTime(backoff, 'retry.backoff', problems) };
}

function readTime(text: string | undefined, field: string, problems: RuleProblems): number {
  const ms = text === undefined ? 0 : parseGatewayDuration(text);
  if (ms === undefined) problems.values.push(`${field}: ${JSON.stringify(text)} is no time such as 10s or 1m30s`);
  return ms ?? 0;
}
