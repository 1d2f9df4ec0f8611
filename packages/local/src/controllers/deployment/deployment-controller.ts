/** Deployment → ReplicaSets: one for each version of the template, rolled over from the old ones to the new. */
import {
  Controller,
  controllerKeyOf,
  deployments,
  isAlreadyExists,
  replicaSets,
  type Deployment,
  type DeploymentStatus,
  type Informer,
  type ReconcileResult,
  type ReplicaSet,
} from '@sluice/kubernetes';
import type { Timers } from '@sluice/kernel';
import { createLateEvents, type EventSink } from '../../events/late-events.ts';
import type { BuiltInControllerOptions, BuiltInInformers } from '../surroundings.ts';
import { byOwner } from '../indexes.ts';
import { isSameContent } from '../safe-name.ts';
import { deploymentStatus } from './deployment-status.ts';
import { newReplicaCount, nextSteps, surplusHistory, type ScaleStep } from './rollout.ts';
import { findNewReplicaSet, newReplicaSet, nextRevision, revisionAnnotation, revisionOf } from './template.ts';

export class DeploymentController {
  readonly #options: BuiltInControllerOptions;
  readonly #deployments: Informer<Deployment>;
  readonly #replicaSets: Informer<ReplicaSet>;
  readonly #controller: Controller;
  readonly #events: EventSink;
  readonly #scaleAhead: (replicaSet: ReplicaSet, replicas: number) => () => void;

