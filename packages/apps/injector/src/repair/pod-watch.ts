/**
 * The pods that injection is asked for, and no others: those of namespaces that ask, each followed by itself, and those that ask by their own label. Of each
 * only what matters here is kept.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { Informer, namespaces, pods, type KubernetesClient, type Namespace, type Pod } from '@sluice/kubernetes';
import { namespaceLabel, podLabel, recordAnnotation } from '../injection/names.ts';
import type { Labels } from '../injection/pod.ts';

export interface PodWatchOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Something is different. */
  readonly onChange: () => void;
}

export class PodWatch {
  readonly #options: PodWatchOptions;
  readonly #namespaces: Informer<Namespace>;
  readonly #asking: Informer<Pod>;
  readonly #followed = new Map<string, Informer<Pod>>();
  #stops: Promise<void>[] = [];

  constructor(options: PodWatchOptions) {
    this.#options = options;
    this.#namespaces = new Informer({ ...options, kind: namespaces, labelSelector: namespaceLabel });
    this.#namespaces.subscribe(({ kind, object }) => this.#follow(object.metadata.name, kind !== 'deleted' && object.metadata.labels?.[namespaceLabel] === 'enabled'));
    this.#asking = this.#informer({ labelSelector: `${podLabel}=true` });
  }

  start(): void {
    this.#namespaces.start();
    this.#asking.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#namespaces, this.#asking, ...this.#followed.values()].map((informer) => informer.stop()));
    await Promise.all(this.#stops);
  }

  /** Before that, what is not there may only not have been seen. */
  get hasSynced(): boolean {
    return [this.#namespaces, this.#asking, ...this.#followed.values()].every((informer) => informer.hasSynced);
  }

  /** Undefined for those that say nothing of injection. */
  labelsOf(namespace: string): Labels | undefined {
    return this.#namespaces.store.get(namespace)?.metadata.labels;
  }

  /** By uid, so that one that is followed twice is there once. */
  pods(): Pod[] {
    const all = [this.#asking, ...this.#followed.values()].flatMap((informer) => informer.store.list());
    return [...new Map(all.map((pod) => [pod.metadata.uid ?? '', pod])).values()];
  }

  #follow(namespace: string, asks: boolean): void {
    const known = this.#followed.get(namespace);
    if (asks && !known) {
      const informer = this.#informer({ namespace });
      this.#followed.set(namespace, informer);
      informer.start();
    } else if (!asks && known) {
      this.#followed.delete(namespace);
      this.#stops = [...this.#stops, known.stop()];
    }
    this.#options.onChange();
  }

  #informer(scope: { readonly namespace?: string; readonly labelSelector?: string }): Informer<Pod> {
    const informer = new Informer<Pod>({ ...this.#options, kind: pods, transform: whatMatters, ...scope });
    informer.subscribe(() => this.#options.onChange());
    return informer;
  }
}

function whatMatters({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const { managedFields: _managedFields, annotations = {}, ...rest } = metadata;
  const ours = Object.entries(annotations).filter(([name]) => name === recordAnnotation || name.startsWith('proxy.sluice.dev/'));
  const names = (list: Pod['spec']['containers'] = []) => list.map(({ name }) => ({ name }));
  return {
    apiVersion: apiVersion ?? 'v1',
    kind: kind ?? 'Pod',
    metadata: { ...rest, annotations: Object.fromEntries(ours) },
    spec: { containers: names(spec.containers), initContainers: names(spec.initContainers), ...(spec.hostNetwork === undefined ? {} : { hostNetwork: spec.hostNetwork }) },
    status: { ...(status?.phase === undefined ? {} : { phase: status.phase }), conditions: (status?.conditions ?? []).filter(({ type }) => type === 'Ready') },
  };
}
