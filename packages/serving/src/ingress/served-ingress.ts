/** The Ingress that a Route's status stands for: what is served, as long as the status says so. */
import type { Ingress } from '../api/ingress.ts';
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { Route, TrafficTarget } from '../api/route.ts';
import { parseRollout, rolloutAnnotation } from '../rollout/rollout.ts';
import type { ResolvedTarget } from '../traffic/resolve-traffic.ts';
import { makeIngress, type IngressConfig } from './make-ingress.ts';

/** @param protocolOf by a revision's name */
export function servedIngress(route: Route, config: IngressConfig, protocolOf: (revision: string) => Protocol): Ingress {
  const rollout = parseRollout(route.status?.annotations?.[rolloutAnnotation]);
  return makeIngress(route, (route.status?.traffic ?? []).map(toResolved), config, protocolOf, rollout);
}

function toResolved({ revisionName = '', configurationName = '', latestRevision = false, percent = 0, tag = '' }: TrafficTarget): ResolvedTarget {
  return { revisionName, configurationName, latestRevision, percent, tag };
}