  /** @param scaleAhead tells who makes the pods, before it is written that there are to be more; gives how to take that back */
  constructor(options: BuiltInControllerOptions, informers: BuiltInInformers, scaleAhead: (replicaSet: ReplicaSet, replicas: number) => () => void) {
    this.#options = options;
    this.#scaleAhead = scaleAhead;
    this.#deployments = informers.deployments;
    this.#replicaSets = informers.replicaSets;
    this.#events = createLateEvents('deployment-controller', options);
    this.#controller = new Controller({
      ...options,
      name: 'deployment',
      informers: [this.#deployments, this.#replicaSets],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#controller.follow(this.#deployments);
    this.#controller.follow(this.#replicaSets, (replicaSet) => controllerKeyOf(replicaSet, 'Deployment'));
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** Scaling comes before bookkeeping: somebody may be waiting for a pod. */
  async #reconcile(key: string): Promise<ReconcileResult | void> {
    const deployment = this.#deployments.store.get(key);
    if (!deployment || deployment.metadata.deletionTimestamp !== undefined) return;
    const owned = this.#replicaSets.store.byIndex(byOwner, deployment.metadata.uid ?? '');
    const found = findNewReplicaSet(deployment, owned);
    const olds = owned.filter((replicaSet) => replicaSet !== found);
    const current = found ?? (deployment.spec.paused ? undefined : await this.#create(deployment, olds));
    // What has been scaled changes, and brings us back: the status of now would be old by then, and its writing is in the way of the pods.
    if (current && found && (await this.#roll(deployment, current, olds))) return;
    const { lull } = this.#options;
    if (lull?.isOn) return lull.whenOver(() => this.#controller.enqueue(key));
    if (current) await this.#number(deployment, current, olds);
    return this.#writeStatus(deployment, current, olds, current !== undefined && !found);
  }

  async #create(deployment: Deployment, olds: readonly ReplicaSet[]): Promise<ReplicaSet> {
    const replicas = newReplicaCount(deployment, 0, olds);
    const wanted = newReplicaSet(deployment, replicas, nextRevision(olds));
    const client = this.#options.client.resource(replicaSets);
    try {
      const created = await client.create(wanted);
      this.#recordScaling(deployment, created.metadata.name, 0, replicas);
      return created;
    } catch (reason) {
      // The name comes from the content, so what is there already is what was wanted; the cache is late.
      if (isAlreadyExists(reason)) return client.get(wanted.metadata);
      throw reason;
    }
  }

  /** @returns whether something was scaled */
  async #roll(deployment: Deployment, current: ReplicaSet, olds: readonly ReplicaSet[]): Promise<boolean> {
    const steps = deployment.spec.paused ? scaleWhilePaused(deployment, current, olds) : nextSteps(deployment, current, olds);
    await this.#applySteps(deployment, steps);
    return steps.length > 0;
  }

  async #applySteps(deployment: Deployment, steps: readonly ScaleStep[]): Promise<void> {
    const client = this.#options.client.resource(replicaSets);
    await Promise.all(
      steps.map(async ({ replicaSet, replicas }) => {
        const before = replicaSet.spec.replicas ?? 1;
        const takeBack = replicas > before ? this.#scaleAhead(replicaSet, replicas) : undefined;
        // First what they lead to: it happens in this turn.
        if (takeBack) await nextTurn(this.#options.timers);
        try {
          await client.patch(replicaSet.metadata, { type: 'merge', body: { spec: { replicas } } });
        } catch (reason) {
          takeBack?.();
          throw reason;
        }
        this.#recordScaling(deployment, replicaSet.metadata.name, before, replicas);
      }),
    );
  }

  #recordScaling(deployment: Deployment, name: string, from: number, to: number): void {
    if (from === to) return;
    const direction = to > from ? 'up' : 'down';
    this.#events.record(deployment, 'Normal', 'ScalingReplicaSet', `Scaled ${direction} replica set ${name} from ${from} to ${to}`);
  }

  /** A template that comes back gets the newest number again; the Deployment carries the number in force. */
  async #number(deployment: Deployment, current: ReplicaSet, olds: readonly ReplicaSet[]): Promise<void> {
    const newest = Math.max(revisionOf(current), nextRevision(olds));
    const body = { metadata: { annotations: { [revisionAnnotation]: String(newest) } } };
    if (revisionOf(current) !== newest) await this.#options.client.resource(replicaSets).patch(current.metadata, { type: 'merge', body });
    if (revisionOf(deployment) !== newest) await this.#options.client.resource(deployments).patch(deployment.metadata, { type: 'merge', body });
  }

  async #writeStatus(
    deployment: Deployment,
    current: ReplicaSet | undefined,
    olds: readonly ReplicaSet[],
    created: boolean,
  ): Promise<ReconcileResult | void> {
    const facts = { current, olds, created, wallTimeMs: this.#options.clock.wallTime() };
    const { status, deadlineInMs } = deploymentStatus(deployment, facts);
    if (!isSameContent(status, { ...noStatus, ...deployment.status })) {
      await this.#options.client.resource(deployments).patchStatus(deployment.metadata, status);
    }
    if (status.updatedReplicas === status.replicas) await this.#removeHistory(deployment, olds);
    return deadlineInMs === undefined ? undefined : { requeueAfterMs: deadlineInMs };
  }

  async #removeHistory(deployment: Deployment, olds: readonly ReplicaSet[]): Promise<void> {
    const client = this.#options.client.resource(replicaSets);
    await Promise.all(surplusHistory(deployment, olds).map((old) => client.delete(old.metadata)));
  }
}

function nextTurn(timers: Timers): Promise<void> {
  return new Promise((resolve) => timers.after(0, resolve));
}

const noStatus: DeploymentStatus = {
  replicas: 0,
  updatedReplicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  unavailableReplicas: 0,
};

/** A paused Deployment does not roll, but it follows its wished number as far as its present version goes. */
function scaleWhilePaused(deployment: Deployment, current: ReplicaSet, olds: readonly ReplicaSet[]): ScaleStep[] {
  const elsewhere = olds.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
  const replicas = Math.max(0, (deployment.spec.replicas ?? 1) - elsewhere);
  return replicas === (current.spec.replicas ?? 1) ? [] : [{ replicaSet: current, replicas }];
}
