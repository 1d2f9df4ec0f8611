/**
 * Ingress and IngressClass as Kubernetes itself has them.
 * https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/
 */
import type { ServingObject } from '../../api/object.ts';

export interface KubernetesIngress extends ServingObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly defaultBackend?: KubernetesIngressBackend;
    readonly rules?: readonly KubernetesIngressRule[];
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly KubernetesIngressAddress[] } };
}

export interface KubernetesIngressAddress {
  readonly ip?: string;
  readonly hostname?: string;
}

export interface KubernetesIngressRule {
  /** Absent: all that no other rule is for. `*.` stands for one label. */
  readonly host?: string;
  readonly http?: { readonly paths?: readonly KubernetesIngressPath[] };
}

export interface KubernetesIngressPath {
  readonly path?: string;
  readonly pathType: string;
  readonly backend: KubernetesIngressBackend;
}

export interface KubernetesIngressBackend {
  readonly service?: { readonly name: string; readonly port?: { readonly name?: string; readonly number?: number } };
  readonly resource?: unknown;
}

export interface IngressClass extends ServingObject {
  readonly spec?: { readonly controller?: string; readonly parameters?: unknown };
}
