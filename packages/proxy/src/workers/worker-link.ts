/** The main thread's end of one worker: questions find their answers, and end when the worker does. */
import { MeshError, type Logger, type Timers, type Tracer } from '@sluice/kernel';
import type { FromWorker, ToWorker, WorkerAnswer, WorkerRequest } from './worker-protocol.ts';

/** A thread, or whatever stands for one in tests. */
export interface WorkerHandle {
  post(message: ToWorker): void;
  terminate(): Promise<void>;
}

export interface WorkerEvents {
  onMessage(message: FromWorker): void;
  /** Once, whatever the reason. */
  onExit(reason: string): void;
}

export type StartWorker = (index: number) => (events: WorkerEvents) => WorkerHandle;

export interface WorkerLinkOptions {
  readonly index: number;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Where its spans go. Default nowhere. */
  readonly tracer?: Tracer | undefined;
  readonly onGone: (reason: string) => void;
}

export class WorkerLink implements WorkerEvents {
  readonly #options: WorkerLinkOptions;
  readonly #handle: WorkerHandle;
  readonly #waiting = new Map<number, (answer: WorkerAnswer | undefined) => void>();
  readonly #ready = Promise.withResolvers<void>();
  #nextId = 1;
  #isGone = false;

  constructor(start: (events: WorkerEvents) => WorkerHandle, options: WorkerLinkOptions) {
    this.#options = options;
    // Whoever does not wait for it hears of a failure by `onGone`.
    this.#ready.promise.catch(() => {});
    this.#handle = start(this);
  }

  /** @throws MeshError when it has not come up in time, or has died meanwhile */
  async ready(timeoutMs: number): Promise<void> {
    const timer = this.#options.timers.after(timeoutMs, () => this.#ready.reject(new MeshError('worker-start', `start worker ${this.#options.index}: not up in ${timeoutMs} ms`)));
    try {
      await this.#ready.promise;
    } finally {
      timer.cancel();
    }
  }

  tell(message: ToWorker): void {
    if (!this.#isGone) this.#handle.post(message);
  }

  /** Undefined when it is gone, or has not answered in time. Without a time it is waited for as long as it lives. */
  ask(request: WorkerRequest, timeoutMs?: number): Promise<WorkerAnswer | undefined> {
    if (this.#isGone) return Promise.resolve(undefined);
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve } = Promise.withResolvers<WorkerAnswer | undefined>();
    const timer = timeoutMs === undefined ? undefined : this.#options.timers.after(timeoutMs, () => this.#settle(id, undefined));
    this.#waiting.set(id, (answer) => {
      timer?.cancel();
      resolve(answer);
    });
    this.#handle.post({ kind: 'ask', id, request });
    return promise;
  }

  async end(): Promise<void> {
    await this.#handle.terminate();
  }

  onMessage(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#ready.resolve();
        break;
      case 'answer':
        this.#settle(message.id, message.answer);
        break;
      case 'span':
        this.#options.tracer?.record(message.span);
        break;
      case 'log':
        this.#options.logger[message.level](message.event, { worker: this.#options.index, ...message.fields });
    }
  }

  onExit(reason: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#ready.reject(new MeshError('worker-start', `start worker ${this.#options.index}: ${reason}`));
    for (const id of this.#waiting.keys()) this.#settle(id, undefined);
    this.#options.onGone(reason);
  }

  #settle(id: number, answer: WorkerAnswer | undefined): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.(answer);
  }
}
