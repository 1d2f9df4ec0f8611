/** Waits until nothing has happened for a while, but not for ever: what keeps happening is acted on in between. */
import type { Timer, Timers } from '@sluice/kernel';

export interface DebounceOptions {
  readonly timers: Timers;
  /** How long it must have been quiet, in ms. */
  readonly quietMs: number;
  /** The longest that the first happening waits, in ms. */
  readonly delayMsMax: number;
  readonly act: () => void;
}

export class Debounce {
  readonly #options: DebounceOptions;
  #quiet: Timer | undefined;
  #longest: Timer | undefined;

  constructor(options: DebounceOptions) {
    this.#options = options;
  }

  /** Something has happened. */
  notice(): void {
    const { timers, quietMs, delayMsMax } = this.#options;
    this.#quiet?.cancel();
    this.#quiet = timers.after(quietMs, () => this.#act());
    this.#longest ??= timers.after(delayMsMax, () => this.#act());
  }

  stop(): void {
    this.#quiet?.cancel();
    this.#longest?.cancel();
    this.#quiet = this.#longest = undefined;
  }

  #act(): void {
    this.stop();
    this.#options.act();
  }
}
