/** Services and the addresses behind them. */
import type { KubernetesObject } from '../object.ts';

export interface Service extends KubernetesObject {
  readonly spec: ServiceSpec;
  readonly status?: { readonly loadBalancer?: unknown };
}

export interface ServiceSpec {
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePort[];
  readonly clusterIP?: string;
  readonly externalName?: string;
  readonly publishNotReadyAddresses?: boolean;
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** A number, or the name of a container's port. Default: the same as `port`. */
  readonly targetPort?: number | string;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** The label by which a slice belongs to its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

export interface EndpointSlice extends KubernetesObject {
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly EndpointPort[];
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    /** Absent means ready. */
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly targetRef?: {
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
  };
  readonly nodeName?: string;
  readonly zone?: string;
}

export interface EndpointPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}
