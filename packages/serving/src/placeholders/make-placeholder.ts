/**
 * The Service that stands for a Route, and one for each of its tags, so that its name in the cluster resolves, and leads to gateways. As
 * Knative: https://github.com/knative/serving/blob/main/pkg/reconciler/route/resources/service.go
 */
import type { ObjectMeta, ServingObject } from '../api/object.ts';
import type { Route } from '../api/route.ts';
import { inheritedAnnotations, labels } from '../labels.ts';
import { ownerReference } from '../resources/owner-reference.ts';
import { routeHosts, taggedName, type HostConfig } from '../traffic/hosts.ts';
import type { Balancer } from './balancer.ts';

export interface PlaceholderService extends ServingObject {
  readonly spec: {
    readonly type: 'ExternalName' | 'ClusterIP';
    readonly externalName?: string;
    readonly clusterIP?: 'None';
    readonly sessionAffinity?: 'None';
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number; readonly protocol: 'TCP' }[];
  };
}

/** What lies behind a Service with an address of its own and no pods. */
export interface PlaceholderSlice extends ServingObject {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly endpoints: readonly { readonly addresses: readonly [string]; readonly conditions: { readonly ready: true } }[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: 'TCP' }[];
}

const http = { name: 'http2', port: 80, targetPort: 80, protocol: 'TCP' } as const;
const https = { name: 'https', port: 443, targetPort: 443, protocol: 'TCP' } as const;

/**
 * @param tag empty for the route itself
 * @param balancer undefined while nobody says where it leads: then the name is taken, and leads to the route's own host
 */
export function makePlaceholder(route: Route, tag: string, config: HostConfig, balancer: Balancer | undefined): PlaceholderService {
  const ports = config.network.clusterLocalDomainTls ? [http, https] : [http];
  return { apiVersion: 'v1', kind: 'Service', metadata: metadataOf(route, tag, config), spec: { ...leadTo(route, tag, config, balancer), ports } };
}

/** @param service as it is stored: what lies behind it goes with it */
export function makePlaceholderSlice(service: ServingObject, ip: string, config: HostConfig): PlaceholderSlice {
  const { name, namespace = '', labels: own } = service.metadata;
  const ports = config.network.clusterLocalDomainTls ? [http, https] : [http];
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace,
      labels: { ...own, 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'sluice-controller' },
      // Nothing waits for it to go: to make a Service wait would be a right of its own.
      ownerReferences: [{ ...ownerReference(service), blockOwnerDeletion: false }],
    },
    addressType: ip.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: ports.map(({ name: portName, port, protocol }) => ({ name: portName, port, protocol })),
  };
}

function leadTo(route: Route, tag: string, config: HostConfig, balancer: Balancer | undefined): Omit<PlaceholderService['spec'], 'ports'> {
  switch (balancer?.kind) {
    case undefined:
      return { type: 'ExternalName', externalName: ownHost(route, tag, config), sessionAffinity: 'None' };
    case 'name':
      return { type: 'ExternalName', externalName: balancer.host, sessionAffinity: 'None' };
    case 'address':
      return { type: 'ClusterIP', clusterIP: 'None' };
    case 'mesh':
      return { type: 'ClusterIP' };
  }
}

function ownHost(route: Route, tag: string, config: HostConfig): string {
  const { external, internal } = routeHosts(route, tag, config);
  return external[0] ?? internal.at(-1) ?? '';
}

/** The route's visibility is not passed on: the label on a Service speaks for that name alone. */
function metadataOf(route: Route, tag: string, config: HostConfig): ObjectMeta {
  const { name, namespace = '' } = route.metadata;
  const { [labels.visibility]: _, ...passedOn } = route.metadata.labels ?? {};
  const annotations = inheritedAnnotations(route.metadata.annotations);
  return {
    name: taggedName(route, tag, config),
    namespace,
    labels: { ...passedOn, [labels.route]: name },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ownerReferences: [ownerReference(route)],
  };
}
