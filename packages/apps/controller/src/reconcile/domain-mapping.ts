/** DomainMapping → the claim of its host, and the Ingress that leads it to what it names. */
import { isAlreadyExists, parseObjectKey, type KubernetesClient } from '@sluice/kubernetes';
import {
  annotations,
  clusterDomainClaimKind,
  defaultDomainMapping,
  describeProblems,
  domainMappingCertificate,
  domainMappingKind,
  domainMappingStatus,
  ingressKind,
  invalidDomainMappingStatus,
  makeDomainIngress,
  obtainedTls,
  resolveReference,
  tlsNotEnabled,
  validateDomainMapping,
  type Addressable,
  type ClusterDomainClaim,
  type DomainMapping,
  type Ingress,
  type ObtainedTls,
  type ResolvedReference,
} from '@sluice/serving';
import { inNamespace, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';
import { mergeDeclared } from './merge.ts';

export interface DomainMappingReconcilerOptions {
  readonly certificates: CertificateKeeper;
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly config: LiveConfig;
  readonly writer: Writer;
}

export class DomainMappingReconciler {
  readonly #options: DomainMappingReconcilerOptions;

  constructor(options: DomainMappingReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<void> {
    const { caches, certificates, config, writer } = this.#options;
    const stored = caches.domainMappings.store.get(key);
    if (!stored || stored.metadata.deletionTimestamp !== undefined) {
      await this.#release(key);
      return;
    }
    const mapping = defaultDomainMapping(stored);
    const { network } = config.current;
    const problems = validateDomainMapping(mapping, network.clusterDomain);
    if (problems.length > 0) {
      await writer.writeReadiness(domainMappingKind, stored, invalidDomainMappingStatus(stored, describeProblems(problems), writer.now()));
      return;
    }
    const claim = await this.#claim(mapping);
    const isOurs = claim?.spec.namespace === mapping.metadata.namespace;
    const reference = isOurs ? resolveReference(mapping, this.#find(mapping), network.clusterDomain) : undefined;
    // A host that is another's is not ours to prove either.
    const wanted = isOurs ? domainMappingCertificate(mapping, network) : [];
    const obtained = obtainedTls(await certificates.keep(mapping, wanted), network, tlsNotEnabled);
    const ingress = await this.#ensureIngress(key, mapping, reference, isOurs, obtained);
    await writer.writeReadiness(domainMappingKind, stored, domainMappingStatus({ mapping, claim, reference, ingress, obtained, now: writer.now() }));
  }

  /** The claim of the host, made where the cluster lets mappings take theirs by themselves. */
  async #claim({ metadata }: DomainMapping): Promise<ClusterDomainClaim | undefined> {
    const { client, caches, config } = this.#options;
    const { name, namespace = '' } = metadata;
    const known = caches.clusterDomainClaims.store.get(name);
    if (known || !config.current.network.autocreateClusterDomainClaims) return known;
    const resource = client.resource(clusterDomainClaimKind);
    try {
      return await resource.create({
        apiVersion: 'networking.internal.knative.dev/v1alpha1',
        kind: 'ClusterDomainClaim',
        metadata: { name, annotations: { [annotations.autocreated]: 'true' } },
        spec: { namespace },
      });
    } catch (reason) {
      // Somebody else was quicker.
      if (isAlreadyExists(reason)) return resource.get({ name });
      throw reason;
    }
  }

  /** The mapping has gone: a claim that was made for it goes too. One that somebody else made stays. */
  async #release(key: string): Promise<void> {
    const { client, caches } = this.#options;
    const { name, namespace } = parseObjectKey(key);
    const claim = caches.clusterDomainClaims.store.get(name);
    if (!claim || claim.spec.namespace !== namespace || claim.metadata.annotations?.[annotations.autocreated] !== 'true') return;
    const { uid } = claim.metadata;
    await client.resource(clusterDomainClaimKind).delete({ name }, uid === undefined ? {} : { uid });
  }

  #find({ metadata, spec }: DomainMapping): Addressable | 'unknown-kind' | undefined {
    const { caches } = this.#options;
    const { apiVersion = '', kind = '', name = '' } = spec.ref ?? {};
    const key = inNamespace(metadata.namespace, name);
    if (!apiVersion.startsWith('serving.knative.dev/')) return 'unknown-kind';
    if (kind === 'Service') return caches.services.store.get(key);
    return kind === 'Route' ? caches.routes.store.get(key) : 'unknown-kind';
  }

  /** What was served is served on while what it leads to cannot be found; a host that is another's is let go. */
  async #ensureIngress(
    key: string,
    mapping: DomainMapping,
    reference: ResolvedReference | undefined,
    isOurs: boolean,
    { tls }: ObtainedTls,
  ): Promise<Ingress | 'not-owned' | undefined> {
    const { caches, client, config, writer } = this.#options;
    const actual = caches.ingresses.store.get(key);
    if (!isOurs) {
      if (actual) await client.resource(ingressKind).delete(actual.metadata);
      return undefined;
    }
    if (reference?.kind !== 'resolved') return actual;
    const desired = makeDomainIngress(mapping, reference, config.current.network, tls);
    return writer.ensure({ kind: ingressKind, owner: mapping, desired, actual, merge: mergeDeclared });
  }
}
