/** Certificate of our class → the Secret with what it asks for, signed by our authority and renewed before it ends. */
import type { Logger } from '@sluice/kernel';
import { formatTime, isControlledBy, secrets, type KubernetesClient, type ReconcileResult, type Secret } from '@sluice/kubernetes';
import {
  certificateClassOf,
  certificateKind,
  certificateStatus,
  isFalse,
  isTrue,
  issuePair,
  judgePair,
  ownCertificateClass,
  ownerReference,
  type Certificate,
  type Mark,
  type SigningAuthority,
} from '@sluice/serving';
import type { Caches } from '../caches.ts';
import type { Writer } from '../writer.ts';
import { loadAuthority, newIngredients, pairOf, readSecret, tlsSecret } from './authority.ts';

export interface CertificateIssuerOptions {
  readonly client: KubernetesClient;
  readonly caches: Pick<Caches, 'certificates'>;
  readonly writer: Writer;
  readonly logger: Logger;
  readonly systemNamespace: string;
  /** Of the Secret in the system's namespace that holds the authority. */
  readonly authoritySecret: string;
}

/**
 * Secrets are read one by one and not followed, so that no right to list all of them is needed: one that somebody has
 * deleted is made again within this long.
 */
const lookAgainMs = 3_600_000;

export class CertificateIssuer {
  readonly #options: CertificateIssuerOptions;

  constructor(options: CertificateIssuerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { client, caches, writer, logger, systemNamespace, authoritySecret } = this.#options;
    const certificate = caches.certificates.store.get(key);
    if (!certificate || certificate.metadata.deletionTimestamp !== undefined) return {};
    // One that names no class is nobody's.
    if (certificateClassOf(certificate, { certificateClass: '' }) !== ownCertificateClass) return {};
    const authority = await loadAuthority({ client, namespace: systemNamespace, name: authoritySecret, logger }, writer.nowMs());
    if (typeof authority === 'string') return this.#say(certificate, isFalse('AuthorityNotUsable', authority));
    const { namespace = '' } = certificate.metadata;
    const reference = { namespace, name: certificate.spec.secretName };
    const secret = await readSecret(client, reference);
    if (secret && !isControlledBy(secret, certificate)) {
      return this.#say(certificate, isFalse('SecretNotOwned', `There is an existing Secret "${reference.name}" that we do not own.`));
    }
    const nowMs = writer.nowMs();
    const verdict = judgePair(secret && pairOf(secret), certificate.spec.dnsNames, authority, nowMs);
    if (verdict.kind === 'good') {
      await this.#say(certificate, isTrue, verdict.notAfterMs);
      return { requeueAfterMs: Math.min(lookAgainMs, Math.max(1, verdict.renewAtMs - nowMs)) };
    }
    logger.info('certificate issued', { certificate: key, names: certificate.spec.dnsNames, because: verdict.why });
    await this.#write(certificate, secret, authority, nowMs);
    // What it comes to is judged by what is then there.
    return { requeueAfterMs: 1 };
  }

  async #write(certificate: Certificate, before: Secret | undefined, authority: SigningAuthority, nowMs: number): Promise<void> {
    const { certificateChain, privateKey } = issuePair(certificate.spec.dnsNames, authority, newIngredients(), nowMs);
    const { namespace = '' } = certificate.metadata;
    const metadata = { namespace, name: certificate.spec.secretName, ownerReferences: [ownerReference(certificate)] };
    const secret = tlsSecret(metadata, { 'tls.crt': certificateChain, 'tls.key': privateKey, 'ca.crt': authority.certificate });
    const resource = this.#options.client.resource(secrets);
    if (before) await resource.update({ ...secret, metadata: before.metadata });
    else await resource.create(secret);
  }

  async #say(certificate: Certificate, mark: Mark, notAfterMs?: number): Promise<ReconcileResult> {
    const { writer } = this.#options;
    const notAfter = notAfterMs === undefined ? undefined : formatTime(notAfterMs);
    await writer.writeReadiness(certificateKind, certificate, certificateStatus(certificate, mark, writer.now(), notAfter));
    return { requeueAfterMs: lookAgainMs };
  }
}
