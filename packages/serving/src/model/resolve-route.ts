/** A candidate whose hosts are its own → the route: who takes its requests, as far as there is somebody. */
import { problem, type Problem } from '@sluice/kernel';
import type { IngressPath, IngressSplit } from '../api/ingress.ts';
import type { ServingPath, ServingRoute, TrafficSplit } from '../serving-model.ts';
import type { BackendRef } from './live-backends.ts';
import { isDefault, pathOf, type RouteCandidate } from './ingress-routes.ts';

export interface RouteWorld {
  /** @param key `namespace/name` */
  readonly hasRevision: (key: string) => boolean;
  /** The key of a Service's port, if it is there. */
  readonly backendOf: (ref: BackendRef) => string | undefined;
  /** The route that a host leads to; `rewritten` for one that leads on to another host itself. */
  readonly routeOf: (host: string) => ServingRoute | 'rewritten' | undefined;
}

export interface ResolvedRoute {
  /** Undefined when nobody is left to take any request. */
  readonly route: ServingRoute | undefined;
  readonly problems: readonly Problem[];
}

export function resolveRoute({ declared, affinityProblem, ...candidate }: RouteCandidate, world: RouteWorld): ResolvedRoute {
  const problems: Problem[] = affinityProblem ? [affinityProblem] : [];
  const resolved = declared.map((path): ServingPath => ({ ...pathOf(path), splits: splitsOf(path, candidate, world, problems) }));
  const served = resolved.filter(({ splits }) => splits.length > 0);
  const otherwise = served.find(isDefault);
  const route: ServingRoute = {
    ...candidate,
    splits: otherwise?.splits ?? [],
    headers: otherwise?.headers ?? {},
    rewriteHost: otherwise?.rewriteHost ?? '',
    paths: served.filter((path) => !isDefault(path)),
  };
  return { route: served.length === 0 ? undefined : route, problems };
}

/** Whether a candidate needs to know of other routes: those are settled first. */
export function rewritesHost({ declared }: RouteCandidate): boolean {
  return declared.some(({ rewriteHost }) => rewriteHost !== undefined && rewriteHost !== '');
}

/** A share of a revision that is gone falls to the others. */
function splitsOf(
  path: IngressPath,
  { namespace, owner }: Pick<RouteCandidate, 'namespace' | 'owner'>,
  world: RouteWorld,
  problems: Problem[],
): readonly TrafficSplit[] {
  const wanted = path.splits.filter(({ percent }) => percent !== 0 && (percent !== undefined || path.splits.length === 1));
  const found = new Map(wanted.flatMap((split) => {
    const key = targetOf(split, namespace, world);
    return key === undefined ? [] : [[split, key] as const];
  }));
  if (found.size === 0 && path.rewriteHost) return splitsBehind(path.rewriteHost, world, problems);
  for (const split of wanted) {
    if (found.has(split)) continue;
    const { serviceName, servicePort } = split;
    problems.push(owner.kind === 'Route' ? problem('status.traffic', `revision "${serviceName}" is not there`) : problem('spec.rules', `there is no revision "${serviceName}", and no service of that name with port ${servicePort}`));
  }
  return [...found].map(([{ percent = 100, appendHeaders = {} }, revision]) => ({ revision, percent, headers: appendHeaders }));
}

/** A revision is known by the name of its public Service, and its pods are nearer than that. */
function targetOf({ serviceName, servicePort }: IngressSplit, namespace: string, world: RouteWorld): string | undefined {
  const revision = `${namespace}/${serviceName}`;
  return world.hasRevision(revision) ? revision : world.backendOf({ namespace, service: serviceName, port: servicePort });
}

/** Requests for the one host are sent where those for the other go, without a second way through a gateway. */
function splitsBehind(host: string, world: RouteWorld, problems: Problem[]): readonly TrafficSplit[] {
  const target = world.routeOf(host);
  // One step and no more, so that there is no way round in a circle.
  if (target === 'rewritten') problems.push(problem('spec.rules', `rewriteHost "${host}" leads to a host that is rewritten itself`));
  else if (target === undefined) problems.push(problem('spec.rules', `rewriteHost "${host}" leads nowhere`));
  else return target.splits;
  return [];
}
