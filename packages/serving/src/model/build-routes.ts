/** The hosts of the model: for each Route one for itself and one for each tag. */
import type { Route, TrafficTarget } from '../api/route.ts';
import { headers } from '../labels.ts';
import type { ServingRoute, TrafficSplit } from '../serving-model.ts';
import { routeHosts, taggedName, type HostConfig } from '../traffic/hosts.ts';
import { mergeTargets, type ResolvedTarget } from '../traffic/resolve-traffic.ts';

export interface RoutesInput {
  /** In the order of their keys. */
  readonly routes: readonly Route[];
  /** Keys of the revisions that there are. */
  readonly revisions: ReadonlySet<string>;
  readonly config: HostConfig;
  readonly complain: (route: Route, path: string, message: string) => void;
}

/**
 * What a Route's status says its traffic is: the controller has resolved it, and keeps the last that could
 * be resolved. Two routes may want one host, as a tag `a` on route `b` and a route `a-b`: the older has it.
 */
export function buildRoutes(input: RoutesInput): ServingRoute[] {
  const built: ServingRoute[] = [];
  const owners = new Map<string, string>();
  for (const route of input.routes.toSorted(byAge)) {
    for (const candidate of hostsOf(route, input)) {
      const claims = [...candidate.externalHosts, ...candidate.internalHosts, candidate.name];
      const taken = claims.find((host) => owners.has(host));
      if (taken !== undefined) {
        input.complain(route, 'spec.traffic', `host ${taken} belongs to route "${owners.get(taken)}" already`);
        continue;
      }
      for (const host of claims) owners.set(host, route.metadata.name);
      built.push(candidate);
    }
  }
  return built.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function hostsOf(route: Route, input: RoutesInput): ServingRoute[] {
  const targets = (route.status?.traffic ?? []).map(toResolved);
  const tags = [...new Set(targets.map(({ tag }) => tag).filter((tag) => tag !== ''))];
  const own = buildHost(route, '', mergeTargets(targets), input);
  const tagged = tags.map((tag) => {
    const sole = targets.filter((target) => target.tag === tag).map((target) => ({ ...target, percent: 100 }));
    return buildHost(route, tag, sole.slice(0, 1), input);
  });
  return [own, ...tagged].filter((host) => host !== undefined);
}

function buildHost(
  route: Route,
  tag: string,
  targets: readonly ResolvedTarget[],
  input: RoutesInput,
): ServingRoute | undefined {
  const { namespace = '', name } = route.metadata;
  const gone = targets.find((target) => !input.revisions.has(`${namespace}/${target.revisionName}`));
  if (gone) {
    input.complain(route, 'status.traffic', `revision "${gone.revisionName}" is not there`);
    return undefined;
  }
  if (targets.length === 0) return undefined;
  const { external, internal } = routeHosts(route, tag, input.config);
  return {
    name: `${namespace}/${taggedName(route, tag, input.config)}`,
    namespace,
    route: name,
    tag,
    externalHosts: external,
    internalHosts: internal,
    splits: targets.map((target) => toSplit(namespace, target)),
  };
}

function toSplit(namespace: string, { revisionName, percent }: ResolvedTarget): TrafficSplit {
  return {
    revision: `${namespace}/${revisionName}`,
    percent,
    headers: { [headers.revision]: revisionName, [headers.namespace]: namespace },
  };
}

function toResolved({
  revisionName = '',
  configurationName = '',
  latestRevision = false,
  percent = 0,
  tag = '',
}: TrafficTarget): ResolvedTarget {
  return { revisionName, configurationName, latestRevision, percent, tag };
}

/** Ties, as in objects without times, by key, which is the order they come in. */
function byAge(a: Route, b: Route): number {
  const [left = '', right = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return left === right ? 0 : left < right ? -1 : 1;
}
