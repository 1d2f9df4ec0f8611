/** Objects of Kubernetes' own kinds, in short. */
import type { KubernetesObject } from '@sluice/kubernetes';
import {
  backendTlsPolicyKind,
  gatewayClassKind,
  gatewayController,
  gatewayKind,
  grpcRouteKind,
  httpRouteKind,
  ingressClassKind,
  ingressController,
  kubernetesIngressKind,
  referenceGrantKind,
  tcpRouteKind,
  tlsRouteKind,
  type BackendTlsPolicy,
  type Gateway,
  type GatewayClass,
  type GatewayListener,
  type GrpcRoute,
  type HttpRoute,
  type HttpRouteRule,
  type IngressClass,
  type KubernetesIngress,
  type ReferenceGrant,
  type TcpRoute,
  type TlsRoute,
} from '@sluice/serving';

export const edgeKinds = [gatewayClassKind, gatewayKind, httpRouteKind, grpcRouteKind, tlsRouteKind, tcpRouteKind, backendTlsPolicyKind, referenceGrantKind, ingressClassKind, kubernetesIngressKind];

const v1 = 'gateway.networking.k8s.io/v1';

export const gatewayClass: GatewayClass = { apiVersion: v1, kind: 'GatewayClass', metadata: { name: 'sluice' }, spec: { controllerName: gatewayController } };

export function ingressClass(annotations: Readonly<Record<string, string>> = {}): IngressClass {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'sluice', annotations }, spec: { controller: ingressController } };
}

export function aGateway(name: string, listeners: readonly GatewayListener[], more: Partial<Gateway['spec']> = {}): Gateway {
  return { apiVersion: v1, kind: 'Gateway', metadata: { namespace: 'default', name, generation: 1 }, spec: { gatewayClassName: 'sluice', listeners, ...more } };
}

export const http = (more: Partial<GatewayListener> = {}): GatewayListener => ({ name: 'http', port: 80, protocol: 'HTTP', ...more });

export interface RouteSettings {
  readonly namespace?: string;
  readonly parents?: NonNullable<HttpRoute['spec']['parentRefs']>;
  readonly hostnames?: readonly string[];
  readonly createdAt?: string;
}

function routeMeta(name: string, { namespace = 'default', createdAt }: RouteSettings): HttpRoute['metadata'] {
  return { namespace, name, generation: 1, ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }) };
}

/** Its host is `name.example.com` unless told otherwise. */
export function anHttpRoute(name: string, rules: readonly HttpRouteRule[], settings: RouteSettings = {}): HttpRoute {
  const { parents = [{ name: 'edge' }], hostnames = [`${name}.example.com`] } = settings;
  return { apiVersion: v1, kind: 'HTTPRoute', metadata: routeMeta(name, settings), spec: { parentRefs: parents, hostnames, rules } };
}

export function aGrpcRoute(name: string, rules: NonNullable<GrpcRoute['spec']['rules']>, settings: RouteSettings = {}): GrpcRoute {
  const { parents = [{ name: 'edge' }], hostnames = [`${name}.example.com`] } = settings;
  return { apiVersion: v1, kind: 'GRPCRoute', metadata: routeMeta(name, settings), spec: { parentRefs: parents, hostnames, rules } };
}

export function aTlsRoute(name: string, refs: NonNullable<HttpRouteRule['backendRefs']>, settings: RouteSettings = {}): TlsRoute {
  const { parents = [{ name: 'edge' }], hostnames = [`${name}.example.com`] } = settings;
  return { apiVersion: v1, kind: 'TLSRoute', metadata: routeMeta(name, settings), spec: { parentRefs: parents, hostnames, rules: [{ backendRefs: refs }] } };
}

export function aTcpRoute(name: string, refs: NonNullable<HttpRouteRule['backendRefs']>, settings: RouteSettings = {}): TcpRoute {
  const { parents = [{ name: 'edge' }] } = settings;
  return { apiVersion: 'gateway.networking.k8s.io/v1alpha2', kind: 'TCPRoute', metadata: routeMeta(name, settings), spec: { parentRefs: parents, rules: [{ backendRefs: refs }] } };
}

export function aBackendTlsPolicy(name: string, target: Partial<BackendTlsPolicy['spec']['targetRefs'][number]>, validation: BackendTlsPolicy['spec']['validation'], createdAt?: string): BackendTlsPolicy {
  return { apiVersion: v1, kind: 'BackendTLSPolicy', metadata: routeMeta(name, createdAt === undefined ? {} : { createdAt }), spec: { targetRefs: [{ group: '', kind: 'Service', name, ...target }], validation } };
}

export function anIngress(name: string, spec: NonNullable<KubernetesIngress['spec']>, more: { readonly annotations?: Readonly<Record<string, string>>; readonly createdAt?: string } = {}): KubernetesIngress {
  const { annotations = {}, createdAt } = more;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { namespace: 'default', name, annotations, ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }) },
    spec,
  };
}

export function aGrant(namespace: string, from: ReferenceGrant['spec']['from'][number], to: ReferenceGrant['spec']['to'][number]): ReferenceGrant {
  return { apiVersion: 'gateway.networking.k8s.io/v1beta1', kind: 'ReferenceGrant', metadata: { namespace, name: 'grant' }, spec: { from: [from], to: [to] } };
}

export function aNamespace(name: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export const to = (name: string, more: Partial<NonNullable<HttpRouteRule['backendRefs']>[number]> = {}): NonNullable<HttpRouteRule['backendRefs']>[number] => ({ name, port: 80, ...more });
