/** Routes at the listeners that they name as parents. */
import type { GrpcRoute, HttpRoute, ParentReference, TcpRoute, TlsRoute } from './api/gateway-api.ts';
import { allowsNamespace, type RouteKind } from './allowed-routes.ts';
import { gatewayGroup } from './edge-kinds.ts';
import type { EdgeCondition, EdgeParentStatus } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { condition, type AttachPoint } from './gateway-listeners.ts';
import { intersect } from './hostnames.ts';
import { grpcRouteRules } from './grpc-route-rules.ts';
import { httpRouteRules, sourceOf, type ReadRule } from './http-route-rules.ts';
import type { OrderedRule } from './ordered-rules.ts';
import type { ServedHosts, ServedPorts } from './served-hosts.ts';
import { routePassage } from './passage-rules.ts';

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

export type AnyRoute =
  | { readonly kind: 'HTTPRoute'; readonly route: HttpRoute }
  | { readonly kind: 'GRPCRoute'; readonly route: GrpcRoute }
  | { readonly kind: 'TLSRoute'; readonly route: TlsRoute }
  | { readonly kind: 'TCPRoute'; readonly route: TcpRoute };

/** Undefined where none of its parents is ours: then there is nothing to say. */
export function attachRoute(any: AnyRoute, options: AttachOptions): readonly EdgeParentStatus[] | undefined {
  const { kind, route } = any;
  const { namespace = '', name } = route.metadata;
  const parents = (route.spec.parentRefs ?? []).flatMap((ref) => {
    const { group = gatewayGroup, kind: parentKind = 'Gateway', namespace: where = namespace } = ref;
    const points = group === gatewayGroup && parentKind === 'Gateway' ? options.points.get(`${where}/${ref.name}`) : undefined;
    return points ? [{ ref, points }] : [];
  });
  if (parents.length === 0) return undefined;
  const { policies } = options.surroundings;
  policies.begin();
  const read = readRoute(any, `${namespace}/${name}`, options.surroundings);
  policies.attach(parents.map(({ ref }) => `${ref.namespace ?? namespace}/${ref.name}`));
  return parents.map(({ ref, points }) => {
    const refusal = attach({ kind, route, ref, points, serve: read.serve }, options);
    return { parentRef: ref, conditions: conditionsOf(refusal, read) };
  });
}

/** What a route asks for, whatever its kind. */
interface Reading {
  readonly rules: readonly Pick<ReadRule, 'problems'>[];
  /** None of it can be served. */
  readonly isEmpty: boolean;
  /** Puts it in at a listener, for a domain that is its own. */
  readonly serve: (served: ServedHosts, domain: string, point: AttachPoint) => void;
}

function readRoute(any: AnyRoute, key: string, surroundings: RouteSurroundings): Reading {
  if (any.kind === 'TLSRoute' || any.kind === 'TCPRoute') {
    const { shares, lostWeight, problems } = routePassage(any, surroundings);
    const isEmpty = problems.values.length > 0;
    const passage = { source: sourceOf(`${any.kind} ${key}`, any.route.spec.rules?.[0] ?? {}), shares: isEmpty ? [] : shares, lostWeight };
    return { rules: [{ problems }], isEmpty, serve: (served, domain, { certificates }) => served.pass({ ...passage, name: domain, certificates }) };
  }
  const read = any.kind === 'HTTPRoute' ? httpRouteRules(any.route, surroundings) : grpcRouteRules(any.route, surroundings);
  const rules = orderedRules(read, any.route, key);
  return { rules: read, isEmpty: read.length > 0 && read.every((rule) => rule.rules.length === 0), serve: (served, domain) => served.add(domain, rules) };
}

function orderedRules(read: readonly ReadRule[], { metadata }: HttpRoute | GrpcRoute, key: string): OrderedRule[] {
  const { creationTimestamp: createdAt = '' } = metadata;
  return read.flatMap(({ rules }) => rules).map((rule, index) => ({ rule, createdAt, key, index, isLast: false }));
}

interface Attachment {
  readonly kind: RouteKind;
  readonly route: AnyRoute['route'];
  readonly ref: ParentReference;
  readonly points: readonly AttachPoint[];
  readonly serve: Reading['serve'];
}

/** What keeps the route from its parent; undefined when it is attached. */
function attach({ kind, route, ref, points, serve }: Attachment, { ports, surroundings, attached }: AttachOptions): Refusal | undefined {
  const { namespace = '', name } = route.metadata;
  const named = points.filter(({ listener }) => (ref.sectionName === undefined || listener.name === ref.sectionName) && (ref.port === undefined || listener.port === ref.port));
  if (named.length === 0) return { reason: 'NoMatchingParent', message: 'the Gateway has no listener of that name and port' };
  const allowed = named.filter(({ kinds, listener, namespace: own }) => kinds.includes(kind) && allowsNamespace(listener, own, namespace, surroundings.labelsOf));
  if (allowed.length === 0) return { reason: 'NotAllowedByListeners', message: `no listener takes a ${kind} of namespace ${namespace}` };
  const hostnames = kind === 'TCPRoute' || (route.spec.hostnames ?? []).length === 0 ? ['*'] : (route.spec.hostnames ?? []).map((host) => host.toLowerCase());
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
      const owner = surroundings.ownerOfHost(domain) ?? (served && !served.claim(domain, kind === 'TCPRoute' ? `${kind} ${namespace}/${name}` : kind) ? 'another route, which is older' : undefined);
      if (owner !== undefined) taken.set(domain, owner);
      return owner === undefined;
    });
    if (free.length === 0) continue;
    isAttached = true;
    attached.set(point, (attached.get(point) ?? new Set()).add(`${kind} ${namespace}/${name}`));
    if (!served || !point.isProgrammed) continue;
    for (const domain of free) if (served.isNearest(point.hostname, domain)) serve(served, domain, point);
  }
  if (isAttached) return undefined;
  if (!isMatched) return { reason: 'NoMatchingListenerHostname', message: `no listener is for ${hostnames.join(', ')}` };
  return { reason: 'HostnameConflict', message: [...taken].map(([domain, owner]) => `${domain} belongs to ${owner}`).join('; ') };
}

function conditionsOf(refusal: Refusal | undefined, { rules: read, isEmpty }: Reading): EdgeCondition[] {
  const values = read.flatMap(({ problems }, index) => problems.values.map((text) => `spec.rules[${index}]: ${text}`));
  const [reference] = read.flatMap(({ problems }) => problems.references);
  const unsupported = { reason: 'UnsupportedValue', message: values.join('; ') };
  return [
    condition('Accepted', refusal ?? (isEmpty ? unsupported : undefined), 'Accepted'),
    condition('ResolvedRefs', reference, 'ResolvedRefs'),
    ...(values.length > 0 && !isEmpty ? [{ type: 'PartiallyInvalid', status: 'True', ...unsupported, message: `rules are left out: ${unsupported.message}` } as const] : []),
  ];
}
