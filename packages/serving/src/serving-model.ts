/**
 * The whole wish, resolved: which revisions there are and where they run, and which hosts lead to them in
 * which shares. It speaks of revisions and percentages, and knows nothing of the proxies that will be told.
 *
 * It follows from the objects as they are, so the order in which they arrived cannot show in it. All lists are
 * sorted: by key or name where nothing else is said.
 */
import type { Protocol } from './api/pod-autoscaler.ts';
import type { ServingMode } from './api/serverless-service.ts';
import type { Problem } from '@sluice/kernel';
import type { RevisionMesh } from './model/revision-mesh.ts';
import type { SessionAffinity } from './model/session-affinity.ts';

export interface ServingModel {
  readonly revisions: readonly ServingRevision[];
  /** Services that routes name. */
  readonly backends: readonly ServingBackend[];
  readonly routes: readonly ServingRoute[];
  readonly certificates: readonly ServingCertificate[];
  /** Every activator there is, ready or not. */
  readonly activators: readonly ServingEndpoint[];
  /** What could not be resolved, by object. The rest of the model does not suffer from it. */
  readonly problems: readonly ObjectProblem[];
}

/** A revision, as far as traffic can reach it. */
export interface ServingRevision {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty for a revision without a Configuration or Service above it. */
  readonly configuration: string;
  readonly service: string;
  /** The most requests at once in one pod. 0 sets no limit. */
  readonly containerConcurrency: number;
  readonly protocol: Protocol;
  /** The most time for one request, in seconds. */
  readonly timeoutSeconds: number;
  /** In seconds; 0 sets no limit of its own. */
  readonly responseStartTimeoutSeconds: number;
  readonly idleTimeoutSeconds: number;
  /** Its pods have certificates to show: they, and the activators for them, can be spoken to over TLS. Absent: they have not. */
  readonly isSecured?: boolean;
  /** Only the kubelet can tell when a pod is ready: by a command in a container, or because it waits for a start to be over. */
  readonly readyByKubelet: boolean;
  /**
   * Where requests go now. The autoscaler's wish, except that a revision without a ready pod is always
   * `Proxy`, and one without its ServerlessService too; without a ready activator it is `Serve` when there
   * is a ready pod.
   */
  readonly mode: ServingMode;
  /** The sidecars of its pods, port of the serving protocol included; ready or not. Sorted by address. */
  readonly pods: readonly ServingEndpoint[];
  /** The activators that share this revision's traffic in mode `Proxy`: ready ones only. Sorted by address. */
  readonly activators: readonly ServingEndpoint[];
  /** How activators pass a mesh of others. Absent: nothing stands before the pods. */
  readonly mesh?: RevisionMesh;
}

/** TLS towards a backend, as a policy wants it. */
export interface BackendTls {
  /** `namespace/name`, for people. */
  readonly policy: string;
  /** Asked for. */
  readonly serverName: string;
  /** One of these must stand in the certificate. */
  readonly names: readonly { readonly kind: 'dns' | 'uri'; readonly value: string }[];
  /** In PEM, of whom one must vouch for the certificate; empty: those of the system. */
  readonly authorities: string;
}

/** A port of a Service that is no revision's, and who is behind it. */
export interface ServingBackend {
  /** `namespace/service:port`, with what a route wants spoken there behind it where it says so. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly protocol: Protocol;
  /** Its port is the one that Knative's Services have for TLS (`https`, 443), behind which are sidecars or activators. */
  readonly isTlsPort?: boolean;
  /** TLS that a policy wants. Absent: none does. */
  readonly tls?: BackendTls;
  /** Ready or not, sorted by address. */
  readonly endpoints: readonly ServingEndpoint[];
}

/** An address that may take requests. */
export interface ServingEndpoint {
  readonly address: string;
  readonly port: number;
  /** Where it takes the same over TLS. Absent: nowhere that is known. */
  readonly tlsPort?: number;
  readonly ready: boolean;
  /** On its way out: it finishes what it has and should get nothing new. */
  readonly terminating: boolean;
  /** Empty when not known. */
  readonly podName: string;
}

/** Names in the network that mean the same, and what is behind them: a route itself, one of its tags, a mapped domain. */
export interface ServingRoute {
  /** `namespace/route`, or `namespace/tag-route` (by the tag template); `namespace/host` for what has no name in the cluster. Unique. */
  readonly name: string;
  readonly namespace: string;
  /** The object that declares it. */
  readonly owner: RouteOwner;
  /** Hosts for clients outside, without port; empty when the route is visible to the cluster only. First is the URL's. */
  readonly externalHosts: readonly string[];
  /** Hosts for clients in the cluster, without port, shortest first. */
  readonly internalHosts: readonly string[];
  /** Who takes what no path of `paths` takes; empty: nobody. In the order of the route's traffic. */
  readonly splits: readonly TrafficSplit[];
  /** Headers to set on each of those requests, in place of what the client sent. Those of a split win. */
  readonly headers: Readonly<Record<string, string>>;
  /** What their `Host` becomes; empty: it stays. */
  readonly rewriteHost: string;
  /** Requests that others take, by the beginning of their path or by a header. In no particular order. */
  readonly paths: readonly ServingPath[];
  /** Whether plain HTTP is sent to HTTPS. */
  readonly redirectsToHttps: boolean;
  /** By what requests stay together. Undefined: each goes its own way. */
  readonly affinity?: SessionAffinity | undefined;
  /** By this a prober sees that a proxy serves this content of the owner. */
  readonly hash: string;
}

/** What declares routes. */
export interface RouteOwner {
  readonly kind: 'Route' | 'Ingress';
  readonly name: string;
}

/** The longest prefix takes a request; of equally long ones, that which asks for headers. */
export interface ServingPath {
  /** `/` for any path. */
  readonly prefix: string;
  /** Headers that a request must have, with exactly these values. */
  readonly match: Readonly<Record<string, string>>;
  readonly splits: readonly TrafficSplit[];
  readonly headers: Readonly<Record<string, string>>;
  readonly rewriteHost: string;
}

/** What proves to clients that they have reached a host. */
export interface ServingCertificate {
  /** `namespace/secret`. */
  readonly name: string;
  /** The hosts that it is shown for to clients outside, sorted. */
  readonly hosts: readonly string[];
  /** The same for clients in the cluster. */
  readonly internalHosts: readonly string[];
  /** PEM. */
  readonly certificateChain: string;
  /** PEM. Never to be logged. */
  readonly privateKey: string;
}

/** A share of a route's requests. */
export interface TrafficSplit {
  /** The key of a revision in the model, or of a backend, which has a colon in it. */
  readonly revision: string;
  /** 1 to 100. All of a route together 100, unless a revision that it names is gone: the others take its share. */
  readonly percent: number;
  /** Headers to set on each request that goes this way, in place of what the client sent. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What is wrong with one object. */
export interface ObjectProblem {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly problem: Problem;
}
