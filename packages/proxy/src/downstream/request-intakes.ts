/**
 * What reads a request, lent to a connection from the first byte of a head until its exchange is over. An idle
 * connection holds none, so that ten thousand of them cost little; the last given back is the first taken, so that few
 * stay warm.
 */
import { BodyReader, RequestReader, type HeadLimits } from '@sluice/http';

/** Kept for the next. Chosen: beyond, memory weighs more than the making. */
const freeMax = 256;

export class RequestIntakes {
  readonly #limits: HeadLimits;
  readonly #free: RequestIntake[] = [];

  constructor(limits: HeadLimits) {
    this.#limits = limits;
  }

  take(): RequestIntake {
    return this.#free.pop() ?? new RequestIntake(this, this.#limits);
  }

  /** The head it has read is empty from here on. */
  giveBack(intake: RequestIntake): void {
    intake.reader.restart();
    if (this.#free.length < freeMax) this.#free.push(intake);
  }
}

export class RequestIntake {
  readonly reader: RequestReader;
  readonly body: BodyReader;
  readonly #home: RequestIntakes;

  constructor(home: RequestIntakes, limits: HeadLimits) {
    this.#home = home;
    this.reader = new RequestReader(limits);
    this.body = new BodyReader(limits);
  }

  /** Nobody may use it, nor the head that it has read, any more. */
  release(): void {
    this.#home.giveBack(this);
  }
}
