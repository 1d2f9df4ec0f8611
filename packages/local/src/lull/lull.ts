/**
 * The time in which a program starts that somebody waits for. On a machine with few processors, whatever else runs then takes from it what it starts with;
 * so what its first answer does not need is put off, until a moment after the program is ready, and for a bounded time in any case.
 *
 *     calm ──begin──► lull ──settle, and a moment──► calm
 *                      └──────── in so long ────────►┘
 */
import type { Timer, Timers } from '@sluice/kernel';

/** How long it lasts at most, in ms. Chosen: longer than quick programs take to listen; for slower ones a tenth of a second counts for little. */
const lullMsMax = 400;

/** How long it goes on when a pod has become ready, in ms. Chosen: a first answer takes some 20. */
const afterReadyMs = 50;

export class Lull {
  readonly #timers: Timers;
  readonly #onOver: () => void;
  #waiting: (() => void)[] = [];
  #end: Timer | undefined;
  #isSettling = false;

  /** @param onOver called each time it is over, after all who waited */
  constructor(timers: Timers, onOver: () => void = () => {}) {
    this.#timers = timers;
    this.#onOver = onOver;
  }

  get isOn(): boolean {
    return this.#end !== undefined;
  }

  /** Somebody wants a program that does not run. One that begins during another does not make that longer. */
  begin(): void {
    if (this.#end) return;
    this.#isSettling = false;
    this.#end = this.#timers.after(lullMsMax, () => this.#over());
  }

  /** A pod is ready: its first answer is under way. Also begins one, for a pod that took longer than that. */
  settle(): void {
    if (this.#isSettling) return;
    this.#end?.cancel();
    this.#isSettling = true;
    this.#end = this.#timers.after(afterReadyMs, () => this.#over());
  }

  /** Calls `act` when it is over; now, when there is none. */
  whenOver(act: () => void): void {
    if (this.#end) this.#waiting.push(act);
    else act();
  }

  #over(): void {
    this.#end = undefined;
    this.#isSettling = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) act();
    this.#onOver();
  }
}
