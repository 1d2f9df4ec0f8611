/** Repeats one probe of one running container until it is stopped. */
import type { Clock, Timer, Timers } from '@sluice/kernel';
import { ProbeProgress, type ProbeSchedule, type ProbeVerdict } from './probe-progress.ts';
import type { ProbeResult } from './probe-transport.ts';

export interface ProberOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly schedule: ProbeSchedule;
  /** One attempt. Never rejects. */
  readonly attempt: (timeoutMs: number) => Promise<ProbeResult>;
  /** Called when the verdict changes. */
  readonly onVerdict: (verdict: ProbeVerdict, result: ProbeResult) => void;
  /** Called for each failed attempt that counts: the quick ones before the first success are no news. */
  readonly onFailure: (message: string) => void;
}

/** One attempt at a time; the next is timed from the end of the one before. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #progress: ProbeProgress;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#progress = new ProbeProgress(options.schedule, options.clock.now());
    this.#arm();
  }

  get succeeds(): boolean {
    return this.#progress.verdict === 'success';
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    const delayMs = this.#progress.nextDelayMs(this.#options.clock.now());
    this.#timer = this.#options.timers.after(delayMs, () => void this.#attempt());
  }

  async #attempt(): Promise<void> {
    const { clock, attempt, schedule, onVerdict, onFailure } = this.#options;
    const result = await attempt(schedule.timeoutMs);
    if (this.#stopped) return;
    const before = this.#progress.verdict;
    const failuresBefore = this.#progress.failures;
    const verdict = this.#progress.record(result.kind === 'success', clock.now());
    if (result.kind === 'failure' && this.#progress.failures > failuresBefore) onFailure(result.message);
    if (verdict !== before) onVerdict(verdict, result);
    if (!this.#stopped) this.#arm();
  }
}
