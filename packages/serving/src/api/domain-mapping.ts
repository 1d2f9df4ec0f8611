/** A DomainMapping: a name of one's own, and what it leads to. Its name is the host. */
import type { CommonStatus, ServingObject } from './object.ts';

export interface DomainMapping extends ServingObject {
  readonly spec: DomainMappingSpec;
  readonly status?: DomainMappingStatus;
}

export interface DomainMappingSpec {
  readonly ref?: ObjectReference;
  /** A Secret of the same namespace with the host's certificate. Absent: none is given. */
  readonly tls?: { readonly secretName?: string };
}

export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  /** Default, and the only one allowed: the mapping's own. */
  readonly namespace?: string;
}

/** Conditions: `CertificateProvisioned`, `DomainClaimed`, `IngressReady` and `ReferenceResolved` make up `Ready`. */
export interface DomainMappingStatus extends CommonStatus {
  readonly url?: string;
  readonly address?: { readonly url?: string };
}

/** Says which namespace a host belongs to. Its name is the host; it belongs to the cluster. */
export interface ClusterDomainClaim extends ServingObject {
  readonly spec: { readonly namespace: string };
}
