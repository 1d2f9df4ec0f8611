/**
 * Pods that slipped in without the proxy they should have, because the injector was away when they were made: told by an event on each and on its owner,
 * and, where that is wished, deleted, so that their owner makes them anew. Of several replicas one does so, by a Lease that is held only where there is
 * something to say.
 *
 * Deleting is slow on purpose: one pod of an owner at a time, only while its others are ready and the injector can be asked, and never again when
 * the pod that came in its place has no proxy either.
 */
import type { Clock, Logger, Meter, Random, Timer, Timers } from '@sluice/kernel';
import { controllerOf, findCondition, isNotFound, LeaderElector, pods, replicaSets, type EventRecorder, type KubernetesClient, type KubernetesObject, type Pod } from '@sluice/kubernetes';
import type { InjectionSettings } from '../injection/pod-settings.ts';
import { findingOf, type Finding } from './missing-proxy.ts';
import { PodWatch } from './pod-watch.ts';

export interface RepairControlOptions {
  readonly client: KubernetesClient;
  readonly settings: InjectionSettings;
  readonly mode: 'report' | 'delete';
  readonly systemNamespace: string;
  /** Of this replica, among all. */
  readonly identity: string;
  readonly recorder: EventRecorder;
  /** Whether a pod that is made now gets a proxy. */
  readonly canInject: () => boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Changes come in crowds. In ms. */
const lookAfterMs = 1000;
/** Between two deletions of pods of one owner, in ms. Chosen: most programs are ready by then, and nobody is in a hurry. */
const deletionPauseMs = 30_000;

interface Repaired {
  readonly at: number;
  /** Those that were there when it was deleted; one that came later and has no proxy says that deleting is in vain. */
  readonly known: ReadonlySet<string>;
}

export class RepairControl {
  readonly #options: RepairControlOptions;
  readonly #watch: PodWatch;
  readonly #elector: LeaderElector;
  /** Of whom what was told: by uid. */
  readonly #told = new Map<string, Finding['reason']>();
  /** By uid of the owner. */
  readonly #repaired = new Map<string, Repaired>();
  readonly #givenUp = new Set<string>();
  #isElecting = false;
  #next: Timer | undefined;
  #isBusy = false;
  #isStopped = false;
  #missing = 0;

  constructor(options: RepairControlOptions) {
    this.#options = options;
    const { meter, systemNamespace } = options;
    this.#watch = new PodWatch({ ...options, onChange: () => this.#touch(lookAfterMs) });
    this.#elector = new LeaderElector({ ...options, lease: { namespace: systemNamespace, name: 'sluice-injector' }, onChange: () => this.#touch(0) });
    meter.observedGauge('sluice_injection_pods_missing', 'Pods without the proxy that they should have.', () => this.#missing);
  }

  start(): void {
    this.#watch.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#next?.cancel();
    await this.#watch.stop();
    await this.#elector.stop();
  }

  #touch(afterMs: number): void {
    if (this.#isStopped) return;
    if (afterMs === 0) this.#next?.cancel();
    else if (this.#next) return;
    this.#next = this.#options.timers.after(afterMs, () => {
      this.#next = undefined;
      void this.#look().catch((error: unknown) => this.#options.logger.warn('pods without proxies not looked at', { error }));
    });
  }

