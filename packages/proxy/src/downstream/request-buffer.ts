/** A request body that a filter wants whole before it goes on: kept here, up to a limit, until the upstream takes it. */
import { Buffer } from 'node:buffer';
import { Known, type RequestHead, type Trailers } from '@sluice/http';

export class RequestBuffer {
  readonly #chunks: Buffer[] = [];
  /** How many bytes it may hold. A later filter may allow fewer. */
  bytesMax: number;
  /** How many filters have seen the body as it came; those behind them see it when it goes on. */
  readonly seenBy: number;
  #bytes = 0;
  trailers: Trailers | undefined;
  isComplete = false;

  constructor(bytesMax: number, seenBy: number) {
    this.bytesMax = bytesMax;
    this.seenBy = seenBy;
  }

  get isTooLarge(): boolean {
    return this.#bytes > this.bytesMax;
  }

  /** Copies: the memory is lent for the call only. Keeps nothing beyond the limit. */
  append(memory: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (!this.isTooLarge) this.#chunks.push(Buffer.from(memory.subarray(start, end)));
  }

  /** The body has come to its end: its length is known, and the head can say so. */
  complete(trailers: Trailers | undefined, head: RequestHead): void {
    this.isComplete = true;
    this.trailers = trailers;
    // Trailers only travel behind chunks.
    if (head.framing !== 'chunked' || (trailers && trailers.count > 0)) return;
    head.removeKnown(Known.transferEncoding | Known.trailer);
    head.framing = 'length';
    head.contentLength = this.#bytes;
    head.set('content-length', String(this.#bytes));
  }

  /** All of it in one piece; it holds nothing afterwards. */
  take(): Buffer {
    const only = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const all = only ?? Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    return all;
  }
}
