/**
 * Time, as a value that is passed in. Nothing below the executables reads the system's clock itself,
 * so a whole mesh can run on a clock that a test moves by hand.
 */
export interface Clock {
  /** Monotonic milliseconds, with a fraction. Only differences mean anything. */
  now(): number;
  /** Milliseconds since the Unix epoch. For time stamps that people or peers read; never for durations. */
  wallTime(): number;
}

/** Something that will happen later and can be called off. */
export interface Timer {
  /** Calls it off. Calling twice, or after it has fired, does nothing. */
  cancel(): void;
}

/** Where work that must happen later is left. */
export interface Timers {
  /** Calls `fn` once, `delayMs` or more from now. A delay of 0 still waits for the current turn to end. */
  after(delayMs: number, fn: () => void): Timer;
  /** Calls `fn` each `periodMs` until cancelled. Late calls are not made up for. */
  every(periodMs: number, fn: () => void): Timer;
}
