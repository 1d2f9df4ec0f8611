/**
 * Runs a reconcile function over keys: level-triggered, each key in one place at a time, several keys side
 * by side, failures again later. The function reads caches and brings the world nearer to what the object
 * under the key asks for; it may be called at any time and any number of times.
 */
import type { Clock, Counter, Histogram, Logger, Meter, Timers } from '@sluice/kernel';
import { isConflict } from './api-error.ts';
import type { Informer } from './informer.ts';
import type { KubernetesObject } from './object.ts';
import { objectKey } from './object.ts';
import { WorkQueue, type WorkQueueOptions } from './work-queue.ts';

/** What a reconcile function may ask for beyond being called on changes. */
export interface ReconcileResult {
  /** Call again after this long, in ms, whatever happens. */
  readonly requeueAfterMs?: number;
}

/** An error that trying again cannot mend: it is logged, and the key rests until something changes. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

export interface ControllerOptions {
  /** A word for logs and metrics: `revision`. */
  readonly name: string;
  readonly reconcile: (key: string) => Promise<ReconcileResult | void>;
  /** Nothing is reconciled before all of these have seen their first list. */
  readonly informers: readonly { whenSynced(): Promise<void> }[];
  /** How many keys are worked on side by side. Default 4: reconciling is mostly waiting for the API. */
  readonly workers?: number;
  readonly backoff?: NonNullable<WorkQueueOptions['backoff']>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #logger: Logger;
  readonly #outcomes: { readonly success: Counter; readonly conflict: Counter; readonly failure: Counter };
  readonly #duration: Histogram;
  readonly #workers: number;
  #active = 0;
  #running = false;
  #onQuiet: (() => void) | undefined;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#workers = options.workers ?? 4;
    this.#logger = options.logger.child({ controller: options.name });
    this.#queue = new WorkQueue(options);
    const { meter, name } = options;
    const outcome = (result: string) =>
      meter.counter('controller_reconcile_total', 'Reconciliations by result.', { controller: name, result });
    this.#outcomes = { success: outcome('success'), conflict: outcome('conflict'), failure: outcome('failure') };
    this.#duration = meter.histogram(
      'controller_reconcile_duration_seconds',
      'Time of one reconciliation.',
      [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      { controller: name },
    );
  }

  /** Whether nothing waits, runs, or is due later. */
  get isIdle(): boolean {
    return this.#queue.isIdle;
  }

  /** Asks for a reconciliation of `key`. May be called before `start`. */
  enqueue(key: string): void {
    this.#queue.add(key);
  }

  enqueueAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs);
  }

  /** Reconciles the keys that `keysOf` gives for each changed object. Default: the object's own key. */
  follow<T extends KubernetesObject>(informer: Informer<T>, keysOf: (object: T) => readonly string[] = ownKey): void {
    informer.subscribe((change) => {
      for (const key of keysOf(change.object)) this.enqueue(key);
      // An object that moved from one owner to another concerns both.
      if (change.kind === 'updated') for (const key of keysOf(change.previous)) this.enqueue(key);
    });
  }

  /** Begins as soon as the caches are filled. */
  async start(): Promise<void> {
    this.#running = true;
    await Promise.all(this.#options.informers.map((informer) => informer.whenSynced()));
    this.#queue.listen(() => this.#pump());
    this.#pump();
  }

  /** Takes no more keys and fulfils when those under way are done. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#queue.close();
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#onQuiet = resolve));
  }

  #pump(): void {
    while (this.#running && this.#active < this.#workers) {
      const key = this.#queue.take();
      if (key === undefined) return;
      this.#active += 1;
      // Detached on purpose: #work handles every failure itself.
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    const startedAt = this.#options.clock.now();
    try {
      const result = await this.#options.reconcile(key);
      this.#queue.forget(key);
      this.#outcomes.success.add();
      if (result?.requeueAfterMs !== undefined) this.#queue.addAfter(key, result.requeueAfterMs);
    } catch (reason) {
      this.#fail(key, reason);
    } finally {
      this.#duration.observe((this.#options.clock.now() - startedAt) / 1000);
      this.#active -= 1;
      this.#queue.done(key);
      if (this.#active === 0) this.#onQuiet?.();
      this.#pump();
    }
  }

  #fail(key: string, reason: unknown): void {
    if (reason instanceof PermanentError) {
      this.#queue.forget(key);
      this.#outcomes.failure.add();
      this.#logger.error('reconcile refused', { key, error: reason });
      return;
    }
    if (isConflict(reason)) {
      // Somebody else wrote first, which is how optimistic writes are meant to work.
      this.#outcomes.conflict.add();
      this.#logger.debug('reconcile conflict', { key });
    } else {
      this.#outcomes.failure.add();
      this.#logger.warn('reconcile failed', { key, error: reason });
    }
    this.#queue.retry(key);
  }
}

function ownKey(object: KubernetesObject): readonly string[] {
  return [objectKey(object)];
}
