/**
 * The answers of a route, prepared: one RouteMatch for each thing that can happen (each weighted cluster its own),
 * so that matching a request makes nothing.
 */
import type { RequestHead, ResponseHead } from '@sluice/http';
import { SubsetCriteria } from '@sluice/balancing';
import type { ClusterWeight, HeaderMutations, Metadata, RouteAction } from '@sluice/resources';
import type { ForwardAction, RouteMatch } from '../route-match.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { CompileSession } from './compile-session.ts';
import type { ChooseMatch } from './compiled-route.ts';
import { compileRequestRules, compileResponseRules, type HeaderRule, type MutationLevel } from './header-rules.ts';
import { compileTries } from './compile-tries.ts';
import { compileDirectResponse } from './direct-response.ts';
import { compilePerFilter, type FilterLevel } from './per-filter.ts';
import { compileRateLimits } from './rate-limits.ts';
import { compileRedirect } from './redirect.ts';
import { compileHash } from './request-hash.ts';
import { compileRequestKinds } from './request-kinds.ts';
import { compileRewrites, type RequestChange } from './rewrite.ts';
import type { RoutePlace } from './route-place.ts';
import { byWeight } from './weighted-choice.ts';
import { compileRouteTracing } from '../tracing/compile-tracing.ts';

/** A weighted cluster and where it stands. */
interface WeightedPlace {
  readonly entry: ClusterWeight;
  readonly path: string;
}

export function prepareMatches(place: RoutePlace, session: CompileSession): ChooseMatch {
  const { action, match } = place.route;
  switch (action.kind) {
    case 'direct_response': {
      const answer = prepare(place, session, compileDirectResponse(action, place.table.directResponseBodyBytesMax, `${place.path}.direct_response`, session));
      return () => answer;
    }
    case 'redirect': {
      const location = compileRedirect(action, match, `${place.path}.redirect`, session);
      const answer = prepare(place, session, { kind: 'redirect', status: action.status, location });
      return () => answer;
    }
    case 'route':
      return prepareForwards(action, place, session);
  }
}

function prepareForwards(action: RouteAction, place: RoutePlace, session: CompileSession): ChooseMatch {
  const { target } = action;
  switch (target.kind) {
    case 'cluster': {
      const answer = prepareForward(action, target.name, place, session);
      return () => answer;
    }
    case 'passthrough': {
      const { passthrough } = session.environment;
      if (!passthrough) session.error(`${place.path}.route.inline_cluster_specifier_plugin`, 'cannot be followed here: there is no way out of the mesh');
      const websocket = { upgradeType: 'websocket', enabled: true, terminatesConnect: false };
      const opened = { ...action, upgradeConfigs: [websocket, ...action.upgradeConfigs] };
      const answer = prepareForward(opened, passthrough?.open(target.passthrough) ?? '', place, session);
      return () => answer;
    }
    case 'cluster_header':
      return byHeader(target.header, (cluster) => prepareForward(action, cluster, place, session));
    case 'weighted_clusters': {
      const { clusters, random } = target.weighted;
      const answers = clusters.map((entry, index): ChooseMatch => {
        const path = `${place.path}.route.weighted_clusters.clusters[${index}].`;
        const prepareFor = (cluster: string) => prepareForward(action, cluster, place, session, { entry, path });
        if (entry.clusterHeader !== undefined) return byHeader(entry.clusterHeader, prepareFor);
        const answer = prepareFor(entry.name);
        return () => answer;
      });
      const hash = random.kind === 'hash-policy' ? compileHash(action.hashPolicies, `${place.path}.route`, session) : undefined;
      return byWeight(answers, clusters.map(({ weight }) => weight), random, hash);
    }
  }
}

/** Clients choose the header's value, so what is kept for them is bounded; beyond, answers are made as needed. */
const rememberedClustersMax = 1024;

function byHeader(header: string, prepareFor: (cluster: string) => RouteMatch): ChooseMatch {
  const remembered = new Map<string, RouteMatch>();
  return (head) => {
    const cluster = head.get(header) ?? '';
    const known = remembered.get(cluster);
    if (known) return known;
    const answer = prepareFor(cluster);
    if (remembered.size < rememberedClustersMax) remembered.set(cluster, answer);
    return answer;
  };
}

function prepareForward(
  action: RouteAction,
  clusterName: string,
  place: RoutePlace,
  session: CompileSession,
  weighted?: WeightedPlace,
): RouteMatch {
  const forward: ForwardAction = {
    kind: 'forward',
    clusterName,
    timeoutMs: action.timeoutMs,
    idleTimeoutMs: action.idleTimeoutMs,
    flushTimeoutMs: action.flushTimeoutMs,
    upgrades: new Map(action.upgradeConfigs.map(({ upgradeType, enabled }) => [upgradeType, enabled])),
    terminatesConnect: action.upgradeConfigs.some(({ terminatesConnect }) => terminatesConnect),
    clusterNotFoundStatus: action.clusterNotFoundStatus,
    isHighPriority: action.priority === 'HIGH',
    subset: compileSubset(action.metadataMatch, weighted?.entry.metadataMatch),
    tries: compileTries(action, place, session),
    hash: compileHash(action.hashPolicies, `${place.path}.route`, session),
  };
  const rewrites = compileRewrites(action, place.route.match, weighted?.entry.hostRewriteLiteral, `${place.path}.route`, session);
  return prepare(place, session, forward, weighted, rewrites);
}

