/** Keeps the Certificates that TLS inside the mesh takes (`system-internal-tls`): one for the pods of a namespace, one for activators. */
import { isAlreadyExists, type KubernetesClient } from '@sluice/kubernetes';
import { certificateKind, podCertificate, routingCertificate, type Certificate } from '@sluice/serving';
import { inNamespace, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';

export interface InternalCertificatesOptions {
  readonly client: KubernetesClient;
  readonly caches: Pick<Caches, 'certificates'>;
  readonly config: LiveConfig;
  readonly systemNamespace: string;
}

/** `waiting`: until then pods would have nothing to show, or nobody would know whom to believe. */
export type InternalCertificateState = { readonly kind: 'ready' } | { readonly kind: 'waiting'; readonly why: string };

export class InternalCertificates {
  readonly #options: InternalCertificatesOptions;

  constructor(options: InternalCertificatesOptions) {
    this.#options = options;
  }

  /** Of all that pods in this namespace need. Whatever has the names is good, whoever has made it: Knative's own YAML brings one. */
  async ensure(namespace: string): Promise<InternalCertificateState> {
    const { config, systemNamespace } = this.#options;
    const { network } = config.current;
    const wanted = [podCertificate(namespace, network), routingCertificate(systemNamespace, network)];
    const states = await Promise.all(wanted.map((desired) => this.#ensure(desired)));
    return states.find(({ kind }) => kind === 'waiting') ?? { kind: 'ready' };
  }

  async #ensure(desired: Certificate): Promise<InternalCertificateState> {
    const { client, caches } = this.#options;
    const { namespace, name } = desired.metadata;
    const actual = caches.certificates.store.get(inNamespace(namespace, name));
    if (!actual) {
      try {
        await client.resource(certificateKind).create(desired);
      } catch (reason) {
        // Another revision of the namespace was quicker.
        if (!isAlreadyExists(reason)) throw reason;
      }
    }
    const ready = actual?.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True') return { kind: 'ready' };
    const details = [ready?.reason, ready?.message].filter(Boolean).join(': ');
    return { kind: 'waiting', why: `Certificate "${namespace ?? ''}/${name}" is not ready${details === '' ? '' : `: ${details}`}.` };
  }
}
