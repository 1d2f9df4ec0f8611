/** Certificates as Knative names and labels them, so that those of either are found by both. */
import type { Certificate } from '../api/certificate.ts';
import type { ServingObject } from '../api/object.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import { annotations, inheritedAnnotations } from '../labels.ts';
import { ownerReference } from '../resources/owner-reference.ts';

export interface CertificateWish {
  readonly owner: ServingObject;
  /** Where it is. */
  readonly namespace: string;
  /** Of the Certificate and of its Secret. */
  readonly name: string;
  readonly dnsNames: readonly string[];
  /** That the names are under. */
  readonly domain: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function makeCertificate(wish: CertificateWish, network: Pick<NetworkConfig, 'certificateClass'>): Certificate {
  const { owner, namespace, name, dnsNames, domain } = wish;
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Certificate',
    metadata: {
      name,
      namespace,
      labels: wish.labels,
      annotations: { ...inheritedAnnotations(owner.metadata.annotations), [annotations.certificateClass]: certificateClassOf(owner, network) },
      ownerReferences: [ownerReference(owner)],
    },
    spec: { dnsNames: [...dnsNames].sort(), domain, secretName: name },
  };
}

/** Who makes an object's certificates: as it says itself, else as the cluster says. */
export function certificateClassOf({ metadata }: ServingObject, { certificateClass }: Pick<NetworkConfig, 'certificateClass'>): string {
  const own = metadata.annotations ?? {};
  return own[annotations.certificateClass] || own[annotations.legacyCertificateClass] || certificateClass;
}

export const certificateTypes = { external: 'external-domain', clusterLocal: 'cluster-local-domain' } as const;

/** Whether an object wants none for its hosts outside. */
export function refusesExternalTls({ metadata }: ServingObject): boolean {
  const own = metadata.annotations ?? {};
  const said = own[annotations.disableExternalTls] ?? own[annotations.legacyDisableTls] ?? own[annotations.oldDisableTls];
  return said !== undefined && ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(said);
}

/** Kept apart from others of the route by the digest of a word: Adler-32, as Knative's names have it. RFC 1950 section 8.2. */
export function certificateName(uid: string, ...words: readonly string[]): string {
  return ['route', uid, ...words.map((word) => String(adler32(word)))].join('-');
}

function adler32(text: string): number {
  let [a, b] = [1, 0];
  for (const byte of Buffer.from(text)) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

