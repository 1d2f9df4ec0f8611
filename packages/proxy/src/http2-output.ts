/**
 * What a connection of HTTP/2 has to say, in one piece: all frames of all its streams, whoever else writes in between. It
 * leaves when everything that had come at the same time has been read, because many clients' requests go to one host; where
 * a network cannot tell, at the end of each turn. The memory is lent by the engine and goes back when the system has taken
 * what stands in it.
 */
import { Buffer } from 'node:buffer';
import type { FrameOutput } from '@sluice/http';
import type { Connection, Counter } from '@sluice/kernel';
import { OutputWriter, type OutputBuffer } from './output-buffer.ts';
import type { OutputPieces } from './output-pieces.ts';
import type { Turn } from './turn.ts';

const noMemory = Buffer.alloc(0);

export class Http2Output implements FrameOutput {
  memory: Buffer = noMemory;
  generation = 0;
  readonly #writer: OutputWriter;
  readonly #pieces: OutputPieces;
  readonly #turn: Turn;
  readonly #flushAtEnd: () => void;
  #filled = 0;
  #isScheduled = false;
  /** What the system has not taken yet. */
  #onTheirWay: Buffer[] = [];

  constructor(connection: Connection, output: OutputBuffer, turn: Turn, bytesSent: Counter) {
    this.#writer = new OutputWriter(connection, output, bytesSent);
    this.#pieces = output.pieces;
    this.#turn = turn;
    this.#flushAtEnd = () => {
      this.#isScheduled = false;
      this.flush();
    };
  }

  get isBlocked(): boolean {
    return this.#writer.isBlocked;
  }

  get bytesWritten(): number {
    return this.#writer.bytesWritten;
  }

  claim(bytes: number): number {
    if (this.#filled + bytes > this.memory.length) {
      this.flush();
      this.memory = this.#pieces.take(bytes);
    }
    return this.#filled;
  }

  commit(end: number): void {
    this.#filled = end;
    if (this.#isScheduled) return undefined;
    const { afterReads } = this.#pieces;
    if (!afterReads && !this.#turn.isOpen) return this.flush();
    this.#isScheduled = true;
    return afterReads ? afterReads(this.#flushAtEnd) : this.#turn.after(this.#flushAtEnd);
  }

  /** Writes what there is. */
  flush(): void {
    const { memory } = this;
    if (memory === noMemory) return;
    const filled = this.#filled;
    this.#filled = 0;
    this.memory = noMemory;
    this.generation += 1;
    if (filled === 0 || this.#writer.send(memory, 0, filled)) this.#pieces.giveBack(memory);
    else this.#onTheirWay.push(memory);
  }

  /** To be called from the connection's `onDrain`. True when nothing is on its way any more. */
  drained(): boolean {
    if (!this.#writer.drained()) return false;
    for (const piece of this.#onTheirWay) this.#pieces.giveBack(piece);
    this.#onTheirWay = [];
    return true;
  }

  /** Sends all, then says that nothing more comes. */
  end(): void {
    this.flush();
    this.#writer.end();
  }

  /** The connection is over: what waits is for nobody. */
  discard(): void {
    if (this.memory !== noMemory) this.#pieces.giveBack(this.memory);
    this.memory = noMemory;
    this.#filled = 0;
    this.generation += 1;
  }
}
