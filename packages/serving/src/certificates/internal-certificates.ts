/**
 * Certificates by which pods and the components in front of them know each other (`system-internal-tls`), under Knative's names:
 * https://github.com/knative/networking/blob/main/pkg/certificates/constants.go
 */
import type { Certificate } from '../api/certificate.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import { annotations, labels } from '../labels.ts';

/** Of the Certificate and of its Secret: in each namespace that has pods, and in the control plane's. */
export const internalCertificateNames = { pods: 'serving-certs', routing: 'routing-serving-certs' } as const;

/** A value of the label that tells kinds of Certificates apart. */
export const internalCertificateType = 'system-internal';

/** ConfigMaps with this label, in the control plane's namespace, hold authorities that are believed besides. */
export const trustBundleLabel = 'networking.knative.dev/trust-bundle';

/** The name that activators prove. */
export const routingSubject = 'kn-routing';

/** Asked for by components of Knative that do not know the others yet. */
const legacySubject = 'data-plane.knative.dev';

/** The name that sidecars of a namespace prove: a pod of one namespace must not pass for one of another. */
export function podSubject(namespace: string): string {
  return `kn-user-${namespace}`;
}

/** What all sidecars of a namespace show. */
export function podCertificate(namespace: string, network: InternalCertificateConfig): Certificate {
  return internalCertificate(internalCertificateNames.pods, namespace, podSubject(namespace), network);
}

/** What activators show. @param namespace of the control plane */
export function routingCertificate(namespace: string, network: InternalCertificateConfig): Certificate {
  return internalCertificate(internalCertificateNames.routing, namespace, routingSubject, network);
}

type InternalCertificateConfig = Pick<NetworkConfig, 'certificateClass' | 'clusterDomain'>;

/** Nobody owns it: it serves all that is in its namespace, and goes with that. */
function internalCertificate(name: string, namespace: string, subject: string, { certificateClass, clusterDomain }: InternalCertificateConfig): Certificate {
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Certificate',
    metadata: {
      name,
      namespace,
      labels: { [labels.certificateType]: internalCertificateType },
      annotations: { [annotations.certificateClass]: certificateClass },
    },
    spec: { dnsNames: [legacySubject, subject], domain: `svc.${clusterDomain}`, secretName: name },
  };
}
