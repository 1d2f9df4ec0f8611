/**
 * Keys of work to be done. A key waits at most once, however often it is added; a key that is being worked
 * on is not handed out a second time: added meanwhile, it comes again after `done`. Failing keys come back
 * later and later, each on its own account.
 */
import type { Clock, Timer, Timers } from '@sluice/kernel';
import { backoffMs, type BackoffOptions } from './backoff.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /**
   * Delays of `retry`. Default 5 ms doubling to 30 s. client-go ends at 1000 s; a shorter end costs one
   * request in half a minute per broken object and mends sooner.
   */
  readonly backoff?: BackoffOptions;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #backoff: BackoffOptions;
  /** In the order in which they are handed out. */
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  /** Added while active. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly timer: Timer; readonly dueAt: number }>();
  readonly #failures = new Map<string, number>();
  #onAvailable: () => void = () => {};
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#backoff = options.backoff ?? { initialMs: 5, maxMs: 30_000 };
  }

  /** How many keys wait to be taken. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Whether nothing waits, runs, or is due later. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#active.size === 0 && this.#delayed.size === 0;
  }

  /** Sets who is called whenever a key becomes available. */
  listen(onAvailable: () => void): void {
    this.#onAvailable = onAvailable;
  }

  /** Work on `key` soon. */
  add(key: string): void {
    if (this.#closed) return;
    if (this.#active.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.add(key);
    this.#onAvailable();
  }

  /** Work on `key` after `delayMs`, or sooner when something else asks for that. The earliest wish counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    const dueAt = this.#clock.now() + delayMs;
    const planned = this.#delayed.get(key);
    if (planned && planned.dueAt <= dueAt) return;
    planned?.timer.cancel();
    const timer = this.#timers.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { timer, dueAt });
  }

  /** Work on `key` after its back-off, which grows each time until `forget`. */
  retry(key: string): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.addAfter(key, backoffMs(failures, this.#backoff));
  }

  /** `key` has succeeded: its next failure counts as the first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key to work on, or undefined when none waits. `done` must follow. */
  take(): string | undefined {
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#active.add(key);
      return key;
    }
    return undefined;
  }

  /** Work on `key` has ended, well or not. */
  done(key: string): void {
    this.#active.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Forgets what waits and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
  }
}
