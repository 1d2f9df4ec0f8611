/** Keeps the Certificates that an object needs: those that are missing are made, and those that nobody needs any more go. */
import { isNotFound, type KubernetesClient, type KubernetesObject } from '@sluice/kubernetes';
import { certificateKind, coveringWildcard, labels, type Certificate, type ObtainedCertificate, type WantedCertificate } from '@sluice/serving';
import { inNamespace, index, type Caches } from '../caches.ts';
import type { Writer } from '../writer.ts';
import { mergeDeclared } from './merge.ts';

export interface CertificateKeeperOptions {
  readonly client: KubernetesClient;
  readonly caches: Pick<Caches, 'certificates'>;
  readonly writer: Writer;
}

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** One for all hosts of the namespace serves in place of one's own. */
  async keep(owner: KubernetesObject, wanted: readonly WantedCertificate[]): Promise<ObtainedCertificate[]> {
    const { caches, writer } = this.#options;
    const wildcards = caches.certificates.store.byIndex(index.wildcard, owner.metadata.namespace ?? '');
    const kept = new Set<string>();
    const obtained: ObtainedCertificate[] = [];
    for (const { desired, isClusterLocal } of wanted) {
      const wildcard = isClusterLocal ? undefined : coveringWildcard(desired, wildcards);
      const name = wildcard?.metadata.name ?? desired.metadata.name;
      kept.add(name);
      const actual =
        wildcard ??
        (await writer.ensure<Certificate>({
          kind: certificateKind,
          owner,
          desired,
          actual: caches.certificates.store.get(inNamespace(owner.metadata.namespace, name)),
          merge: mergeDeclared,
        }));
      obtained.push({ name, dnsNames: desired.spec.dnsNames, actual, isClusterLocal });
    }
    await this.#release(owner, kept);
    return obtained;
  }

  async #release({ metadata }: KubernetesObject, kept: ReadonlySet<string>): Promise<void> {
    const { client, caches } = this.#options;
    const owned = caches.certificates.store.byIndex(index.owner, metadata.uid ?? '');
    for (const { metadata: own } of owned) {
      if (kept.has(own.name) || own.labels?.[labels.wildcardDomain] !== undefined) continue;
      try {
        await client.resource(certificateKind).delete(own, own.uid === undefined ? {} : { uid: own.uid });
      } catch (reason) {
        if (!isNotFound(reason)) throw reason;
      }
    }
  }
}
