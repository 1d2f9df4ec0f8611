/** The Ingress that a Route's status stands for: what is served, as long as the status says so. */
import type { Ingress } from '../api/ingress.ts';
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { Route, TrafficTarget } from '../api/route.ts';
import { parseTls } from '../certificates/tls-annotation.ts';
import { parseRollout, rolloutAnnotation } from '../rollout/rollout.ts';
import type { ResolvedTarget } from '../traffic/resolve-traffic.ts';
import { annotations } from '../labels.ts';
import { ownerReference } from '../resources/owner-reference.ts';
import { ingressClassOf } from './ingress-class.ts';
import { routeHosts } from '../traffic/hosts.ts';
import { makeIngress, tagsOf, type IngressConfig } from './make-ingress.ts';

/** @param protocolOf by a revision's name */
export function servedIngress(route: Route, config: IngressConfig, protocolOf: (revision: string) => Protocol): Ingress {
  const rollout = parseRollout(route.status?.annotations?.[rolloutAnnotation]);
  return makeIngress(route, (route.status?.traffic ?? []).map(toResolved), config, protocolOf, rollout, parseTls(route.status?.annotations));
}

/** The same as an object, for who serves Ingresses of the Route's class. @param protocolOf by a revision's name */
export function ingressForOthers(route: Route, config: IngressConfig, protocolOf: (revision: string) => Protocol): Ingress {
  const made = servedIngress(route, config, protocolOf);
  const rollout = route.status?.annotations?.[rolloutAnnotation];
  const hosts = hostsOfTags(route, config);
  return {
    ...made,
    metadata: {
      ...made.metadata,
      annotations: {
        ...made.metadata.annotations,
        [annotations.ingressClass]: ingressClassOf(route, config.network),
        ...(rollout === undefined ? {} : { [rolloutAnnotation]: rollout }),
        ...(hosts === undefined ? {} : { [annotations.tagToHost]: hosts }),
      },
      ownerReferences: [ownerReference(route)],
    },
  };
}

/** JSON of the hosts of each tag; undefined without tags. */
function hostsOfTags(route: Route, config: IngressConfig): string | undefined {
  const tags = tagsOf((route.status?.traffic ?? []).map(toResolved));
  if (tags.length === 0) return undefined;
  const hostsOf = (tag: string): string[] => {
    const { internal, external } = routeHosts(route, tag, config);
    return [...internal, ...external].sort();
  };
  return JSON.stringify(Object.fromEntries(tags.map((tag) => [tag, hostsOf(tag)])));
}

function toResolved({ revisionName = '', configurationName = '', latestRevision = false, percent = 0, tag = '' }: TrafficTarget): ResolvedTarget {
  return { revisionName, configurationName, latestRevision, percent, tag };
}
