/** A TLSRoute: whose connections are handed on to whom, in which shares. */
import type { TlsRoute } from './api/gateway-api.ts';
import { resolveShares } from './backend-references.ts';
import type { EdgePassage } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { noProblems, type RuleProblems } from './route-problems.ts';

export interface ReadPassage {
  /** Empty: nobody can have its connections. */
  readonly shares: EdgePassage['shares'];
  readonly problems: RuleProblems;
}

/** It has one rule. A share that nobody can have is the others': a connection knows no answer that would say so. */
export function tlsRoutePassage({ metadata, spec }: TlsRoute, surroundings: RouteSurroundings): ReadPassage {
  const problems = noProblems();
  const { namespace = '' } = metadata;
  const [rule, ...more] = spec.rules ?? [];
  if (more.length > 0) problems.values.push('a TLSRoute has one rule');
  const { shares } = resolveShares(rule?.backendRefs ?? [], { kind: 'TLSRoute', namespace }, surroundings, problems);
  return { shares: shares.map(({ backend, weight }) => ({ backend, weight })), problems };
}
