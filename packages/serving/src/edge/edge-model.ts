/**
 * What Kubernetes' own kinds (Ingress, Gateway, HTTPRoute, GRPCRoute) ask gateways for, resolved: which ports are served, which names
 * lead where there, and what is to be said on each object. It knows no word of the proxies that will be told.
 */
import type { ServingCertificate } from '../serving-model.ts';
import type { GatewayAddress, ParentReference } from './api/gateway-api.ts';
import type { KubernetesIngressAddress } from './api/kubernetes-ingress.ts';

export interface EdgeModel {
  /** Sorted by port. */
  readonly servers: readonly EdgeServer[];
  /** `namespace/secret`, sorted; with no hosts of their own, since servers say who is shown what. */
  readonly certificates: readonly ServingCertificate[];
  readonly statuses: EdgeStatuses;
}

/** A port that clients outside connect to. */
export interface EdgeServer {
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP';
  /** Each domain once, sorted. */
  readonly hosts: readonly EdgeHost[];
  /** Connections that are handed on: of HTTPS by the name that the client asks for, `*` all others; of TCP all. Sorted by name. */
  readonly passed: readonly EdgePassage[];
  /** HTTPS: which certificates are shown to who asks for a name; `*`: to everybody else. Sorted by name. */
  readonly names: readonly { readonly name: string; readonly certificates: readonly string[] }[];
}

/** Connections whose bytes are nobody's here. */
export interface EdgePassage {
  readonly name: string;
  /** `TLSRoute default/shop`, for people. */
  readonly source: string;
  readonly shares: readonly Pick<EdgeShare, 'backend' | 'weight'>[];
  /** How much belongs to backends that cannot be had: those connections are closed. */
  readonly lostWeight: number;
  /** TLS ends at the gateway, which shows these. Empty: it hands on what it gets. */
  readonly certificates: readonly string[];
}

export interface EdgeHost {
  /** `a.example.com`, `*.example.com` or `*`. */
  readonly domain: string;
  /** The first that matches takes a request. None: nobody does, whatever wider domains say. */
  readonly rules: readonly EdgeRule[];
}

export interface EdgeRule {
  /** `HTTPRoute default/shop`, and `HTTPRoute default/shop/checkout` of a rule with a name: for people, logs and numbers. */
  readonly source: string;
  readonly match: EdgeMatch;
  readonly action: EdgeAction;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly cors: EdgeCors | undefined;
}

export interface EdgeMatch {
  /** A prefix ends where a path segment ends. */
  readonly path: { readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string };
  /** Empty: any. */
  readonly method: string;
  readonly headers: readonly ValueMatch[];
  readonly query: readonly ValueMatch[];
  /** The host has exactly one label where the domain has its star. */
  readonly oneLabel: boolean;
}

export interface ValueMatch {
  readonly name: string;
  readonly kind: 'exact' | 'regex';
  readonly value: string;
}

export type EdgeAction =
  | EdgePlainAction
  /** Each request gets one of the parts, by weight: backends that ask for more than headers of their own. */
  | { readonly kind: 'split'; readonly parts: readonly EdgePart[] };

export interface EdgePart {
  /** More than 0. */
  readonly weight: number;
  readonly action: EdgePlainAction;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly cors: EdgeCors | undefined;
}

export type EdgePlainAction =
  | {
      readonly kind: 'forward';
      readonly shares: readonly EdgeShare[];
      /** Of all weights, how much belongs to backends that cannot be had: that share is answered 500. */
      readonly lostWeight: number;
      readonly rewriteHost: string;
      readonly rewritePath: PathChange | undefined;
      readonly mirrors: readonly { readonly backend: string; readonly ratio: number }[];
      /** 0: no limit. */
      readonly timeoutMs: number;
      /** Of one try; 0: no limit of its own. */
      readonly tryTimeoutMs: number;
      readonly retry: EdgeRetry | undefined;
      /** Clients come back to the pod that has answered them. */
      readonly session: EdgeSession | undefined;
    }
  | {
      readonly kind: 'redirect';
      readonly status: 301 | 302 | 303 | 307 | 308;
      /** Empty keeps the request's. */
      readonly scheme: string;
      readonly host: string;
      /** 0: as follows from the scheme, or as the request has it. */
      readonly port: number;
      readonly path: PathChange | undefined;
    }
  | { readonly kind: 'answer'; readonly status: number };

/** `full`: the whole path; `prefix`: what the match took. The query stays. */
export interface PathChange {
  readonly kind: 'full' | 'prefix';
  readonly value: string;
}

export interface EdgeShare {
  /** The key of a backend. */
  readonly backend: string;
  readonly weight: number;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
}

/** How a client says which pod it belongs to. */
export type EdgeSession =
  | { readonly kind: 'header'; readonly name: string }
  /** `ttlSeconds` 0: until the browser is closed. */
  | { readonly kind: 'cookie'; readonly name: string; readonly path: string; readonly ttlSeconds: number };

export interface EdgeRetry {
  readonly codes: readonly number[];
  readonly attempts: number;
  /** 0: the proxy's own. */
  readonly backOffMs: number;
}

export interface HeaderChanges {
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly add: readonly (readonly [name: string, value: string])[];
  readonly remove: readonly string[];
}

export const noHeaderChanges: HeaderChanges = { set: [], add: [], remove: [] };

export interface EdgeCors {
  /** As origins are written, `*` within them or alone. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  readonly maxAgeSeconds: number;
  readonly credentials: boolean;
}

/** What is to be said, without the times. By `namespace/name`, classes by name. */
export interface EdgeStatuses {
  readonly gatewayClasses: ReadonlyMap<string, EdgeClassStatus>;
  readonly gateways: ReadonlyMap<string, EdgeGatewayStatus>;
  readonly httpRoutes: ReadonlyMap<string, readonly EdgeParentStatus[]>;
  readonly grpcRoutes: ReadonlyMap<string, readonly EdgeParentStatus[]>;
  readonly tlsRoutes: ReadonlyMap<string, readonly EdgeParentStatus[]>;
  readonly tcpRoutes: ReadonlyMap<string, readonly EdgeParentStatus[]>;
  readonly backendTlsPolicies: ReadonlyMap<string, readonly EdgeAncestorStatus[]>;
  readonly ingresses: ReadonlyMap<string, EdgeIngressStatus>;
}

export interface EdgeClassStatus {
  readonly conditions: readonly EdgeCondition[];
  /** Sorted. */
  readonly supportedFeatures: readonly string[];
}

export interface EdgeCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export interface EdgeGatewayStatus {
  readonly addresses: readonly GatewayAddress[];
  readonly conditions: readonly EdgeCondition[];
  readonly listeners: readonly {
    readonly name: string;
    readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
    readonly attachedRoutes: number;
    readonly conditions: readonly EdgeCondition[];
  }[];
}

export interface EdgeParentStatus {
  readonly parentRef: ParentReference;
  readonly conditions: readonly EdgeCondition[];
}

/** Where a policy is in force. */
export interface EdgeAncestorStatus {
  readonly ancestorRef: ParentReference;
  readonly conditions: readonly EdgeCondition[];
}

export interface EdgeIngressStatus {
  readonly addresses: readonly KubernetesIngressAddress[];
  /** Why it is not served as it says, or not all of it. */
  readonly problems: readonly string[];
}

export const noEdge: EdgeModel = {
  servers: [],
  certificates: [],
  statuses: { gatewayClasses: new Map(), gateways: new Map(), httpRoutes: new Map(), grpcRoutes: new Map(), tlsRoutes: new Map(), tcpRoutes: new Map(), backendTlsPolicies: new Map(), ingresses: new Map() },
};
