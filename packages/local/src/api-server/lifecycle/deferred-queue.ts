/** Keys to look at later, each once however often it is named. Work is done in a turn of its own, in order. */
import type { Logger, Timer, Timers } from '@sluice/kernel';

export interface DeferredQueueOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /** Looks at one key. Throwing is logged and ends nothing but that look. */
  readonly onKey: (key: string) => void;
}

export class DeferredQueue {
  readonly #options: DeferredQueueOptions;
  readonly #keys = new Set<string>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: DeferredQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#isStopped) return;
    this.#keys.add(key);
    this.#timer ??= this.#options.timers.after(0, () => this.#drain());
  }

  stop(): void {
    this.#isStopped = true;
    this.#keys.clear();
    this.#timer?.cancel();
  }

  #drain(): void {
    this.#timer = undefined;
    const keys = [...this.#keys];
    this.#keys.clear();
    for (const key of keys) {
      if (this.#isStopped) return;
      try {
        this.#options.onKey(key);
      } catch (error) {
        this.#options.logger.error('background work failed', { key, error });
      }
    }
  }
}
