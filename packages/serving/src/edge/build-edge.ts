/** Ingresses and Gateway API's objects → what gateways are to do and what is to be said on each of them. From scratch, in whatever order they came. */
import type { ServingCertificate } from '../serving-model.ts';
import type { BackendTlsPolicy, Gateway, GatewayClass, GrpcRoute, HttpRoute, ReferenceGrant, TcpRoute, TlsRoute } from './api/gateway-api.ts';
import type { IngressClass, KubernetesIngress } from './api/kubernetes-ingress.ts';
import { attachRoute, type AnyRoute } from './attach-routes.ts';
import { BackendPolicies } from './backend-policies.ts';
import { gatewayController } from './edge-kinds.ts';
import type { EdgeIngressStatus, EdgeModel, EdgeParentStatus, EdgeServer } from './edge-model.ts';
import type { EdgeSurroundings, RouteSurroundings } from './edge-surroundings.ts';
import { attachPoints, type AttachPoint } from './gateway-listeners.ts';
import { classStatus, gatewayStatus, refusalOf } from './gateway-statuses.ts';
import { covers } from './hostnames.ts';
import { classProblems, isOwnIngress, ownClasses } from './ingress-class.ts';
import { readIngress } from './ingress-rules.ts';
import { ReferenceGrants } from './reference-grants.ts';
import { ServedPorts } from './served-hosts.ts';

export interface EdgeObjects {
  readonly gatewayClasses: Iterable<GatewayClass>;
  readonly gateways: Iterable<Gateway>;
  readonly httpRoutes: Iterable<HttpRoute>;
  readonly grpcRoutes: Iterable<GrpcRoute>;
  readonly tlsRoutes: Iterable<TlsRoute>;
  readonly tcpRoutes: Iterable<TcpRoute>;
  readonly backendTlsPolicies: Iterable<BackendTlsPolicy>;
  readonly referenceGrants: Iterable<ReferenceGrant>;
  readonly ingressClasses: Iterable<IngressClass>;
  readonly ingresses: Iterable<KubernetesIngress>;
}

/** Ports by which Ingresses are served: their kind names none. */
const ingressPorts = { http: 80, https: 443 } as const;

export function buildEdge(objects: EdgeObjects, edge: EdgeSurroundings): EdgeModel {
  const policies = new BackendPolicies(byAge([...objects.backendTlsPolicies]), edge);
  const surroundings: RouteSurroundings = { ...edge, grants: new ReferenceGrants(objects.referenceGrants), policies };
  const ports = new ServedPorts();
  const classes = [...objects.gatewayClasses].filter(({ spec }) => spec.controllerName === gatewayController);
  const accepted = new Set(classes.filter(({ spec }) => spec.parametersRef === undefined).map(({ metadata }) => metadata.name));
  const gateways = byAge([...objects.gateways].filter(({ spec }) => accepted.has(spec.gatewayClassName)));
  const points = Map.groupBy(attachPoints(gateways.filter(({ spec }) => !refusalOf(spec)), surroundings), ({ gateway }) => gateway);
  for (const { listener, protocol, isProgrammed, hostname, certificates } of [...points.values()].flat()) {
    // What TLS without HTTP shows goes with its routes.
    if (isProgrammed && protocol) ports.at(listener.port, protocol).addListener({ hostname, certificates: listener.protocol === 'TLS' ? [] : certificates });
  }
  const attached = new Map<AttachPoint, Set<string>>();
  // Of all Gateways of ours, also those of which nothing is served: their routes are told so.
  for (const gateway of gateways) if (!points.has(keyOf(gateway))) points.set(keyOf(gateway), []);
  const statuses = { HTTPRoute: new Map<string, readonly EdgeParentStatus[]>(), GRPCRoute: new Map<string, readonly EdgeParentStatus[]>(), TLSRoute: new Map<string, readonly EdgeParentStatus[]>(), TCPRoute: new Map<string, readonly EdgeParentStatus[]>() };
  const all: AnyRoute[] = [
    ...[...objects.httpRoutes].map((route) => ({ kind: 'HTTPRoute', route }) as const),
    ...[...objects.grpcRoutes].map((route) => ({ kind: 'GRPCRoute', route }) as const),
    ...[...objects.tlsRoutes].map((route) => ({ kind: 'TLSRoute', route }) as const),
    ...[...objects.tcpRoutes].map((route) => ({ kind: 'TCPRoute', route }) as const),
  ];
  for (const any of byAge(all.map((one) => ({ ...one, metadata: one.route.metadata })))) {
    const parents = attachRoute(any, { points, ports, surroundings, attached });
    if (parents) statuses[any.kind].set(keyOf(any.route), parents);
  }
  const ingresses = serveIngresses(objects, ports, surroundings);
  const servers = ports.finish((host) => surroundings.ownerOfHost(host) !== undefined);
  return {
    servers,
    certificates: certificatesOf(servers, surroundings),
    statuses: {
      gatewayClasses: new Map(classes.map((one) => [one.metadata.name, classStatus(one)])),
      gateways: new Map(gateways.map((gateway) => [keyOf(gateway), gatewayStatus(gateway, points.get(keyOf(gateway)) ?? [], edge.addresses, (point) => attached.get(point)?.size ?? 0)])),
      httpRoutes: statuses.HTTPRoute,
      grpcRoutes: statuses.GRPCRoute,
      tlsRoutes: statuses.TLSRoute,
      tcpRoutes: statuses.TCPRoute,
      backendTlsPolicies: policies.statuses(),
      ingresses,
    },
  };
}

