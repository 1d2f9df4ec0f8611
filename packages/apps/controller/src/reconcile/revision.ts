/** Revision → Deployment and PodAutoscaler; what becomes of them → the Revision's conditions. */
import { deployments as deploymentKind, type Deployment } from '@sluice/kubernetes';
import {
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
  type RevisionStatus,
} from '@sluice/serving';
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
    const status = revisionStatus({
      revision,
      images,
      deployment,
      podAutoscaler: caches.podAutoscalers.store.get(key),
      pods: caches.pods.store.byIndex(index.revision, key),
      logUrlTemplate: config.current.observability.loggingUrlTemplate,
      podIsAlwaysSchedulable: config.current.deployment.podIsAlwaysSchedulable,
      now: writer.now(),
    });
    if (images !== undefined && images.kind !== 'resolved') {
      await this.#writeStatus(stored, status);
      return;
    }
    const [made] = await Promise.all([
      this.#ensureDeployment(images ? { ...revision, status } : revision, deployment),
      this.#ensurePodAutoscaler(key, revision, hasFailed(status, deployment)),
    ]);
    await this.#writeStatus(stored, made === 'not-owned' ? takenDeploymentStatus(stored, writer.now()) : status);
  }

  #deploymentOf({ metadata }: Revision): Deployment | undefined {
    return this.#options.caches.deployments.store.get(inNamespace(metadata.namespace, deploymentName(metadata.name)));
  }

  #ensureDeployment(revision: Revision, actual: Deployment | undefined): Promise<Deployment | 'not-owned'> {
    const { config, writer, configService, sidecarAuthority, systemNamespace } = this.#options;
    const desired: Deployment = makeDeployment(revision, {
      config: config.current,
      initialScale: config.autoscaler.initialScale,
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
