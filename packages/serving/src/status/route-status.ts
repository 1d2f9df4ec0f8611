/** What a Route says of itself: where it is, and who gets which share. */
import type { Route, RouteStatus, TrafficTarget } from '../api/route.ts';
import type { Protocol } from '../api/pod-autoscaler.ts';
import { tlsNotEnabled, type ObtainedTls } from '../certificates/obtained-certificates.ts';
import { formatTls, tlsAnnotation } from '../certificates/tls-annotation.ts';
import type { Ingress } from '../api/ingress.ts';
import { ingressHash } from '../ingress/ingress-hash.ts';
import type { IngressConfig } from '../ingress/make-ingress.ts';
import { servedIngress } from '../ingress/served-ingress.ts';
import { formatRollout, isDone, rolloutAnnotation, type Rollout } from '../rollout/rollout.ts';
import { spreadTargets } from '../rollout/spread-targets.ts';
import { clusterUrl, isClusterLocal, routeUrl, type HostConfig } from '../traffic/hosts.ts';
import type { ResolvedTarget, ResolvedTraffic } from '../traffic/resolve-traffic.ts';
import { isFalse, isTrue, isUnknown, livingConditions, previousMarks, type Mark } from './condition-set.ts';
import { ingressMark, parseVerdict } from './gateway-verdict.ts';
import { ingressReadyMark } from './ingress-ready.ts';

const dependents = ['AllTrafficAssigned', 'CertificateProvisioned', 'IngressReady'];

export interface RouteFacts {
  readonly route: Route;
  readonly traffic: ResolvedTraffic;
  /** Where its rollout is. Absent: everything goes to the newest at once. */
  readonly rollout?: Rollout;
  readonly config: IngressConfig;
  /** What became of the certificates that it needs. Absent: none are made. */
  readonly obtained?: ObtainedTls | undefined;
  /**
   * Of a Route that others' gateways serve: the Ingress by which they do. Absent: ours serve it. `undefined` until it is there;
   * `not-owned` when something else has its name.
   */
  readonly elsewhere?: { readonly ingress: Ingress | 'not-owned' | undefined } | undefined;
  /** The name of a Service that the route needs for itself or for a tag, and that is somebody else's: nothing new is served then. */
  readonly taken?: string | undefined;
  /** What a revision speaks, by its name. */
  readonly protocolOf: (revision: string) => Protocol;
  /** RFC 3339. */
  readonly now: string;
}

/** As long as the traffic cannot be resolved, the last that could stays in force, and in the status. */
export function routeStatus(facts: RouteFacts): RouteStatus {
  const { route, traffic, config, now } = facts;
  const isSecure = facts.obtained?.isSecure;
  const served = facts.taken !== undefined ? (route.status?.traffic ?? []) : readRouteTraffic(route, traffic, config, facts.rollout, isSecure);
  const notes = statusAnnotations(facts);
  const marks: Record<string, Mark> =
    traffic.kind === 'resolved'
      ? { AllTrafficAssigned: isTrue, CertificateProvisioned: facts.obtained?.mark ?? tlsNotEnabled, IngressReady: readyMark(facts, { traffic: served, annotations: notes }) }
      : { AllTrafficAssigned: failureMark(traffic.failure), IngressReady: ingressWithout(route) };
  return {
    ...observed(route),
    ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }),
    url: routeUrl(route, '', config, isSecure),
    address: { url: clusterUrl(route, '', config, isSecure) },
    traffic: served,
    conditions: livingConditions({ dependents, marks, previous: route.status?.conditions, now }),
  };
}

/** Whether all gateways serve what the Route's status says. */
export function isServedByAll({ route, config, protocolOf, elsewhere }: Pick<RouteFacts, 'route' | 'config' | 'protocolOf' | 'elsewhere'>): boolean {
  const mark = elsewhere ? ingressReadyMark(route.metadata.name, elsewhere.ingress) : gatewaysSay(route, config, protocolOf);
  return mark.status === 'True';
}

/** While a rollout goes on, the route is not ready, however well its steps are served. */
function readyMark({ route, config, protocolOf, rollout, elsewhere, taken }: RouteFacts, next: Pick<RouteStatus, 'traffic' | 'annotations'>): Mark {
  if (taken !== undefined) return isFalse('NotOwned', `There is an existing placeholder Service "${taken}" that we do not own.`);
  if (rollout && !isDone(rollout)) return rolling;
  if (elsewhere) return ingressReadyMark(route.metadata.name, elsewhere.ingress);
  return gatewaysSay({ ...route, status: { ...route.status, ...next } }, config, protocolOf);
}

/** Gateways have taken the very content that the status stands for, or not yet. */
function gatewaysSay(route: Route, config: IngressConfig, protocolOf: RouteFacts['protocolOf']): Mark {
  const { namespace = '', name } = route.metadata;
  const { spec } = servedIngress(route, config, protocolOf);
  return ingressMark(parseVerdict(route.status?.annotations), ingressHash(spec, namespace, name));
}

/** Others write here, too. The rollout is told as long as there is one: without, nothing but the newest is served. */
function statusAnnotations({ route, traffic, rollout, obtained, taken }: RouteFacts): Readonly<Record<string, string>> {
  const before = route.status?.annotations ?? {};
  if (traffic.kind === 'failed' || taken !== undefined) return before;
  const { [rolloutAnnotation]: _, [tlsAnnotation]: __, ...others } = before;
  return {
    ...others,
    ...(rollout === undefined ? {} : { [rolloutAnnotation]: formatRollout(rollout) }),
    ...(obtained === undefined || obtained.tls.length === 0 ? {} : { [tlsAnnotation]: formatTls(obtained.tls) }),
  };
}

/** What the status says of the traffic: as long as it cannot be resolved, the last that could be. */
export function readRouteTraffic(
  route: Route,
  traffic: ResolvedTraffic,
  config: HostConfig,
  rollout?: Rollout,
  isSecure?: (host: string) => boolean,
): readonly TrafficTarget[] {
  if (traffic.kind === 'failed') return route.status?.traffic ?? [];
  const targets = rollout === undefined ? traffic.targets : spreadTargets(traffic.targets, rollout);
  return targets.map((target) => statusTarget(route, target, config, isSecure));
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

/** Knative's words. */
const rolling = isUnknown('RolloutInProgress', 'A gradual rollout of the latest revision(s) is in progress.');

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

function statusTarget(route: Route, target: ResolvedTarget, config: HostConfig, isSecure?: (host: string) => boolean): TrafficTarget {
  const { revisionName, latestRevision, percent, tag } = target;
  return {
    revisionName,
    latestRevision,
    percent,
    ...(tag === ''
      ? {}
      : { tag, url: isClusterLocal(route) ? clusterUrl(route, tag, config, isSecure) : routeUrl(route, tag, config, isSecure) }),
  };
}

function observed(route: Route): Pick<RouteStatus, 'observedGeneration'> {
  return route.metadata.generation === undefined ? {} : { observedGeneration: route.metadata.generation };
}
