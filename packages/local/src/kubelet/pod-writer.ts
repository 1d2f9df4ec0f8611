/** Writes about one pod, one after the other; of several statuses that wait only the newest is written. */
import type { Logger, Timers } from '@sluice/kernel';
import type { Pod, PodStatus } from '@sluice/kubernetes';
import type { KubeletApi } from './kubelet-api.ts';

/** A failed write is tried again after this long, in ms. Chosen: an API server that restarts is back in about that. */
const retryMs = 1000;

type Write = () => Promise<void>;

export class PodWriter {
  readonly #api: KubeletApi;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #queue: Write[] = [];
  #status: { readonly pod: Pod; readonly status: PodStatus } | undefined;
  #draining = false;
  #closed = false;

  constructor(api: KubeletApi, timers: Timers, logger: Logger) {
    this.#api = api;
    this.#timers = timers;
    this.#logger = logger;
  }

  bind(pod: Pod, nodeName: string, annotations: Readonly<Record<string, string>>): void {
    this.#add(() => this.#api.bind(pod, nodeName, annotations));
  }

  annotate(pod: Pod, annotations: Readonly<Record<string, string>>): void {
    this.#add(() => this.#api.annotate(pod, annotations));
  }

  writeStatus(pod: Pod, status: PodStatus): void {
    this.#status = { pod, status };
    this.#run();
  }

  /** After everything that waits: takes the pod out of the API. Fulfils when that is done. */
  remove(pod: Pod): Promise<void> {
    return new Promise((resolve) => {
      this.#add(async () => {
        await this.#writeLatest();
        await this.#api.removePod(pod);
        resolve();
      });
    });
  }

  /** Writes nothing more. */
  close(): void {
    this.#closed = true;
  }

  #add(write: Write): void {
    this.#queue.push(write);
    this.#run();
  }

  #run(): void {
    if (this.#draining) return;
    this.#draining = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    // What else happens in this turn goes into the same status.
    await undefined;
    for (let next = this.#next(); next && !this.#closed; next = this.#next()) await this.#persist(next);
    this.#draining = false;
  }

  #next(): Write | undefined {
    return this.#queue.shift() ?? (this.#status ? () => this.#writeLatest() : undefined);
  }

  async #writeLatest(): Promise<void> {
    const latest = this.#status;
    if (!latest) return;
    await this.#api.writeStatus(latest.pod, latest.status);
    if (this.#status === latest) this.#status = undefined;
  }

  async #persist(write: Write): Promise<void> {
    while (!this.#closed) {
      try {
        return await write();
      } catch (reason) {
        this.#logger.warn('pod write failed', { error: reason });
        await new Promise<void>((resolve) => this.#timers.after(retryMs, resolve));
      }
    }
  }
}
