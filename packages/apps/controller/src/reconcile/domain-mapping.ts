/** DomainMapping → the claim of its host, and the Ingress that leads it to what it names. */
import { isAlreadyExists, parseObjectKey, type KubernetesClient, type ReconcileResult } from '@sluice/kubernetes';
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
  isPlainService,
  makeDomainIngress,
  obtainedTls,
  resolveReference,
  tlsNotEnabled,
  validateDomainMapping,
  type ClusterDomainClaim,
  type DomainMapping,
  type FoundReference,
  type Ingress,
  type ObtainedTls,
  type ResolvedReference,
} from '@sluice/serving';
import type { Addressables } from '../addressables.ts';
import { inNamespace, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';
import { mergeDeclared } from './merge.ts';

export interface DomainMappingReconcilerOptions {
  readonly addressables: Addressables;
  readonly certificates: CertificateKeeper;
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly config: LiveConfig;
  readonly writer: Writer;
}

/** When a kind that cannot be read is tried again, in ms. Chosen: somebody has to install it first. */
const unreadableAgainMs = 30_000;

export class DomainMappingReconciler {
  readonly #options: DomainMappingReconcilerOptions;

  constructor(options: DomainMappingReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { caches, certificates, config, writer } = this.#options;
    const stored = caches.domainMappings.store.get(key);
    if (!stored || stored.metadata.deletionTimestamp !== undefined) {
      await this.#release(key);
      return {};
    }
    const mapping = defaultDomainMapping(stored);
    const { network } = config.current;
    const problems = validateDomainMapping(mapping, network.clusterDomain);
    if (problems.length > 0) {
      await writer.writeReadiness(domainMappingKind, stored, invalidDomainMappingStatus(stored, describeProblems(problems), writer.now()));
      return {};
    }
    const claim = await this.#claim(mapping);
    const isOurs = claim?.spec.namespace === mapping.metadata.namespace;
    const found = isOurs ? await this.#find(mapping) : undefined;
    const reference = found && resolveReference(mapping, found, network.clusterDomain);
    // A host that is another's is not ours to prove either.
    const wanted = isOurs ? domainMappingCertificate(mapping, network) : [];
    const obtained = obtainedTls(await certificates.keep(mapping, wanted), network, tlsNotEnabled);
    const ingress = await this.#ensureIngress(key, mapping, reference, isOurs, obtained);
    await writer.writeReadiness(domainMappingKind, stored, domainMappingStatus({ mapping, claim, reference, ingress, obtained, now: writer.now() }));
    return found?.kind === 'unreadable' ? { requeueAfterMs: unreadableAgainMs } : {};
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

  async #find({ metadata, spec }: DomainMapping): Promise<FoundReference> {
    const { addressables, caches } = this.#options;
    const { namespace = '' } = metadata;
    const { apiVersion = '', kind = '', name = '' } = spec.ref ?? {};
    // Nobody looks for these.
    if (isPlainService({ apiVersion, kind })) return { kind: 'missing' };
    const own = apiVersion === 'serving.knative.dev/v1' ? { Service: caches.services, Route: caches.routes }[kind] : undefined;
    if (!own) return addressables.find({ apiVersion, kind, name }, namespace);
    const object = own.store.get(inNamespace(namespace, name));
    return object ? { kind: 'found', object } : { kind: 'missing' };
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
