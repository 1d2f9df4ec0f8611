/** What of a connection's input has to wait: for whom reading stands still, and what had come before it did. */
import { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';

/** Why reading is paused; each may be so on its own. */
export const heldForStream = 1;
export const heldForUpstream = 2;
export const heldForPipeline = 4;

export class HeldInput {
  readonly #connection: Connection;
  #reasons = 0;
  /** What had come and could not be used yet. */
  #kept: Buffer | undefined = undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  isHeldFor(reason: number): boolean {
    return (this.#reasons & reason) !== 0;
  }

  hold(reason: number): void {
    if (this.#reasons === 0) this.#connection.pause();
    this.#reasons |= reason;
  }

  release(reasons: number): void {
    if ((this.#reasons & reasons) === 0) return;
    this.#reasons &= ~reasons;
    if (this.#reasons === 0) this.#connection.resume();
  }

  get hasKept(): boolean {
    return this.#kept !== undefined;
  }

  /** Copies: the memory is lent for the call only. */
  keep(memory: Buffer, start: number, end: number): void {
    if (start === end) return;
    const rest = memory.subarray(start, end);
    this.#kept = this.#kept ? Buffer.concat([this.#kept, rest]) : Buffer.from(rest);
  }

  /** To be used as if it came now. Nobody else writes into it. */
  takeKept(): Buffer | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    return kept;
  }

  /** Nobody wants it any more: what still comes is read, to be dropped. */
  drop(): void {
    this.#kept = undefined;
    this.#reasons = 0;
    this.#connection.resume();
  }
}