function serveIngresses(objects: EdgeObjects, ports: ServedPorts, surroundings: RouteSurroundings): Map<string, EdgeIngressStatus> {
  const classes = ownClasses(objects.ingressClasses);
  const addresses = surroundings.addresses.map(({ type, value }) => (type === 'IPAddress' ? { ip: value } : { hostname: value }));
  const statuses = new Map<string, EdgeIngressStatus>();
  for (const ingress of byAge([...objects.ingresses].filter((one) => isOwnIngress(one, classes)))) {
    const { hosts, shown, problems: found } = readIngress(ingress, surroundings);
    const problems = [...classProblems(ingress, classes), ...found];
    const canShow = surroundings.ports.get(ingressPorts.https)?.includes('HTTPS') === true;
    if (shown.length > 0 && !canShow) problems.push('spec.tls: gateways serve no HTTPS');
    for (const { domain, rules } of hosts) {
      const owner = surroundings.ownerOfHost(domain);
      if (owner !== undefined) {
        problems.push(`host ${domain} belongs to ${owner} already`);
        continue;
      }
      ports.at(ingressPorts.http, 'HTTP').add(domain, rules);
      if (canShow && shown.some(({ name }) => domain === '*' || covers(name, domain))) ports.at(ingressPorts.https, 'HTTPS').add(domain, rules);
    }
    if (canShow) for (const { name, certificate } of shown) ports.at(ingressPorts.https, 'HTTPS').show(name, [certificate]);
    statuses.set(keyOf(ingress), { addresses, problems });
  }
  return statuses;
}

function certificatesOf(servers: readonly EdgeServer[], { findCertificate }: RouteSurroundings): ServingCertificate[] {
  const keys = new Set(servers.flatMap(({ names, passed }) => [...names, ...passed].flatMap(({ certificates }) => certificates)));
  return [...keys].sort().flatMap((name) => {
    const found = findCertificate(name);
    return found.ok ? [{ name, hosts: [], internalHosts: [], certificateChain: found.certificateChain, privateKey: found.privateKey }] : [];
  });
}

type Named = { readonly metadata: { readonly namespace?: string; readonly name: string; readonly creationTimestamp?: string } };

/** The oldest first; of one age by name. */
function byAge<T extends Named>(list: readonly T[]): T[] {
  const place = ({ metadata: { creationTimestamp = '', namespace = '', name } }: T) => `${creationTimestamp} ${namespace}/${name}`;
  return list.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
}

function keyOf({ metadata: { namespace = '', name } }: Named): string {
  return `${namespace}/${name}`;
}
