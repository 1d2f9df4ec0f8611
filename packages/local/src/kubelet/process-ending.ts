/** One ending of one process: SIGTERM, then SIGKILL at a deadline that may be moved nearer while it is under way. */
import type { Clock, Timer, Timers } from '@sluice/kernel';
import type { RunningProcess } from './process-runner.ts';

/** What is left after SIGTERM when a preStop hook used up the grace period, in ms. As the kubelet's minimum. */
const graceAfterHookMs = 2000;

export class ProcessEnding {
  /** Fulfils when the process is gone. */
  readonly over: Promise<undefined>;
  readonly #process: RunningProcess;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #deadline: number;
  #killTimer: Timer | undefined;
  /** `hook`: no signal yet. `signalled`: SIGTERM was sent. `killed`: SIGKILL was. */
  #phase: 'hook' | 'signalled' | 'killed' | 'over' = 'hook';
  #resolveOver: (value: undefined) => void = () => {};

  /** @param graceMs how long it may take in all; 0 kills at once */
  constructor(process: RunningProcess, floor: { readonly clock: Clock; readonly timers: Timers }, graceMs: number) {
    this.#process = process;
    this.#clock = floor.clock;
    this.#timers = floor.timers;
    this.#deadline = floor.clock.now() + graceMs;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    if (graceMs <= 0) this.#kill();
  }

  /** The hook is over: now SIGTERM. Fulfils when the process is gone. */
  async terminate(): Promise<void> {
    if (this.#phase === 'hook') {
      this.#phase = 'signalled';
      this.#process.signal('SIGTERM');
      const leftMs = this.#deadline - this.#clock.now();
      this.#killAfter(leftMs > 0 ? leftMs : graceAfterHookMs);
    }
    await this.over;
  }

  /** Only `graceMs` from now, if that is less than was left. */
  async hurry(graceMs: number): Promise<void> {
    const deadline = this.#clock.now() + graceMs;
    if (deadline < this.#deadline) {
      this.#deadline = deadline;
      if (graceMs <= 0) this.#kill();
      else if (this.#phase === 'signalled') this.#killAfter(graceMs);
    }
    await this.over;
  }

  /** The process is gone. */
  done(): void {
    this.#phase = 'over';
    this.#killTimer?.cancel();
    this.#resolveOver(undefined);
  }

  #killAfter(ms: number): void {
    this.#killTimer?.cancel();
    this.#killTimer = this.#timers.after(ms, () => this.#kill());
  }

  #kill(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'killed';
    this.#process.signal('SIGKILL');
  }
}
