/**
 * Keys of work to be done. A key waits at most once, however often it is added; a key that is being worked
 * on is not handed out a second time: added meanwhile, it comes again after `done`. Failing keys come back
 * later and later, each on its own account.
 */
import type { Clock, Meter, Timer, Timers } from '@sluice/kernel';
import { backoffMs, type BackoffOptions } from './backoff.ts';
import { WorkQueueMetrics } from './work-queue-metrics.ts';

export interface WorkQueueOptions {
  /** Of its metrics. */
  readonly name: string;
  /** Absent: nobody counts. */
  readonly meter?: Meter;
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
  readonly #metrics: WorkQueueMetrics | undefined;
  /** In the order in which they are handed out. */
  readonly #waiting = new Map<string, { readonly since: number }>();
  readonly #active = new Map<string, { readonly since: number }>();
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
    this.#metrics = options.meter && new WorkQueueMetrics(options.meter, options.name, this);
  }

  /** How many keys wait to be taken. */
  get depth(): number {
    return this.#waiting.size;
  }

  *activeMs(): Iterable<number> {
    const now = this.#clock.now();
    for (const { since } of this.#active.values()) yield now - since;
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
    if (this.#waiting.has(key) || this.#again.has(key)) return;
    this.#metrics?.added();
    if (this.#active.has(key)) this.#again.add(key);
    else this.#wait(key);
  }

  /** Work on `key` after `delayMs`, or sooner when something else asks for that. The earliest wish counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    this.#metrics?.retried();
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
    for (const [key, { since }] of this.#waiting) {
      const now = this.#clock.now();
      this.#waiting.delete(key);
      this.#active.set(key, { since: now });
      this.#metrics?.taken(now - since);
      return key;
    }
    return undefined;
  }

  /** Work on `key` has ended, well or not. */
  done(key: string): void {
    const active = this.#active.get(key);
    if (active) this.#metrics?.done(this.#clock.now() - active.since);
    this.#active.delete(key);
    if (this.#again.delete(key)) this.#wait(key);
  }

  /** Forgets what waits and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
  }

  #wait(key: string): void {
    this.#waiting.set(key, { since: this.#clock.now() });
    this.#onAvailable();
  }
}
