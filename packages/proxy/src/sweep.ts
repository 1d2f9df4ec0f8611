/**
 * Timeouts without a timer each. Whoever may be late keeps the moment in a field; one timer looks at all of
 * them. Looking at a thousand that are not due costs microseconds, arming a timer per request costs one each.
 */
import type { Timer, Timers } from '@sluice/kernel';
import type { Turn } from './turn.ts';

export interface Sweepable {
  /** Monotonic ms; `Infinity` for none. May be earlier than needed: `onDeadline` then sets it anew. */
  deadline: number;
  /** Its place in the sweep; kept by the sweep, -1 outside. */
  sweepIndex: number;
  /** It has thrown. */
  onCrash(error: unknown): void;
  /** The moment has passed. Must move `deadline`, or it is called again next time. */
  onDeadline(now: number): void;
}

/**
 * So often in a row nobody was there to be looked at: then the timer rests until somebody is added, and a proxy without connections sleeps. Chosen: a second, so
 * that connections that come one by one do not set it up each time.
 */
const emptyRunsMax = 20;

export class Sweep {
  readonly #turn: Turn;
  readonly #timers: Timers;
  readonly #periodMs: number;
  readonly #begunAt: number;
  readonly #members: Sweepable[] = [];
  /** Undefined while it rests. */
  #timer: Timer | undefined;
  #emptyRuns = 0;
  #isClosed = false;

  constructor(turn: Turn, timers: Timers, periodMs: number) {
    this.#turn = turn;
    this.#timers = timers;
    this.#periodMs = periodMs;
    this.#begunAt = turn.now();
    this.#timer = timers.every(periodMs, () => this.run());
  }

  add(member: Sweepable): void {
    if (this.#timer === undefined) this.#resume();
    member.sweepIndex = this.#members.length;
    this.#members.push(member);
  }

  remove(member: Sweepable): void {
    const index = member.sweepIndex;
    if (index < 0) return;
    member.sweepIndex = -1;
    const last = this.#members.pop() as Sweepable;
    if (last === member) return;
    this.#members[index] = last;
    last.sweepIndex = index;
  }

  run(): void {
    this.#turn.enter();
    try {
      this.#turn.adjustWallTime();
      const now = this.#turn.now();
      // From the end, so that whoever removes itself moves only one that has been looked at.
      for (let index = this.#members.length - 1; index >= 0; index -= 1) {
        const member = this.#members[index];
        if (member && member.deadline <= now) visit(member, now);
      }
    } finally {
      this.#turn.leave();
    }
    this.#emptyRuns = this.#members.length === 0 ? this.#emptyRuns + 1 : 0;
    if (this.#emptyRuns >= emptyRunsMax) this.#rest();
  }

  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** In step with what it was before. The wall clock may have been set meanwhile. */
  #resume(): void {
    if (this.#isClosed) return;
    this.#emptyRuns = 0;
    this.#turn.adjustWallTime();
    const intoPeriodMs = (this.#turn.now() - this.#begunAt) % this.#periodMs;
    this.#timer = this.#timers.after(this.#periodMs - intoPeriodMs, () => {
      this.#timer = this.#timers.every(this.#periodMs, () => this.run());
      this.run();
    });
  }
}

/** One that throws must not keep the others from being looked at. */
function visit(member: Sweepable, now: number): void {
  try {
    member.onDeadline(now);
  } catch (error) {
    member.onCrash(error);
  }
}
