/**
 * How a sidecar leaves without losing a request. Routing learns late that a pod is going, so after the word to
 * go probes fail at once, but requests are served as before until none has come for a while.
 *
 *     running ──drain──► draining ──quiet period without a new request, and none under way──► drained
 *        ▲                  │ (each request starts the quiet period anew)
 *        └─────undrain──────┘ (the word came for a restart of a container, not for the pod)
 *
 * https://github.com/knative/pkg/blob/main/network/handlers/drain.go, where what is under way does not count: a program that does not heed
 * SIGTERM, told to go after the quiet period, takes requests with it that take longer.
 */
import type { Clock, Timer, Timers } from '@sluice/kernel';

/** Default quiet period. Knative's `DefaultDrainTimeout`. Milliseconds. */
export const QUIET_PERIOD_MS = 30_000;

export interface DrainerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Default `QUIET_PERIOD_MS`. */
  readonly quietPeriodMs?: number;
  /** Whether requests are under way that are to be waited for. Default: none are. */
  readonly isBusy?: () => boolean;
  /** The quiet period is over, and requests are still under way: called once for each word to go. */
  readonly onOverdue?: () => void;
}

/** Between two looks whether what was under way has ended, in ms. Chosen: nothing to a machine, and not felt by a person who waits for the end. */
const BUSY_LOOK_MS = 100;

export type DrainEnd = 'drained' | 'undone';

export class Drainer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #quietPeriodMs: number;
  readonly #isBusy: () => boolean;
  readonly #onOverdue: (() => void) | undefined;
  #isOverdue = false;
  #lastRequestAt = 0;
  #timer: Timer | undefined;
  #state: 'running' | 'draining' | 'drained' = 'running';
  #waiting: ((end: DrainEnd) => void)[] = [];

  constructor(options: DrainerOptions) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#quietPeriodMs = options.quietPeriodMs ?? QUIET_PERIOD_MS;
    this.#isBusy = options.isBusy ?? (() => false);
    this.#onOverdue = options.onOverdue;
  }

  /** Whether the word to go has been given: probes must fail. */
  get isDraining(): boolean {
    return this.#state !== 'running';
  }

  /** A request that is no probe has come. */
  onRequest(): void {
    if (this.#state === 'draining') this.#lastRequestAt = this.#clock.now();
  }

  /** Gives the word to go, or joins those who wait for the same. `onEnd` is called once, never from within this call. */
  drain(onEnd: (end: DrainEnd) => void): void {
    this.#waiting.push(onEnd);
    if (this.#state === 'drained') {
      this.#timers.after(0, () => this.#finish('drained'));
    } else if (this.#state === 'running') {
      this.#state = 'draining';
      this.#isOverdue = false;
      this.#lastRequestAt = this.#clock.now();
      this.#watch(this.#quietPeriodMs);
    }
  }

  /** Takes the word back. Those who wait are told. Does nothing once drained. */
  undrain(): void {
    if (this.#state !== 'draining') return;
    this.#timer?.cancel();
    this.#state = 'running';
    this.#finish('undone');
  }

  /** Requests only leave the time they came at; the timer finds out whether that was long enough ago. */
  #watch(delayMs: number): void {
    this.#timer = this.#timers.after(delayMs, () => {
      const leftMs = this.#lastRequestAt + this.#quietPeriodMs - this.#clock.now();
      if (leftMs > 0) {
        this.#watch(leftMs);
        return;
      }
      if (this.#isBusy()) {
        if (!this.#isOverdue) this.#onOverdue?.();
        this.#isOverdue = true;
        this.#watch(BUSY_LOOK_MS);
        return;
      }
      this.#state = 'drained';
      this.#finish('drained');
    });
  }

  #finish(end: DrainEnd): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const onEnd of waiting) onEnd(end);
  }
}
