/**
 * Gateway API, `gateway.networking.k8s.io/v1` (ReferenceGrant: `v1beta1`), as far as it is read here.
 * https://gateway-api.sigs.k8s.io/reference/spec/
 */
import type { ServingObject } from '../../api/object.ts';

export interface GatewayClass extends ServingObject {
  readonly spec: { readonly controllerName: string; readonly parametersRef?: unknown };
  readonly status?: { readonly conditions?: readonly StatedCondition[]; readonly supportedFeatures?: readonly { readonly name: string }[] };
}

/** A condition as Kubernetes' own API machinery has it: each of its fields is required. */
export interface StatedCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
}

export interface Gateway extends ServingObject {
  readonly spec: {
    readonly gatewayClassName: string;
    readonly listeners?: readonly GatewayListener[];
    readonly addresses?: readonly { readonly type?: string; readonly value?: string }[];
    readonly infrastructure?: { readonly parametersRef?: unknown };
    readonly tls?: { readonly backend?: unknown; readonly frontend?: unknown };
  };
  readonly status?: GatewayStatus;
}

export interface GatewayStatus {
  readonly addresses?: readonly GatewayAddress[];
  readonly conditions?: readonly StatedCondition[];
  readonly listeners?: readonly GatewayListenerStatus[];
}

export interface GatewayAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string;
}

export interface GatewayListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly attachedRoutes: number;
  readonly conditions: readonly StatedCondition[];
}

export interface GatewayListener {
  readonly name: string;
  /** Absent: any. */
  readonly hostname?: string;
  readonly port: number;
  readonly protocol: string;
  readonly tls?: { readonly mode?: string; readonly certificateRefs?: readonly ObjectReference[]; readonly options?: Readonly<Record<string, string>> };
  readonly allowedRoutes?: {
    readonly namespaces?: { readonly from?: string; readonly selector?: LabelSelector };
    readonly kinds?: readonly { readonly group?: string; readonly kind: string }[];
  };
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

export interface ObjectReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface ParentReference extends ObjectReference {
  readonly sectionName?: string;
  readonly port?: number;
}

export interface GatewayRouteStatus {
  readonly parents?: readonly RouteParentStatus[];
}

export interface RouteParentStatus {
  readonly parentRef: ParentReference;
  readonly controllerName: string;
  readonly conditions: readonly StatedCondition[];
}

/** What all kinds of routes have in common. */
export interface GatewayRoute<Rule> extends ServingObject {
  readonly spec: { readonly parentRefs?: readonly ParentReference[]; readonly hostnames?: readonly string[]; readonly rules?: readonly Rule[] };
  readonly status?: GatewayRouteStatus;
}

export type HttpRoute = GatewayRoute<HttpRouteRule>;
export type GrpcRoute = GatewayRoute<GrpcRouteRule>;
export type TlsRoute = GatewayRoute<TlsRouteRule>;
/** `v1alpha2`. It has no hostnames. */
export type TcpRoute = GatewayRoute<TlsRouteRule>;

export interface HttpRouteRule {
  readonly name?: string;
  /** Absent: whatever has a path. */
  readonly matches?: readonly HttpRouteMatch[];
  readonly filters?: readonly RouteFilter[];
  readonly backendRefs?: readonly BackendReference[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
  readonly retry?: { readonly codes?: readonly number[]; readonly attempts?: number; readonly backoff?: string };
  readonly sessionPersistence?: SessionPersistence;
}

export interface SessionPersistence {
  readonly sessionName?: string;
  readonly absoluteTimeout?: string;
  readonly idleTimeout?: string;
  /** Default `Cookie`. */
  readonly type?: string;
  /** `lifetimeType`: `Session`, the default, or `Permanent`. */
  readonly cookieConfig?: { readonly lifetimeType?: string };
}

export interface HttpRouteMatch {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly headers?: readonly NamedMatch[];
  readonly queryParams?: readonly NamedMatch[];
  readonly method?: string;
}

export interface NamedMatch {
  /** `Exact`, the default, or `RegularExpression`. */
  readonly type?: string;
  readonly name: string;
  readonly value: string;
}

export interface GrpcRouteRule {
  readonly name?: string;
  readonly matches?: readonly GrpcRouteMatch[];
  readonly filters?: readonly RouteFilter[];
  readonly backendRefs?: readonly BackendReference[];
  readonly sessionPersistence?: SessionPersistence;
}

export interface TlsRouteRule {
  readonly name?: string;
  readonly backendRefs?: readonly BackendReference[];
}

export interface GrpcRouteMatch {
  readonly method?: { readonly type?: string; readonly service?: string; readonly method?: string };
  readonly headers?: readonly NamedMatch[];
}

export interface BackendReference extends ObjectReference {
  readonly port?: number;
  /** Default 1. */
  readonly weight?: number;
  readonly filters?: readonly RouteFilter[];
}

export interface RouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderModifier;
  readonly responseHeaderModifier?: HeaderModifier;
  readonly requestRedirect?: {
    readonly scheme?: string;
    readonly hostname?: string;
    readonly path?: PathModifier;
    readonly port?: number;
    readonly statusCode?: number;
  };
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: PathModifier };
  readonly requestMirror?: {
    readonly backendRef: BackendReference;
    readonly percent?: number;
    readonly fraction?: { readonly numerator: number; readonly denominator?: number };
  };
  readonly cors?: {
    readonly allowOrigins?: readonly string[];
    readonly allowCredentials?: boolean;
    readonly allowMethods?: readonly string[];
    readonly allowHeaders?: readonly string[];
    readonly exposeHeaders?: readonly string[];
    readonly maxAge?: number;
  };
}

export interface HeaderModifier {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly add?: readonly { readonly name: string; readonly value: string }[];
  readonly remove?: readonly string[];
}

export interface PathModifier {
  readonly type: string;
  readonly replaceFullPath?: string;
  readonly replacePrefixMatch?: string;
}

/** `v1`. */
export interface BackendTlsPolicy extends ServingObject {
  readonly spec: {
    readonly targetRefs: readonly { readonly group?: string; readonly kind: string; readonly name: string; readonly sectionName?: string }[];
    readonly validation: {
      readonly caCertificateRefs?: readonly { readonly group?: string; readonly kind: string; readonly name: string }[];
      /** `System` */
      readonly wellKnownCACertificates?: string;
      readonly hostname: string;
      readonly subjectAltNames?: readonly { readonly type: string; readonly hostname?: string; readonly uri?: string }[];
    };
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly status?: GatewayPolicyStatus;
}

export interface GatewayPolicyStatus {
  readonly ancestors?: readonly { readonly ancestorRef: ParentReference; readonly controllerName: string; readonly conditions: readonly StatedCondition[] }[];
}

export interface ReferenceGrant extends ServingObject {
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}
