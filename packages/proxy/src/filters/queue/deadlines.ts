/**
 * Timeouts for many requests with few timers. Requests with the same timeout expire in the order in which they
 * came, so they stand in a line and one timer watches its head: a request costs a list entry, not a timer.
 */
import type { Clock, Timer, Timers } from '@sluice/kernel';

/** One running timeout. */
export class Deadline {
  readonly onExpired: () => void;
  /** The line it stands in; undefined once expired or cancelled. */
  line: DeadlineLine | undefined;
  expiresAt = 0;
  previous: Deadline | undefined;
  next: Deadline | undefined;

  constructor(onExpired: () => void) {
    this.onExpired = onExpired;
  }

  /** Starts over. Does nothing after it has expired or been cancelled. */
  restart(): void {
    this.line?.moveToEnd(this);
  }

  /** Calls it off. Calling twice, or after it has expired, does nothing. */
  cancel(): void {
    this.line?.remove(this);
  }
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #lines = new Map<number, DeadlineLine>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Calls `onExpired` once, `timeoutMs` from now or little later. */
  start(timeoutMs: number, onExpired: () => void): Deadline {
    let line = this.#lines.get(timeoutMs);
    if (!line) {
      line = new DeadlineLine(timeoutMs, this.#clock, this.#timers);
      this.#lines.set(timeoutMs, line);
    }
    const deadline = new Deadline(onExpired);
    line.add(deadline);
    return deadline;
  }
}

/** All running timeouts of one length, the next to expire first. */
class DeadlineLine {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #timer: Timer | undefined;

  constructor(timeoutMs: number, clock: Clock, timers: Timers) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#timers = timers;
  }

  add(deadline: Deadline): void {
    deadline.line = this;
    deadline.expiresAt = this.#clock.now() + this.#timeoutMs;
    deadline.previous = this.#last;
    if (this.#last) this.#last.next = deadline;
    else this.#first = deadline;
    this.#last = deadline;
    // A timer that is set already is for an earlier deadline: it will set itself anew.
    if (!this.#timer) this.#timer = this.#timers.after(this.#timeoutMs, () => this.#onTimer());
  }

  remove(deadline: Deadline): void {
    const { previous, next } = deadline;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    deadline.line = undefined;
    deadline.previous = undefined;
    deadline.next = undefined;
  }

  moveToEnd(deadline: Deadline): void {
    this.remove(deadline);
    this.add(deadline);
  }

  #onTimer(): void {
    const now = this.#clock.now();
    // The timer counts as set all the while: one who starts in `onExpired` would set it for later than the next is due.
    while (this.#first && this.#first.expiresAt <= now) {
      const expired = this.#first;
      this.remove(expired);
      expired.onExpired();
    }
    this.#timer = this.#first && this.#timers.after(this.#first.expiresAt - now, () => this.#onTimer());
  }
}
