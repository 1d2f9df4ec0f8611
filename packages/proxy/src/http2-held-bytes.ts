/** Pieces of a body that nobody takes yet, in memory of their own. Small ones share it, or many tiny frames would cost more than they hold. */
import { Buffer } from 'node:buffer';

/** What small pieces share. */
const sharedBytes = 4096;

interface Piece {
  readonly memory: Buffer;
  filled: number;
}

export class Http2HeldBytes {
  readonly #pieces: Piece[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  add(memory: Buffer, start: number, end: number): void {
    let at = start;
    const last = this.#pieces.at(-1);
    if (last) {
      const bytes = Math.min(end - at, last.memory.length - last.filled);
      memory.copy(last.memory, last.filled, at, at + bytes);
      last.filled += bytes;
      at += bytes;
    }
    if (at === end) return;
    const piece = { memory: Buffer.allocUnsafeSlow(Math.max(end - at, last ? sharedBytes : 0)), filled: end - at };
    memory.copy(piece.memory, 0, at, end);
    this.#pieces.push(piece);
  }

  /** The oldest. It is the caller's from now on. */
  take(): Buffer | undefined {
    const piece = this.#pieces.shift();
    return piece?.memory.subarray(0, piece.filled);
  }

  clear(): void {
    this.#pieces.length = 0;
  }
}
