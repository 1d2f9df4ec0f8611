/** A TLSRoute or a TCPRoute: whose connections are handed on to whom, in which shares. */
import type { TcpRoute, TlsRoute } from './api/gateway-api.ts';
import type { EdgePassage } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { noProblems, type RuleProblems } from './route-problems.ts';
import { resolveShares } from './route-shares.ts';

export interface ReadPassage {
  /** Empty: nobody can have its connections. */
  readonly shares: EdgePassage['shares'];
  readonly lostWeight: number;
  readonly problems: RuleProblems;
}

type Passing = { readonly kind: 'TLSRoute'; readonly route: TlsRoute } | { readonly kind: 'TCPRoute'; readonly route: TcpRoute };

/** It has one rule. */
export function routePassage({ kind, route: { metadata, spec } }: Passing, surroundings: RouteSurroundings): ReadPassage {
  const problems = noProblems();
  const { namespace = '' } = metadata;
  const [rule, ...more] = spec.rules ?? [];
  if (more.length > 0) problems.values.push(`a ${kind} has one rule`);
  const { shares, lostWeight } = resolveShares(rule?.backendRefs ?? [], { referrer: { kind, namespace }, surroundings, problems });
  return { shares: shares.map(({ backend, weight }) => ({ backend, weight })), lostWeight, problems };
}
