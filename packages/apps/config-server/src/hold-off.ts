/** Waits a little after something has changed, so that what changes together is dealt with together. */
import type { Clock, Timer, Timers } from '@sluice/kernel';

export interface HoldOffOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** How long it must be quiet, in ms. 0 waits for the end of the turn. */
  readonly quietMs: number;
  /** How long the first change waits at most, however busy it stays, in ms. */
  readonly maxMs: number;
  readonly run: () => void;
}

export class HoldOff {
  readonly #options: HoldOffOptions;
  #timer: Timer | undefined;
  #deadline = 0;

  constructor(options: HoldOffOptions) {
    this.#options = options;
  }

  /** Something has changed. */
  touch(): void {
    const { clock, timers, quietMs, maxMs, run } = this.#options;
    const now = clock.now();
    if (this.#timer === undefined) this.#deadline = now + maxMs;
    else this.#timer.cancel();
    this.#timer = timers.after(Math.min(quietMs, Math.max(0, this.#deadline - now)), () => {
      this.#timer = undefined;
      run();
    });
  }

  /** Forgets what has changed. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
