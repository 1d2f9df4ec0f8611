/** Memory that the connections of one engine take turns with, to put together what they have to say. */
import { Buffer } from 'node:buffer';
import type { Network } from '@sluice/kernel';

/** Four full frames of DATA and some heads. Chosen: larger writes are not cheaper by the byte. */
const pieceBytes = 72 * 1024;

/** Pieces that wait for the next turn. Chosen: connections that write in one turn are seldom more. */
const sparesMax = 32;

export class OutputPieces {
  /** When what was put together leaves; without it, at the end of each turn. */
  readonly afterReads: ((work: () => void) => void) | undefined;
  readonly #spares: Buffer[] = [];

  constructor(network?: Network) {
    this.afterReads = network?.afterReads?.bind(network);
  }

  take(bytes: number): Buffer {
    if (bytes > pieceBytes) return Buffer.allocUnsafeSlow(bytes);
    return this.#spares.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
  }

  giveBack(piece: Buffer): void {
    if (piece.length === pieceBytes && this.#spares.length < sparesMax) this.#spares.push(piece);
  }
}
