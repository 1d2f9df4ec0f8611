/** Where Kubernetes' own kinds of ways in live in the API. */
import type { ServingKind } from '../kinds.ts';
import type { BackendTlsPolicy, Gateway, GatewayClass, GrpcRoute, HttpRoute, ReferenceGrant, TcpRoute, TlsRoute } from './api/gateway-api.ts';
import type { IngressClass, KubernetesIngress } from './api/kubernetes-ingress.ts';

const networking = { group: 'networking.k8s.io', version: 'v1' } as const;
const gatewayApi = { group: 'gateway.networking.k8s.io', version: 'v1' } as const;

export const kubernetesIngressKind: ServingKind<KubernetesIngress> = { ...networking, kind: 'Ingress', plural: 'ingresses', namespaced: true };
export const ingressClassKind: ServingKind<IngressClass> = { ...networking, kind: 'IngressClass', plural: 'ingressclasses', namespaced: false };
export const gatewayClassKind: ServingKind<GatewayClass> = { ...gatewayApi, kind: 'GatewayClass', plural: 'gatewayclasses', namespaced: false };
export const gatewayKind: ServingKind<Gateway> = { ...gatewayApi, kind: 'Gateway', plural: 'gateways', namespaced: true };
export const httpRouteKind: ServingKind<HttpRoute> = { ...gatewayApi, kind: 'HTTPRoute', plural: 'httproutes', namespaced: true };
export const grpcRouteKind: ServingKind<GrpcRoute> = { ...gatewayApi, kind: 'GRPCRoute', plural: 'grpcroutes', namespaced: true };
/** As it is since Gateway API 1.5. */
export const tlsRouteKind: ServingKind<TlsRoute> = { ...gatewayApi, kind: 'TLSRoute', plural: 'tlsroutes', namespaced: true };
export const backendTlsPolicyKind: ServingKind<BackendTlsPolicy> = { ...gatewayApi, kind: 'BackendTLSPolicy', plural: 'backendtlspolicies', namespaced: true };
/** In the version that clusters with it have in any case. */
export const tcpRouteKind: ServingKind<TcpRoute> = { ...gatewayApi, version: 'v1alpha2', kind: 'TCPRoute', plural: 'tcproutes', namespaced: true };
export const referenceGrantKind: ServingKind<ReferenceGrant> = { ...gatewayApi, version: 'v1beta1', kind: 'ReferenceGrant', plural: 'referencegrants', namespaced: true };

/** In `spec.controllerName` of GatewayClasses that are ours. */
export const gatewayController = 'sluice.dev/gateway-controller';
/** In `spec.controller` of IngressClasses that are ours. */
export const ingressController = 'sluice.dev/ingress-controller';
export const gatewayGroup = gatewayApi.group;
