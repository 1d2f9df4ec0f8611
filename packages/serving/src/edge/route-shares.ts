/** backendRefs → who gets how much of a rule, and how much nobody can have. */
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { BackendReference } from './api/gateway-api.ts';
import { resolveBackend, type Referrer } from './backend-references.ts';
import type { EdgeAction, EdgePart, EdgePlainAction, EdgeShare } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { noFilters, readFilters, type ReadFilters } from './route-filters.ts';
import { tellReference, type RuleProblems } from './route-problems.ts';

/** A share, and the filters that are for it alone. */
export interface ResolvedShare extends EdgeShare {
  readonly filters: ReadFilters;
}

export interface ResolvedShares {
  readonly shares: readonly ResolvedShare[];
  readonly lostWeight: number;
}

export interface ShareReading {
  readonly referrer: Referrer;
  readonly surroundings: RouteSurroundings;
  readonly problems: RuleProblems;
  /** What is spoken to backends whatever they say of themselves. */
  readonly protocol?: Protocol;
  /** Whether each match of the rule is by the beginning of a path. */
  readonly hasPrefixes?: boolean;
}

export function resolveShares(refs: readonly BackendReference[], { referrer, surroundings, problems, protocol, hasPrefixes = false }: ShareReading): ResolvedShares {
  const shares: ResolvedShare[] = [];
  let lostWeight = 0;
  for (const ref of refs) {
    const { weight = 1 } = ref;
    const backend = resolveBackend(ref, referrer, surroundings, protocol);
    if (typeof backend !== 'string') {
      tellReference(problems, backend);
      lostWeight += weight;
      continue;
    }
    const filters = ref.filters ? readFilters(ref.filters, referrer, surroundings, problems, hasPrefixes) : noFilters;
    if (weight > 0) shares.push({ backend, weight, requestHeaders: filters.requestHeaders, responseHeaders: filters.responseHeaders, filters });
  }
  return { shares, lostWeight };
}

/** How a rule forwards, but for whom to. */
export type Forwarding = Omit<Extract<EdgePlainAction, { kind: 'forward' }>, 'kind' | 'shares' | 'lostWeight'>;

/**
 * The shares as one action. What a backend asks for beside headers stands in place of what the rule asks for, and copies go to the
 * mirrors of both.
 */
export function sharedAction({ shares, lostWeight }: ResolvedShares, rule: Forwarding): EdgeAction {
  // Nobody can have any of it.
  if (shares.length === 0) return { kind: 'answer', status: 500 };
  if (shares.every(({ filters }) => !isSpecial(filters))) return { kind: 'forward', shares: shares.map(plainShare), lostWeight, ...rule };
  const lost: EdgePart[] = lostWeight === 0 ? [] : [{ weight: lostWeight, action: { kind: 'answer', status: 500 }, ...noPartFilters }];
  return { kind: 'split', parts: [...lost, ...shares.map((share) => partOf(share, rule))] };
}

const noPartFilters = { requestHeaders: noFilters.requestHeaders, responseHeaders: noFilters.responseHeaders, cors: undefined };

function isSpecial({ redirect, rewriteHost, rewritePath, mirrors, cors }: ReadFilters): boolean {
  return redirect !== undefined || rewriteHost !== '' || rewritePath !== undefined || mirrors.length > 0 || cors !== undefined;
}

function plainShare({ filters: _filters, ...share }: ResolvedShare): EdgeShare {
  return share;
}

function partOf(share: ResolvedShare, rule: Forwarding): EdgePart {
  const { redirect, rewriteHost, rewritePath, mirrors, cors } = share.filters;
  if (redirect) return { weight: share.weight, action: redirect, requestHeaders: noFilters.requestHeaders, responseHeaders: share.responseHeaders, cors };
  const action: EdgePlainAction = {
    ...rule,
    kind: 'forward',
    shares: [{ ...plainShare(share), weight: 1 }],
    lostWeight: 0,
    rewriteHost: rewriteHost === '' ? rule.rewriteHost : rewriteHost,
    rewritePath: rewritePath ?? rule.rewritePath,
    mirrors: [...rule.mirrors, ...mirrors],
  };
  // Its changes of headers stand with its share.
  return { weight: share.weight, action, ...noPartFilters, cors };
}
