/**
 * Ingress (KIngress): names in the network and what is behind them, in the form that Knative's networking layers share.
 * https://github.com/knative/networking/blob/main/pkg/apis/networking/v1alpha1/ingress_types.go
 */
import type { CommonStatus, ServingObject } from './object.ts';

export interface Ingress extends ServingObject {
  readonly spec: IngressSpec;
  readonly status?: IngressStatus;
}

export interface IngressSpec {
  readonly rules?: readonly IngressRule[];
  readonly tls?: readonly IngressTls[];
  /** Default `Enabled`. `Redirected`: plain HTTP is sent to HTTPS, where the Ingress has certificates. */
  readonly httpOption?: HttpOption;
}

export type HttpOption = 'Enabled' | 'Redirected';

/** Default `ExternalIP`. `ClusterLocal` hosts are not there for clients outside. */
export type IngressVisibility = 'ExternalIP' | 'ClusterLocal';

export interface IngressRule {
  readonly hosts?: readonly string[];
  readonly visibility?: IngressVisibility;
  readonly http?: { readonly paths?: readonly IngressPath[] };
}

/** Of the paths that match, the longest takes a request, and of equally long ones one that asks for headers. */
export interface IngressPath {
  /** A prefix; absent: any path. */
  readonly path?: string;
  /** What `Host` becomes. */
  readonly rewriteHost?: string;
  /** Headers that a request must have, with exactly these values. */
  readonly headers?: Readonly<Record<string, { readonly exact?: string }>>;
  readonly splits: readonly IngressSplit[];
  /** Set on each request, in place of what the client sent. */
  readonly appendHeaders?: Readonly<Record<string, string>>;
}

export interface IngressSplit {
  readonly serviceNamespace: string;
  readonly serviceName: string;
  readonly servicePort: number | string;
  /** All of a path together 100; a single one may leave it out. */
  readonly percent?: number;
  readonly appendHeaders?: Readonly<Record<string, string>>;
}

export interface IngressTls {
  /** Names that the certificate is shown for; none: all of the Ingress. */
  readonly hosts?: readonly string[];
  readonly secretName?: string;
  readonly secretNamespace?: string;
}

/** Conditions: `NetworkConfigured` and `LoadBalancerReady` make up `Ready`. */
export interface IngressStatus extends CommonStatus {
  readonly publicLoadBalancer?: LoadBalancerStatus;
  readonly privateLoadBalancer?: LoadBalancerStatus;
}

export interface LoadBalancerStatus {
  readonly ingress?: readonly {
    readonly ip?: string;
    readonly domain?: string;
    readonly domainInternal?: string;
    readonly meshOnly?: boolean;
  }[];
}