  async #look(): Promise<void> {
    if (this.#isBusy || !this.#watch.hasSynced) return this.#touch(lookAfterMs);
    this.#isBusy = true;
    try {
      const all = this.#watch.pods().filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
      const found = all.flatMap((pod) => {
        const { namespace = '' } = pod.metadata;
        const finding = findingOf(pod, namespace, this.#watch.labelsOf(namespace), this.#options.settings);
        return finding ? [{ pod, finding }] : [];
      });
      const missing = found.filter(({ finding }) => finding.reason === 'ProxyMissing').map(({ pod }) => pod);
      this.#missing = missing.length;
      const there = new Set(all.map(({ metadata }) => metadata.uid ?? ''));
      for (const uid of this.#told.keys()) if (!there.has(uid)) this.#told.delete(uid);
      if (found.length > 0 && !this.#isElecting) {
        this.#isElecting = true;
        this.#elector.start();
      }
      if (!this.#elector.isLeading) return;
      for (const { pod, finding } of found) await this.#tell(pod, finding);
      if (this.#options.mode === 'delete') await this.#repair(missing, all);
    } finally {
      this.#isBusy = false;
    }
  }

  async #tell(pod: Pod, { reason, message }: Finding): Promise<void> {
    const { uid = '' } = pod.metadata;
    if (this.#told.get(uid) === reason) return;
    this.#told.set(uid, reason);
    const type = reason === 'ProxySkipped' ? 'Normal' : 'Warning';
    this.#options.recorder.record(pod, type, reason, `${message.replace(/^(has|gets|is)/, 'this pod $1')}`);
    const owner = await this.#ownerOf(pod);
    // The same words for each of its pods, so that they are counted.
    if (owner) this.#options.recorder.record(owner, type, reason, `a pod ${message}`);
  }

  /** One after another: a look is quick, and the next comes by itself. */
  async #repair(missing: readonly Pod[], all: readonly Pod[]): Promise<void> {
    const now = this.#options.clock.now();
    const seen = new Set<string>();
    for (const pod of missing) {
      const owner = controllerOf(pod);
      // Nobody would make it anew.
      if (!owner || seen.has(owner.uid) || this.#givenUp.has(owner.uid)) continue;
      seen.add(owner.uid);
      const siblings = all.filter((one) => controllerOf(one)?.uid === owner.uid);
      const before = this.#repaired.get(owner.uid);
      const inVain = before && missing.find(({ metadata }) => siblings.some((one) => one.metadata.uid === metadata.uid) && !before.known.has(metadata.uid ?? ''));
      if (inVain) {
        this.#givenUp.add(owner.uid);
        this.#options.recorder.record(inVain, 'Warning', 'RepairGivenUp', 'this pod was made anew and has no proxy either: the webhook does not see it, or its namespace');
        continue;
      }
      const waitMs = before ? before.at + deletionPauseMs - now : 0;
      const isCalm = siblings.every((one) => one === pod || findCondition(one.status?.conditions, 'Ready')?.status === 'True');
      if (waitMs > 0 || !isCalm || !this.#options.canInject()) {
        this.#touch(Math.max(waitMs, lookAfterMs));
        continue;
      }
      this.#repaired.set(owner.uid, { at: now, known: new Set(siblings.map(({ metadata }) => metadata.uid ?? '')) });
      await this.#delete(pod);
      this.#touch(deletionPauseMs);
    }
  }

  async #delete(pod: Pod): Promise<void> {
    const { namespace = '', name, uid = '' } = pod.metadata;
    const owner = await this.#ownerOf(pod);
    try {
      await this.#options.client.resource(pods).delete({ namespace, name }, { uid });
    } catch (reason) {
      if (isNotFound(reason)) return;
      throw reason;
    }
    this.#options.logger.info('pod deleted', { pod: `${namespace}/${name}`, reason: 'ProxyMissing' });
    if (owner) this.#options.recorder.record(owner, 'Normal', 'ProxyRepaired', 'a pod without a proxy was deleted, to be made anew with one');
  }

  /** Whom people look at: the Deployment of a ReplicaSet, else whoever controls the pod. */
  async #ownerOf(pod: Pod): Promise<KubernetesObject | undefined> {
    const { namespace = '' } = pod.metadata;
    const owner = controllerOf(pod);
    if (!owner) return undefined;
    const direct = { apiVersion: owner.apiVersion, kind: owner.kind, metadata: { namespace, name: owner.name, uid: owner.uid } };
    if (owner.kind !== 'ReplicaSet') return direct;
    const set = await this.#options.client.resource(replicaSets).find({ namespace, name: owner.name });
    const above = set && controllerOf(set);
    return above ? { apiVersion: above.apiVersion, kind: above.kind, metadata: { namespace, name: above.name, uid: above.uid } } : direct;
  }
}
