/**
 * How fast many writes may follow each other. The answers of the first gateways are written onto all objects at once, and
 * each write comes back as a change of its object: without a pace, pods that move meanwhile would wait for thousands of them.
 */
import type { Clock } from '@sluice/kernel';

/** Chosen: what a turn can do without anybody noticing. */
export const burstMax = 64;

/** Chosen: ten thousand objects in ten seconds, and a tenth of one core. */
export const perSecond = 1_000;

export class WritePace {
  readonly #clock: Clock;
  #free = burstMax;
  #countedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedAt = clock.now();
  }

  /** Takes leave for one write; false when it must wait. */
  take(): boolean {
    const now = this.#clock.now();
    this.#free = Math.min(burstMax, this.#free + ((now - this.#countedAt) * perSecond) / 1000);
    this.#countedAt = now;
    if (this.#free < 1) return false;
    this.#free -= 1;
    return true;
  }
}
