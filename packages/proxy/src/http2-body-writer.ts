/**
 * Bodies on their way into an HTTP/2 stream, the same towards both sides. What a stream takes it keeps until the
 * peer's window lets it go, so memory that may not be borrowed that long is copied.
 */
import { Buffer } from 'node:buffer';
import type { Http2Stream } from './network/node-http2.ts';

/** Larger pieces whose memory may be borrowed are written from where they are; the same bound as `output-buffer.ts` has. */
const copiedBytesMax = 16 * 1024;

export class Http2BodyWriter {
  /** Whether trailers may follow the body; known when it begins. */
  awaitsTrailers = false;
  readonly #stream: Http2Stream;
  readonly #onDrain: () => void;
  /** Borrowed pieces that the stream still holds. */
  #borrowed = 0;
  #trailers: Readonly<Record<string, string | string[]>> = {};

  constructor(stream: Http2Stream, onDrain: () => void) {
    this.#stream = stream;
    this.#onDrain = onDrain;
    stream.on('drain', () => this.#drained());
  }

  begin(awaitsTrailers: boolean): void {
    this.awaitsTrailers = awaitsTrailers;
    if (awaitsTrailers) this.#stream.on('wantTrailers', () => this.#stream.sendTrailers(this.#trailers));
  }

  /** False when the peer is slow: hold on until the drain. */
  write(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    if (start === end) return true;
    const piece = memory.subarray(start, end);
    if (mayBorrow && piece.length > copiedBytesMax) {
      this.#borrowed += 1;
      this.#stream.write(piece, () => {
        this.#borrowed -= 1;
        this.#drained();
      });
      return false;
    }
    return this.#stream.write(Buffer.from(piece)) && this.#borrowed === 0;
  }

  end(trailers: Readonly<Record<string, string | string[]>>): void {
    this.#trailers = trailers;
    this.#stream.end();
  }

  #drained(): void {
    if (this.#borrowed === 0 && !this.#stream.writableNeedDrain && !this.#stream.destroyed) this.#onDrain();
  }
}
