/**
 * A turn: one call from outside (bytes came, a timer fired, a filter went on) and all that follows from it. Within
 * a turn it is one moment, and what is written leaves when the turn is over. Turns nest; the outermost counts.
 */
import type { Buffer } from 'node:buffer';
import type { Clock, ConnectionHandler, MeshError } from '@sluice/kernel';

export class Turn implements Clock {
  readonly #clock: Clock;
  readonly #afterwards: (() => void)[] = [];
  #depth = 0;
  /** The moment of this turn; undefined until somebody asks. */
  #now: number | undefined;
  /** From monotonic to wall time, looked at anew by each sweep. */
  #wallOffset: number;
  /** Called when the outermost turn is over. */
  onOver: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallOffset = clock.wallTime() - clock.now();
  }

  get isOpen(): boolean {
    return this.#depth > 0;
  }

  enter(): void {
    if (this.#depth === 0) this.#now = undefined;
    this.#depth += 1;
  }

  /** To be called in a `finally`: a turn that is never left would hold back all output. */
  leave(): void {
    try {
      if (this.#depth === 1) this.#finish();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Whatever throws, what was written leaves. */
  #finish(): void {
    try {
      while (this.#afterwards.length > 0) this.#afterwards.shift()?.();
    } finally {
      this.onOver();
    }
  }

  /** For work that must not begin before what happens now is complete: it is done at the end of the turn. It handles its own failures. */
  after(work: () => void): void {
    this.#afterwards.push(work);
  }

  /** The same within a turn, so asking twice costs nothing and differences within it are 0. */
  now(): number {
    if (this.#depth === 0) return this.#clock.now();
    return (this.#now ??= this.#clock.now());
  }

  wallTime(): number {
    return this.now() + this.#wallOffset;
  }

  /** Takes over a change of the wall clock. */
  adjustWallTime(): void {
    this.#wallOffset = this.#clock.wallTime() - this.#clock.now();
  }
}

/** A connection handler that is called within turns, and told when it has thrown. */
export interface TurnHandler extends ConnectionHandler {
  /** A mistake in the program; the connection is over, and everybody else's goes on. */
  onCrash(error: unknown): void;
}

/** Puts a turn around every call. */
export class HandlerInTurn implements ConnectionHandler {
  readonly #turn: Turn;
  readonly #handler: TurnHandler;

  constructor(turn: Turn, handler: TurnHandler) {
    this.#turn = turn;
    this.#handler = handler;
  }

  onOpen(): void {
    this.#turn.enter();
    try {
      this.#handler.onOpen?.();
    } catch (error) {
      this.#handler.onCrash(error);
    } finally {
      this.#turn.leave();
    }
  }

  onData(memory: Buffer, length: number): void {
    this.#turn.enter();
    try {
      this.#handler.onData(memory, length);
    } catch (error) {
      this.#handler.onCrash(error);
    } finally {
      this.#turn.leave();
    }
  }

  onDrain(): void {
    this.#turn.enter();
    try {
      this.#handler.onDrain();
    } catch (error) {
      this.#handler.onCrash(error);
    } finally {
      this.#turn.leave();
    }
  }

  onEnd(): void {
    this.#turn.enter();
    try {
      this.#handler.onEnd();
    } catch (error) {
      this.#handler.onCrash(error);
    } finally {
      this.#turn.leave();
    }
  }

  onClose(error?: MeshError): void {
    this.#turn.enter();
    try {
      this.#handler.onClose(error);
    } catch (reason) {
      this.#handler.onCrash(reason);
    } finally {
      this.#turn.leave();
    }
  }
}
