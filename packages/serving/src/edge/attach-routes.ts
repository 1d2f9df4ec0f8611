/** HTTPRoutes and GRPCRoutes at the listeners that they name as parents. */
import type { GrpcRoute, HttpRoute, ParentReference } from './api/gateway-api.ts';
import { allowsNamespace, type RouteKind } from './allowed-routes.ts';
import { gatewayGroup } from './edge-kinds.ts';
import type { EdgeCondition, EdgeParentStatus } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { condition, type AttachPoint } from './gateway-listeners.ts';
import { intersect } from './hostnames.ts';
import { grpcRouteRules } from './grpc-route-rules.ts';
import { httpRouteRules, type ReadRule } from './http-route-rules.ts';
import type { OrderedRule } from './ordered-rules.ts';
import type { ServedPorts } from './served-hosts.ts';

export interface AttachOptions {
  /** By `namespace/name` of their Gateway. */
  readonly points: ReadonlyMap<string, readonly AttachPoint[]>;
  readonly ports: ServedPorts;
  readonly surroundings: RouteSurroundings;
  /** Of each listener, the routes that are attached. */
  readonly attached: Map<AttachPoint, Set<string>>;
}

interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Undefined where none of its parents is ours: then there is nothing to say. */
export function attachRoute(kind: RouteKind, route: HttpRoute | GrpcRoute, options: AttachOptions): readonly EdgeParentStatus[] | undefined {
  const { namespace = '', name } = route.metadata;
  const parents = (route.spec.parentRefs ?? []).flatMap((ref) => {
    const { group = gatewayGroup, kind: parentKind = 'Gateway', namespace: where = namespace } = ref;
    const points = group === gatewayGroup && parentKind === 'Gateway' ? options.points.get(`${where}/${ref.name}`) : undefined;
    return points ? [{ ref, points }] : [];
  });
  if (parents.length === 0) return undefined;
  const read = kind === 'HTTPRoute' ? httpRouteRules(route as HttpRoute, options.surroundings) : grpcRouteRules(route as GrpcRoute, options.surroundings);
  const rules = orderedRules(read, route, `${namespace}/${name}`);
  return parents.map(({ ref, points }) => {
    const refusal = attach({ kind, route, ref, points, rules }, options);
    return { parentRef: ref, conditions: conditionsOf(refusal, read) };
  });
}

function orderedRules(read: readonly ReadRule[], { metadata }: HttpRoute | GrpcRoute, key: string): OrderedRule[] {
  const { creationTimestamp: createdAt = '' } = metadata;
  return read.flatMap(({ rules }) => rules).map((rule, index) => ({ rule, createdAt, key, index, isLast: false }));
}

interface Attachment {
  readonly kind: RouteKind;
  readonly route: HttpRoute | GrpcRoute;
  readonly ref: ParentReference;
  readonly points: readonly AttachPoint[];
  readonly rules: readonly OrderedRule[];
}

/** What keeps the route from its parent; undefined when it is attached. */
function attach({ kind, route, ref, points, rules }: Attachment, { ports, surroundings, attached }: AttachOptions): Refusal | undefined {
  const { namespace = '', name } = route.metadata;
  const named = points.filter(({ listener }) => (ref.sectionName === undefined || listener.name === ref.sectionName) && (ref.port === undefined || listener.port === ref.port));
  if (named.length === 0) return { reason: 'NoMatchingParent', message: 'the Gateway has no listener of that name and port' };
  const allowed = named.filter(({ kinds, listener, namespace: own }) => kinds.includes(kind) && allowsNamespace(listener, own, namespace, surroundings.labelsOf));
  if (allowed.length === 0) return { reason: 'NotAllowedByListeners', message: `no listener takes a ${kind} of namespace ${namespace}` };
  const hostnames = (route.spec.hostnames ?? []).length === 0 ? ['*'] : (route.spec.hostnames ?? []).map((host) => host.toLowerCase());
  let isMatched = false;
  let isAttached = false;
  const taken = new Map<string, string>();
  for (const point of allowed) {
    const domains = [...new Set(hostnames.flatMap((host) => intersect(point.hostname, host) ?? []))];
    if (domains.length === 0) continue;
    isMatched = true;
    const { protocol, listener } = point;
    // One that cannot be served has its routes all the same, and says itself why nobody is answered.
    const served = protocol && ports.at(listener.port, protocol);
    const free = domains.filter((domain) => {
      const owner = surroundings.ownerOfHost(domain) ?? (served && !served.claim(domain, kind) ? `a route of another kind that is older` : undefined);
      if (owner !== undefined) taken.set(domain, owner);
      return owner === undefined;
    });
    if (free.length === 0) continue;
    isAttached = true;
    attached.set(point, (attached.get(point) ?? new Set()).add(`${kind} ${namespace}/${name}`));
    if (!served || !point.isProgrammed) continue;
    for (const domain of free) if (served.isNearest(point.hostname, domain)) served.add(domain, rules);
  }
  if (isAttached) return undefined;
  if (!isMatched) return { reason: 'NoMatchingListenerHostname', message: `no listener is for ${hostnames.join(', ')}` };
  return { reason: 'HostnameConflict', message: [...taken].map(([domain, owner]) => `${domain} belongs to ${owner}`).join('; ') };
}

function conditionsOf(refusal: Refusal | undefined, read: readonly ReadRule[]): EdgeCondition[] {
  const values = read.flatMap(({ problems }, index) => problems.values.map((text) => `spec.rules[${index}]: ${text}`));
  const [reference] = read.flatMap(({ problems }) => problems.references);
  const isEmpty = read.length > 0 && read.every(({ rules }) => rules.length === 0);
  const unsupported = { reason: 'UnsupportedValue', message: values.join('; ') };
  return [
    condition('Accepted', refusal ?? (isEmpty ? unsupported : undefined), 'Accepted'),
    condition('ResolvedRefs', reference, 'ResolvedRefs'),
    ...(values.length > 0 && !isEmpty ? [{ type: 'PartiallyInvalid', status: 'True', ...unsupported, message: `rules are left out: ${unsupported.message}` } as const] : []),
  ];
}
