/**
 * A request body that a filter wants before it goes on: kept here, up to a limit, until the upstream takes it.
 *
 *     filling → enough → complete,   any → passed on
 */
import { Buffer } from 'node:buffer';
import { Known, type RequestHead, type Trailers } from '@sluice/http';
import type { BufferExtent } from '../stream.ts';

export class RequestBuffer {
  readonly #chunks: Buffer[] = [];
  #bytesMax: number;
  #extent: BufferExtent;
  #bytes = 0;
  /** How many filters have seen the body as it came; those behind them see it when it goes on. The last of them asked for it. */
  seenBy: number;
  trailers: Trailers | undefined;
  /** All of the body is here. */
  isComplete = false;
  /** It has gone to the upstream; what still comes of the body goes there by itself. */
  isPassedOn = false;

  constructor(bytesMax: number, extent: BufferExtent, seenBy: number) {
    this.#bytesMax = bytesMax;
    this.#extent = extent;
    this.seenBy = seenBy;
  }

  /** A later filter wants it, too: the smaller limit counts, unless the first had wanted only the beginning. */
  wantMore(bytesMax: number, extent: BufferExtent): void {
    if (extent === 'beginning' && this.#extent === 'whole') return;
    this.#bytesMax = this.#extent === 'whole' ? Math.min(bytesMax, this.#bytesMax) : bytesMax;
    this.#extent = extent;
  }

  get isTooLarge(): boolean {
    return this.#extent === 'whole' && this.#bytes > this.#bytesMax;
  }

  /** Nobody need wait for more of it. */
  get isEnough(): boolean {
    return this.isComplete || (this.#extent === 'beginning' && this.#bytes >= this.#bytesMax);
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

  /** What is kept, in one piece. */
  peek(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
    return this.#chunks[0] as Buffer;
  }

  /** The same; it holds nothing afterwards. */
  take(): Buffer {
    const all = this.peek();
    this.#chunks.length = 0;
    this.isPassedOn = true;
    return all;
  }
}