/** Both together; where both say something the weighted cluster counts. */
function compileSubset(route: RouteAction['metadataMatch'], weighted: RouteAction['metadataMatch']): SubsetCriteria | undefined {
  return route || weighted ? new SubsetCriteria({ ...route, ...weighted }) : undefined;
}

function prepare(
  place: RoutePlace,
  session: CompileSession,
  action: RouteMatch['action'],
  weighted?: WeightedPlace,
  rewrites: readonly RequestChange[] = [],
): RouteMatch {
  const { table, host, hostPath, route, path } = place;
  const level = (mutations: HeaderMutations, at: string): MutationLevel => ({ mutations, path: at });
  const levels = [
    ...(weighted ? [level(weighted.entry.headers, weighted.path)] : []),
    level(route.headers, `${path}.`),
    level(host.headers, `${hostPath}.`),
    level(table.headers, ''),
  ];
  if (table.mostSpecificHeaderMutationsWins) levels.reverse();
  const filterLevels: readonly FilterLevel[] = [
    ...(weighted ? [{ configs: weighted.entry.perFilterConfigs, path: weighted.path }] : []),
    { configs: route.perFilterConfigs, path: `${path}.` },
    { configs: host.perFilterConfigs, path: `${hostPath}.` },
    { configs: table.perFilterConfigs, path: '' },
  ];
  const { perFilter, filterSwitches } = compilePerFilter(filterLevels, session);
  const requestRules = action.kind === 'forward' ? compileRequestRules(levels, session) : [];
  return {
    routeName: route.name,
    virtualHostName: host.name,
    action,
    metadata: metadataOf(route.metadata),
    rateLimits: rateLimitsOf(place, session),
    changeRequest: changeRequest(requestRules, rewrites),
    changeResponse: changeResponse([...compileResponseRules(levels, session), ...(host.includesAttemptCountInResponse ? [reportAttempts] : [])]),
    streamDuration: route.action.kind === 'route' ? route.action.maxStreamDuration : undefined,
    perFilter,
    filterSwitches,
    virtualHostMetadata: host.metadata,
    ...(route.tracing ? { tracing: compileRouteTracing(route.tracing, session.operators, (at, message) => session.error(`${path}.tracing.${at}`, message)) } : {}),
    ...(route.operation === '' ? {} : { operation: route.operation }),
    ...compileRequestKinds(host, hostPath, route.statPrefix, session),
  };
}

/** How many tries it took; nothing where none was made. */
const reportAttempts: HeaderRule = (head, { info }) => {
  if (info.attempts > 0) head.set('x-envoy-attempt-count', String(info.attempts));
};

function changeRequest(rules: readonly HeaderRule[], rewrites: readonly RequestChange[]): RouteMatch['changeRequest'] {
  if (rules.length === 0 && rewrites.length === 0) return undefined;
  return (request: RequestHead, info: StreamInfo) => {
    const source = { info, request, response: undefined };
    for (let index = 0; index < rules.length; index += 1) (rules[index] as HeaderRule)(request, source);
    for (let index = 0; index < rewrites.length; index += 1) (rewrites[index] as RequestChange)(request, info);
  };
}

function changeResponse(rules: readonly HeaderRule[]): RouteMatch['changeResponse'] {
  if (rules.length === 0) return undefined;
  return (response: ResponseHead, info: StreamInfo, request: RequestHead) => {
    const source = { info, request, response };
    for (let index = 0; index < rules.length; index += 1) (rules[index] as HeaderRule)(response, source);
  };
}

function metadataOf(metadata: Metadata): RouteMatch['metadata'] {
  const namespaces = Object.entries(metadata);
  return namespaces.length === 0 ? undefined : new Map(namespaces);
}

function rateLimitsOf({ route, path, host, hostPath }: RoutePlace, session: CompileSession): RouteMatch['rateLimits'] {
  const { action } = route;
  if (action.kind !== 'route' || (action.rateLimits.length === 0 && host.rateLimits.length === 0)) return undefined;
  return {
    route: compileRateLimits(action.rateLimits, `${path}.route.rate_limits`, session),
    virtualHost: compileRateLimits(host.rateLimits, `${hostPath}.rate_limits`, session),
    includesVirtualHost: action.includesHostRateLimits,
  };
}
