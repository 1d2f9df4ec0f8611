/** A request body that is kept as it goes, so that it can be sent again. Up to a limit; what is longer is not kept at all. */
import { Buffer } from 'node:buffer';
import type { Trailers } from '@sluice/http';
import type { UpstreamCodec } from '../codec.ts';

export class KeptBody {
  readonly bytesMax: number;
  /** The client has been asked for it, so it comes from here to whoever is sent it next. */
  isAsked = false;
  isComplete = false;
  trailers: Trailers | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #isAbandoned = false;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Whether all that has come is here, and may be sent. */
  get isWhole(): boolean {
    return !this.#isAbandoned;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.bytesMax;
  }

  /** Copies: the memory is lent for the call only. */
  append(memory: Buffer, start: number, end: number): void {
    if (this.#isAbandoned) return;
    this.#bytes += end - start;
    this.#chunks.push(Buffer.from(memory.subarray(start, end)));
  }

  complete(trailers: Trailers | undefined): void {
    this.isComplete = true;
    this.trailers = trailers;
  }

  /** Lets go of what there is; it is not sent again. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#chunks = [];
  }

  /** The same bytes for somebody else, who may go on with them when they are let go of here. */
  share(): KeptBody {
    const other = new KeptBody(this.bytesMax);
    other.#chunks = this.#chunks;
    other.#bytes = this.#bytes;
    other.isAsked = true;
    other.isComplete = this.isComplete;
    other.trailers = this.trailers;
    return other;
  }

  /** Sends what has come so far. False when that was more than the other side can take for now. */
  sendTo(codec: Pick<UpstreamCodec, 'writeData' | 'writeEnd'>): boolean {
    let mayGoOn = true;
    // Nobody writes into these pieces any more, so they may be borrowed.
    for (const chunk of this.#chunks) mayGoOn = codec.writeData(chunk, 0, chunk.length, true);
    if (this.isComplete) codec.writeEnd(this.trailers);
    return mayGoOn;
  }
}
