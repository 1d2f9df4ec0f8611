/** Revision → Deployment and PodAutoscaler; what becomes of them → the Revision's conditions. */
import { deployments as deploymentKind, type Deployment } from '@sluice/kubernetes';
import {
  annotations,
  certificateVolumeName,
  defaultRevision,
  deploymentName,
  describeProblems,
  hasDigests,
  hasFailed,
  invalidRevisionStatus,
  makeDeployment,
  makePodAutoscaler,
  podAutoscalerKind,
  revisionKind,
  revisionStatus,
  takenDeploymentStatus,
  validateRevision,
  type Revision,
  type ServingConfig,
  type RevisionStatus,
} from '@sluice/serving';
import type { InternalCertificates } from './internal-certificates.ts';
import { inNamespace, index, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import type { RevisionDigests } from '../images/revision-digests.ts';
import type { SidecarAuthority } from '../sidecar-authority.ts';
import { mergeDeployment, mergePodAutoscaler } from './merge.ts';

export interface RevisionReconcilerOptions {
  readonly caches: Caches;
  readonly config: LiveConfig;
  readonly writer: Writer;
  /** Where sidecars report their load: `host:port`. Empty: nowhere. */
  readonly configService: string;
  /** By whose word they believe it. Undefined: they do not speak TLS. */
  readonly sidecarAuthority: SidecarAuthority | undefined;
  readonly systemNamespace: string;
  readonly certificates: InternalCertificates;
  /** Whether pods see the Secrets that they mount. Where they do not, they cannot speak TLS. */
  readonly podsSeeSecrets: boolean;
  /** Finds the digests of images. Undefined: they run as they are written. */
  readonly digests: RevisionDigests | undefined;
}

export class RevisionReconciler {
  readonly #options: RevisionReconcilerOptions;

  constructor(options: RevisionReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<void> {
    const { caches, config, writer, digests } = this.#options;
    const stored = caches.revisions.store.get(key);
    if (!stored || stored.metadata.deletionTimestamp !== undefined) {
      digests?.forget(key);
      return;
    }
    // One that was made by hand may leave things open; one that we made leaves nothing.
    const revision = defaultRevision(stored, config.current);
    const deployment = this.#deploymentOf(revision);
    // One that runs was right when it was made: rules that have changed since must not stop it.
    const problems = deployment ? [] : validateRevision(revision, config.rules);
    if (problems.length > 0) {
      await this.#writeStatus(stored, invalidRevisionStatus(stored, describeProblems(problems), writer.now()));
      return;
    }
    // What runs, runs: a tag that has moved meanwhile must not start its pods anew.
    const images = deployment || hasDigests(revision) ? undefined : digests?.of(revision);
    if (deployment) digests?.forget(key);
    const certificates = this.#config.network.systemInternalTls ? await this.#options.certificates.ensure(revision.metadata.namespace ?? '') : undefined;
    const awaitedCertificate = certificates?.kind === 'waiting' ? certificates.why : undefined;
    const status = revisionStatus({
      revision,
      images,
      awaitedCertificate: deployment ? undefined : awaitedCertificate,
      deployment,
      podAutoscaler: caches.podAutoscalers.store.get(key),
      pods: caches.pods.store.byIndex(index.revision, key),
      logUrlTemplate: config.current.observability.loggingUrlTemplate,
      podIsAlwaysSchedulable: config.current.deployment.podIsAlwaysSchedulable,
      now: writer.now(),
    });
    if ((images !== undefined && images.kind !== 'resolved') || (awaitedCertificate !== undefined && !deployment)) {
      await this.#writeStatus(stored, status);
      return;
    }
    const [made] = await Promise.all([
      // Pods that are there go on as they are, rather than be replaced by some that have nothing to show.
      deployment && awaitedCertificate !== undefined && !hasCertificates(deployment) ? deployment : this.#ensureDeployment(images ? { ...revision, status } : revision, deployment),
      this.#ensurePodAutoscaler(key, revision, hasFailed(status, deployment)),
    ]);
    if (made === 'not-owned') return this.#writeStatus(stored, takenDeploymentStatus(stored, writer.now()));
    const isSecured = certificates !== undefined && hasCertificates(made) && (isMarkedSecured(stored) || (certificates.kind === 'ready' && hasOnlyPodsOfTemplate(made)));
    await this.#writeStatus(stored, isSecured ? { ...status, annotations: { [annotations.internalTls]: 'enabled' } } : status);
  }

  get #config(): ServingConfig {
    const { current } = this.#options.config;
    return this.#options.podsSeeSecrets ? current : { ...current, network: { ...current.network, systemInternalTls: false } };
  }

  #deploymentOf({ metadata }: Revision): Deployment | undefined {
    return this.#options.caches.deployments.store.get(inNamespace(metadata.namespace, deploymentName(metadata.name)));
  }

  #ensureDeployment(revision: Revision, actual: Deployment | undefined): Promise<Deployment | 'not-owned'> {
    const { config: { autoscaler }, writer, configService, sidecarAuthority, systemNamespace } = this.#options;
    const desired: Deployment = makeDeployment(revision, {
      config: this.#config,
      initialScale: autoscaler.initialScale,
      configService,
      configServiceAuthority: sidecarAuthority,
      systemNamespace,
    });
    return writer.ensure({ kind: deploymentKind, owner: revision, desired, actual, merge: mergeDeployment });
  }

  #ensurePodAutoscaler(key: string, revision: Revision, failed: boolean): Promise<unknown> {
    return this.#options.writer.ensure({
      kind: podAutoscalerKind,
      owner: revision,
      desired: makePodAutoscaler(revision, failed),
      actual: this.#options.caches.podAutoscalers.store.get(key),
      merge: mergePodAutoscaler,
    });
  }

  #writeStatus(revision: Revision, status: RevisionStatus): Promise<void> {
    return this.#options.writer.writeReadiness(revisionKind, revision, status);
  }
}

function isMarkedSecured({ status }: Revision): boolean {
  return status?.annotations?.[annotations.internalTls] === 'enabled';
}

function hasCertificates({ spec }: Deployment): boolean {
  return (spec.template.spec.volumes ?? []).some(({ name }) => name === certificateVolumeName);
}

/** Whether no pod is left of a template before. */
function hasOnlyPodsOfTemplate({ metadata, status }: Deployment): boolean {
  const { generation = 1 } = metadata;
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0 } = status ?? {};
  return generation === 1 || (observedGeneration >= generation && updatedReplicas === replicas);
}
