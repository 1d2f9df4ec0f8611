/** The rules of a GRPCRoute: a method is a path, and what is spoken behind is HTTP/2. */
import type { GrpcRoute, GrpcRouteMatch, GrpcRouteRule } from './api/gateway-api.ts';
import type { Referrer } from './backend-references.ts';
import type { EdgeMatch, EdgeRule } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { sourceOf, type ReadRule } from './http-route-rules.ts';
import { readFilters } from './route-filters.ts';
import { noProblems, type RuleProblems } from './route-problems.ts';
import { readSession } from './route-session.ts';
import { resolveShares, sharedAction } from './route-shares.ts';
import { checkRegex, headerMatches } from './value-matches.ts';

export function grpcRouteRules({ metadata, spec }: GrpcRoute, surroundings: RouteSurroundings): ReadRule[] {
  const { namespace = '', name } = metadata;
  const referrer: Referrer = { kind: 'GRPCRoute', namespace };
  return (spec.rules ?? [{}]).map((rule) => readRule(rule, referrer, sourceOf(`GRPCRoute ${namespace}/${name}`, rule), surroundings));
}

function readRule(rule: GrpcRouteRule, referrer: Referrer, source: string, surroundings: RouteSurroundings): ReadRule {
  const problems = noProblems();
  const matches = (rule.matches?.length ? rule.matches : [{}]).map((match) => readMatch(match, problems));
  const { requestHeaders, responseHeaders, mirrors } = readFilters(rule.filters ?? [], referrer, surroundings, problems);
  const resolved = resolveShares(rule.backendRefs ?? [], { referrer, surroundings, problems, protocol: 'h2c' });
  const sessionOf = readSession(rule.sessionPersistence, resolved.shares.length, problems);
  const forwarding = { rewriteHost: '', rewritePath: undefined, mirrors, timeoutMs: 0, tryTimeoutMs: 0, retry: undefined };
  const read = matches.map((match): EdgeRule => {
    const action = sharedAction(resolved, { ...forwarding, session: sessionOf(match) });
    return { source, match, action, requestHeaders, responseHeaders, cors: undefined };
  });
  return { rules: problems.values.length > 0 ? [] : read, problems };
}

function readMatch({ method, headers }: GrpcRouteMatch, problems: RuleProblems): EdgeMatch {
  return { path: pathOf(method, problems), method: '', headers: headerMatches(headers, problems), query: [], oneLabel: false };
}

/** `/service/method`; of either half any, where it is not said. */
function pathOf({ type = 'Exact', service = '', method = '' }: NonNullable<GrpcRouteMatch['method']> = {}, problems: RuleProblems): EdgeMatch['path'] {
  if (type !== 'Exact' && type !== 'RegularExpression') problems.values.push(`method match ${type} is not supported`);
  if (service === '' && method === '') return { kind: 'prefix', value: '/' };
  if (type === 'RegularExpression') {
    const value = `/${service === '' ? '[^/]+' : service}/${method === '' ? '[^/]+' : method}`;
    checkRegex(value, 'method', problems);
    return { kind: 'regex', value };
  }
  if (method === '') return { kind: 'prefix', value: `/${service}` };
  if (service === '') return { kind: 'regex', value: `/[^/]+/${escaped(method)}` };
  return { kind: 'exact', value: `/${service}/${method}` };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
