/** What several connections have to say, side by side in one piece of memory, in the order in which it will leave. */
import type { Buffer } from 'node:buffer';

/** Takes bytes out of memory that it does not own; false when it still needs that memory. */
export interface WaitingWriter {
  /** Something of its own waits. Kept by `WaitingWrites`. */
  isWaiting: boolean;
  send(memory: Buffer, start: number, end: number): boolean;
}

export class WaitingWrites {
  /** Lists that stay, instead of an object for each write. */
  #writers: (WaitingWriter | undefined)[] = [];
  #spare: (WaitingWriter | undefined)[] = [];
  readonly #ends: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The bytes from where the one before ended up to `end`. */
  add(writer: WaitingWriter, end: number): void {
    this.#writers[this.#count] = writer;
    this.#ends[this.#count] = end;
    this.#count += 1;
    writer.isWaiting = true;
  }

  /** Its bytes are for nobody any more. */
  drop(writer: WaitingWriter): void {
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#writers[index] === writer) this.#writers[index] = undefined;
    }
    writer.isWaiting = false;
  }

  /** Sends all. False when some of the memory is still in use. */
  sendAll(memory: Buffer): boolean {
    const writers = this.#writers;
    const count = this.#count;
    this.#writers = this.#spare;
    this.#spare = writers;
    this.#count = 0;
    let start = 0;
    let isFree = true;
    for (let index = 0; index < count; index += 1) {
      const end = this.#ends[index] as number;
      const writer = writers[index];
      if (writer) {
        writers[index] = undefined;
        writer.isWaiting = false;
        if (end > start && !writer.send(memory, start, end)) isFree = false;
      }
      start = end;
    }
    return isFree;
  }
}
