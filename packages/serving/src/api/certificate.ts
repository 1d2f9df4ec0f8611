/**
 * Certificate (KCertificate): names that somebody is to prove for, and the Secret in which the proof is wanted. Who makes it is
 * said by its class, so that cert-manager's controller may, as well as ours.
 * https://github.com/knative/networking/blob/main/pkg/apis/networking/v1alpha1/certificate_types.go
 */
import type { CommonStatus, ServingObject } from './object.ts';

export interface Certificate extends ServingObject {
  readonly spec: CertificateSpec;
  readonly status?: CertificateStatus;
}

export interface CertificateSpec {
  /** `*.default.example.com` stands for all names with one more label. */
  readonly dnsNames: readonly string[];
  /** The domain that they are under. */
  readonly domain?: string;
  /** Of type `kubernetes.io/tls`, in the same namespace. */
  readonly secretName: string;
}

/** `Ready` when the Secret holds a certificate that is not over, and its key. */
export interface CertificateStatus extends CommonStatus {
  /** When the certificate in the Secret ends. RFC 3339. */
  readonly notAfter?: string;
}
