/**
 * The world as one simulated process has it. Every effect of a process goes through here, so that it can be
 * ended the way a kill ends it: from one moment to the next nothing of it is called any more, and nothing
 * it started goes on.
 */
import { createMeter, type Clock, type Logger, type Meter, type Random, type Timer, type Timers } from '@sluice/kernel';

export interface SandboxOptions {
  readonly name: string;
  /** Where it is on the links. */
  readonly part: string;
  readonly time: Clock & Timers;
  readonly random: Random;
  readonly logger: Logger;
}

export class Sandbox {
  readonly name: string;
  readonly part: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter = createMeter();
  /** Timers that have fired since the process began. */
  timersFired = 0;
  #isKilled = false;
  readonly #onKill: (() => void)[] = [];
  readonly #watchCuts: (() => void)[] = [];

  constructor({ name, part, time, random, logger }: SandboxOptions) {
    this.name = name;
    this.part = part;
    this.clock = time;
    this.random = random;
    this.logger = muteAfter(logger, () => this.#isKilled);
    this.timers = {
      after: (delayMs, fn) => (this.#isKilled ? neverFires : time.after(delayMs, () => this.#fire(fn))),
      every: (periodMs, fn) => {
        if (this.#isKilled) return neverFires;
        const timer = time.every(periodMs, () => this.#fire(fn));
        this.onKill(() => timer.cancel());
        return timer;
      },
    };
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  /** Breaks its connections to the API server, as a network would. */
  breakWatches(): void {
    for (const cut of this.#watchCuts) cut();
  }

  /** Adds a way in which it is connected to the API server. */
  onBreakWatches(cut: () => void): void {
    this.#watchCuts.push(cut);
  }

  /** Adds what else has to stop with the process. */
  onKill(stop: () => void): void {
    this.#onKill.push(stop);
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    for (const stop of this.#onKill) stop();
  }

  #fire(fn: () => void): void {
    if (this.#isKilled) return;
    this.timersFired += 1;
    fn();
  }
}

const neverFires: Timer = { cancel() {} };

/** What still runs of a killed process in microtasks says nothing any more. */
function muteAfter(logger: Logger, isKilled: () => boolean): Logger {
  const guard = (write: Logger['info']): Logger['info'] => (event, fields) => {
    if (!isKilled()) write(event, fields);
  };
  return {
    debug: guard((event, fields) => logger.debug(event, fields)),
    info: guard((event, fields) => logger.info(event, fields)),
    warn: guard((event, fields) => logger.warn(event, fields)),
    error: guard((event, fields) => logger.error(event, fields)),
    child: (bindings) => muteAfter(logger.child(bindings), isKilled),
  };
}
