/** ReplicaSet → Pods: keeps as many pods as the spec wishes, and counts them. */
import {
  Controller,
  controllerKeyOf,
  controllerReference,
  formatTime,
  objectKey,
  pods,
  replicaSets,
  type Informer,
  type Pod,
  type ReconcileResult,
  type ReplicaSet,
} from '@sluice/kubernetes';
import { isTerminating } from '../../objects/pod-facts.ts';
import type { BuiltInControllerOptions, BuiltInInformers } from '../surroundings.ts';
import { byOwner } from '../indexes.ts';
import { isSameContent, randomSuffix } from '../safe-name.ts';
import { createLateEvents, type EventSink } from '../../events/late-events.ts';
import { Expectations } from './expectations.ts';
import { countReplicas, planReplicas, replicaSetStatus } from './replicas.ts';

type Failure = { readonly reason: string; readonly message: string };

export class ReplicaSetController {
  readonly #options: BuiltInControllerOptions;
  readonly #replicaSets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  readonly #events: EventSink;
  readonly #expectations: Expectations;
  /** More pods than the spec in the cache says, which is being written: by key. */
  readonly #ahead = new Map<string, { readonly replicas: number; readonly generation: number }>();

  constructor(options: BuiltInControllerOptions, informers: BuiltInInformers) {
    this.#options = options;
    this.#replicaSets = informers.replicaSets;
    this.#pods = informers.pods;
    this.#events = createLateEvents('replicaset-controller', options);
    this.#expectations = new Expectations(options.clock);
    this.#controller = new Controller({
      ...options,
      name: 'replica-set',
      informers: [this.#replicaSets, this.#pods],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#pods.subscribe(({ kind, object }) => {
      for (const owner of controllerKeyOf(object, 'ReplicaSet')) {
        if (kind !== 'deleted') this.#expectations.creationSeen(owner, objectKey(object));
        if (kind === 'deleted' || isTerminating(object)) this.#expectations.removalSeen(owner, objectKey(object));
      }
    });
    this.#controller.follow(this.#replicaSets);
    this.#controller.follow(this.#pods, (pod) => controllerKeyOf(pod, 'ReplicaSet'));
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** More pods will be wanted than the spec says until now: they are made while that is being written. Gives how to take it back. */
  scaleAhead(replicaSet: ReplicaSet, replicas: number): () => void {
    const key = objectKey(replicaSet);
    this.#ahead.set(key, { replicas, generation: replicaSet.metadata.generation ?? 0 });
    this.#controller.enqueue(key);
    return () => {
      this.#ahead.delete(key);
      this.#controller.enqueue(key);
    };
  }

  /** As the cache has it, or as it is about to be: the spec that is being written is a generation of its own. */
  #find(key: string): ReplicaSet | undefined {
    const replicaSet = this.#replicaSets.store.get(key);
    const ahead = this.#ahead.get(key);
    if (!replicaSet || !ahead) return replicaSet;
    if (replicaSet.metadata.generation === ahead.generation) return { ...replicaSet, spec: { ...replicaSet.spec, replicas: ahead.replicas } };
    this.#ahead.delete(key);
    return replicaSet;
  }

  async #reconcile(key: string): Promise<ReconcileResult | void> {
    const replicaSet = this.#find(key);
    if (!replicaSet) {
      this.#expectations.forget(key);
      this.#ahead.delete(key);
      return;
    }
    const owned = this.#pods.store.byIndex(byOwner, replicaSet.metadata.uid ?? '');
    const waitMs = this.#expectations.waitMs(key);
    const failure =
      waitMs === 0 && replicaSet.metadata.deletionTimestamp === undefined ? await this.#scale(key, replicaSet, owned) : undefined;
    const { clock, lull } = this.#options;
    if (failure === undefined && lull?.isOn) return lull.whenOver(() => this.#controller.enqueue(key));
    const counts = countReplicas(replicaSet, this.#pods.store.byIndex(byOwner, replicaSet.metadata.uid ?? ''), clock.wallTime());
    const status = replicaSetStatus(replicaSet, counts, failure, formatTime(clock.wallTime()));
    if (!isSameContent(status, { replicas: 0, readyReplicas: 0, availableReplicas: 0, conditions: [], ...replicaSet.status })) {
      await this.#options.client.resource(replicaSets).patchStatus(replicaSet.metadata, status);
    }
    if (failure) throw new Error(failure.message);
    const requeueAfterMs = waitMs > 0 ? waitMs : counts.nextAvailableMs;
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  /** Creates and removes side by side: a pod does not wait for its siblings. */
  async #scale(key: string, replicaSet: ReplicaSet, owned: readonly Pod[]): Promise<Failure | undefined> {
    const plan = planReplicas(replicaSet, owned);
    if (plan.create === 0 && plan.remove.length === 0) return undefined;
    const created = Array.from({ length: plan.create }, () => this.#podOf(replicaSet));
    this.#expectations.expect(key, created.map(objectKey), plan.remove.map(objectKey));
    const results = await Promise.all([
      ...created.map((pod) => this.#create(key, replicaSet, pod)),
      ...plan.remove.map((pod) => this.#remove(key, replicaSet, pod)),
    ]);
    return results.find((result) => result !== undefined);
  }

  async #create(key: string, replicaSet: ReplicaSet, pod: Pod): Promise<Failure | undefined> {
    try {
      await this.#options.client.resource(pods).create(pod);
      this.#events.record(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      return undefined;
    } catch (reason) {
      this.#expectations.creationSeen(key, objectKey(pod));
      return this.#fail(replicaSet, 'FailedCreate', reason);
    }
  }

  async #remove(key: string, replicaSet: ReplicaSet, pod: Pod): Promise<Failure | undefined> {
    try {
      const { uid } = pod.metadata;
      await this.#options.client.resource(pods).delete(pod.metadata, uid === undefined ? {} : { uid });
      this.#events.record(replicaSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
      return undefined;
    } catch (reason) {
      this.#expectations.removalSeen(key, objectKey(pod));
      return this.#fail(replicaSet, 'FailedDelete', reason);
    }
  }

  #fail(replicaSet: ReplicaSet, reason: string, error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    this.#events.record(replicaSet, 'Warning', reason, message);
    return { reason, message };
  }

  /** The name is chosen here and not by the server, so that it can be expected before it is written. */
  #podOf(replicaSet: ReplicaSet): Pod {
    const { name, namespace } = replicaSet.metadata;
    const template = replicaSet.spec.template;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...template?.metadata,
        name: `${name}-${randomSuffix(this.#options.random)}`,
        generateName: `${name}-`,
        ...(namespace === undefined ? {} : { namespace }),
        ownerReferences: [controllerReference(replicaSet)],
      },
      spec: template?.spec ?? { containers: [] },
    };
  }
}
