/** What a Route says of itself: where it is, and who gets which share. */
import type { Route, RouteStatus, TrafficTarget } from '../api/route.ts';
import type { Protocol } from '../api/pod-autoscaler.ts';
import { ingressHash } from '../ingress/ingress-hash.ts';
import { makeIngress, type IngressConfig } from '../ingress/make-ingress.ts';
import { clusterUrl, isClusterLocal, routeUrl, type HostConfig } from '../traffic/hosts.ts';
import type { ResolvedTarget, ResolvedTraffic } from '../traffic/resolve-traffic.ts';
import { isFalse, isTrue, isUnknown, livingConditions, previousMarks, type Mark } from './condition-set.ts';
import { ingressMark, parseVerdict } from './gateway-verdict.ts';

const dependents = ['AllTrafficAssigned', 'CertificateProvisioned', 'IngressReady'];

export interface RouteFacts {
  readonly route: Route;
  readonly traffic: ResolvedTraffic;
  readonly config: IngressConfig;
  /** What a revision speaks, by its name. */
  readonly protocolOf: (revision: string) => Protocol;
  /** RFC 3339. */
  readonly now: string;
}

/** As long as the traffic cannot be resolved, the last that could stays in force, and in the status. */
export function routeStatus(facts: RouteFacts): RouteStatus {
  const { route, traffic, config, now } = facts;
  const marks: Record<string, Mark> =
    traffic.kind === 'resolved'
      ? { AllTrafficAssigned: isTrue, CertificateProvisioned: noCertificate, IngressReady: gatewaysSay(facts, traffic.targets) }
      : { AllTrafficAssigned: failureMark(traffic.failure), IngressReady: ingressWithout(route) };
  return {
    ...observed(route),
    // Others write here, too.
    ...(route.status?.annotations === undefined ? {} : { annotations: route.status.annotations }),
    url: routeUrl(route, '', config),
    address: { url: clusterUrl(route, '', config) },
    traffic: readRouteTraffic(route, traffic, config),
    conditions: livingConditions({ dependents, marks, previous: route.status?.conditions, now }),
  };
}

/** Gateways have taken the very content that this traffic stands for, or not yet. */
function gatewaysSay({ route, config, protocolOf }: RouteFacts, targets: readonly ResolvedTarget[]): Mark {
  const { namespace = '', name } = route.metadata;
  const { spec } = makeIngress(route, targets, config, protocolOf);
  return ingressMark(parseVerdict(route.status?.annotations), ingressHash(spec, namespace, name));
}

/** What the status says of the traffic: as long as it cannot be resolved, the last that could be. */
export function readRouteTraffic(route: Route, traffic: ResolvedTraffic, config: HostConfig): readonly TrafficTarget[] {
  if (traffic.kind === 'failed') return route.status?.traffic ?? [];
  return traffic.targets.map((target) => statusTarget(route, target, config));
}

/** The status of a route whose spec cannot be followed. What it served before, it serves. */
export function invalidRouteStatus(route: Route, message: string, now: string): RouteStatus {
  return {
    ...route.status,
    ...observed(route),
    conditions: livingConditions({
      dependents,
      marks: { ...previousMarks(route.status?.conditions), AllTrafficAssigned: isFalse('InvalidSpec', message) },
      previous: route.status?.conditions,
      now,
    }),
  };
}

const noCertificate: Mark = { status: 'True', reason: 'TLSNotEnabled', message: 'autoTLS is not enabled' };

function failureMark({
  status,
  reason,
  message,
}: {
  readonly status: 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}): Mark {
  return status === 'False' ? isFalse(reason, message) : isUnknown(reason, message);
}

function ingressWithout(route: Route): Mark {
  return (route.status?.traffic ?? []).length > 0
    ? isTrue
    : isUnknown('IngressNotConfigured', 'Ingress has not yet been reconciled.');
}

function statusTarget(route: Route, target: ResolvedTarget, config: HostConfig): TrafficTarget {
  const { revisionName, latestRevision, percent, tag } = target;
  return {
    revisionName,
    latestRevision,
    percent,
    ...(tag === ''
      ? {}
      : { tag, url: isClusterLocal(route) ? clusterUrl(route, tag, config) : routeUrl(route, tag, config) }),
  };
}

function observed(route: Route): Pick<RouteStatus, 'observedGeneration'> {
  return route.metadata.generation === undefined ? {} : { observedGeneration: route.metadata.generation };
}
