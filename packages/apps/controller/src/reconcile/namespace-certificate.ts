/** Namespace → the Certificate for all its hosts, where the cluster selects it (`namespace-wildcard-cert-selector`). */
import { isControlledBy, isNotFound, type KubernetesClient } from '@sluice/kubernetes';
import { certificateKind, namespaceCertificate, type Certificate } from '@sluice/serving';
import { index, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import { mergeDeclared } from './merge.ts';

export interface NamespaceCertificateOptions {
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly config: LiveConfig;
  readonly writer: Writer;
}

export class NamespaceCertificateReconciler {
  readonly #options: NamespaceCertificateOptions;

  constructor(options: NamespaceCertificateOptions) {
    this.#options = options;
  }

  /** @param name of the namespace */
  async reconcile(name: string): Promise<void> {
    const { client, caches, config, writer } = this.#options;
    const stored = caches.namespaces.store.get(name);
    if (!stored || stored.metadata.deletionTimestamp !== undefined) return;
    // What a server lists does not repeat its kind.
    const namespace = { ...stored, apiVersion: 'v1', kind: 'Namespace' };
    const wildcards = caches.certificates.store.byIndex(index.wildcard, name);
    const owned = wildcards.filter((certificate) => isControlledBy(certificate, namespace));
    const desired = namespaceCertificate(namespace, config.current);
    // Somebody else's for the same names will do.
    const isCovered = desired !== undefined && wildcards.some((certificate) => !owned.includes(certificate) && certificate.spec.dnsNames.includes(desired.spec.dnsNames[0] ?? ''));
    for (const certificate of owned) {
      if (desired !== undefined && !isCovered && certificate.metadata.name === desired.metadata.name) continue;
      try {
        await client.resource(certificateKind).delete(certificate.metadata);
      } catch (reason) {
        if (!isNotFound(reason)) throw reason;
      }
    }
    if (desired === undefined || isCovered) return;
    const actual = caches.certificates.store.get(`${name}/${desired.metadata.name}`);
    await writer.ensure<Certificate>({ kind: certificateKind, owner: namespace, desired, actual, merge: mergeDeclared });
  }
}
