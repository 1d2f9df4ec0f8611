/**
 * Follows a kind that an API may not have: a definition that its owner installs, or does not. While it is not there, it is asked for now and
 * then, in silence; nobody waits for it.
 */
import { isNotFound, type Informer, type KubernetesClient, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import type { Timer, Timers } from '@sluice/kernel';

export interface OptionalInformerOptions<T extends KubernetesObject> {
  readonly client: KubernetesClient;
  readonly kind: ResourceKind<T>;
  readonly informer: Informer<T>;
  readonly timers: Timers;
}

/** Chosen: who installs the definitions waits no longer than for an image, and an API that never has them is asked four times a minute. */
const askEveryMs = 15_000;

export class OptionalInformer<T extends KubernetesObject> {
  readonly #options: OptionalInformerOptions<T>;
  #next: Timer | undefined;
  #isStopped = false;
  #first: Promise<void> | undefined;

  constructor(options: OptionalInformerOptions<T>) {
    this.#options = options;
  }

  start(): void {
    this.#first = this.#look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#next?.cancel();
    await this.#options.informer.stop();
  }

  /** Fulfils when all of the kind has been listed, or when the API has said that it does not know it. */
  async whenSynced(): Promise<void> {
    await this.#first;
    // Where it is not known yet, whoever starts does not wait for it.
    if (this.#next === undefined && !this.#isStopped) await this.#options.informer.whenSynced();
  }

  async #look(): Promise<void> {
    const { client, kind, informer, timers } = this.#options;
    this.#next = undefined;
    const isKnown = await client.resource(kind).list({ limit: 1 }).then(
      () => true,
      // What is no answer is the informer's to deal with.
      (reason: unknown) => !isNotFound(reason),
    );
    if (this.#isStopped) return;
    if (isKnown) informer.start();
    else this.#next = timers.after(askEveryMs, () => void this.#look());
  }
}
