/**
 * The body of a request that filters want to see or to change before the upstream gets it. Most streams have none of
 * this: their bodies go from codec to codec.
 */
import type { Buffer } from 'node:buffer';
import type { Trailers } from '@sluice/http';
import type { CreateTransform } from '../body-transform.ts';
import type { DownstreamCodec } from '../codec.ts';
import type { HttpFilter } from '../filters/filter.ts';
import type { OutcomeCode } from '../outcome.ts';
import type { BufferExtent, Stream } from '../stream.ts';
import { RequestBuffer } from './request-buffer.ts';
import { TransformedBody, type TransformOwner } from './transformed-body.ts';

export interface RequestBodyOwner extends Stream {
  inTurn(work: () => void): void;
  fail(code: OutcomeCode): void;
  crash(error: unknown): void;
  /** Enough of the body is kept for the filter that asked for it: the last of the first `seenBy`. */
  onBodyKept(seenBy: number): void;
  /** False when the upstream is slow. */
  sendBody(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean;
  endBody(trailers: Trailers | undefined): void;
}

export class RequestBody implements TransformOwner {
  readonly #owner: RequestBodyOwner;
  readonly #codec: DownstreamCodec;
  readonly #filters: readonly HttpFilter[];
  #buffer: RequestBuffer | undefined;
  #transform: TransformedBody | undefined;
  /** Of a body that the transform has not let go yet. */
  #trailers: Trailers | undefined;

  constructor(owner: RequestBodyOwner, codec: DownstreamCodec, filters: readonly HttpFilter[]) {
    this.#owner = owner;
    this.#codec = codec;
    this.#filters = filters;
  }

  /** Whether somebody waits for more of it. */
  get isFilling(): boolean {
    return this.#buffer !== undefined && !this.#buffer.isEnough;
  }

  /** What is kept; undefined when nothing is, or not any more. */
  get kept(): Buffer | undefined {
    return this.#buffer && !this.#buffer.isPassedOn ? this.#buffer.peek() : undefined;
  }

  /** `seenBy`: how many filters have been asked, with the one that asks. True when it has to wait. */
  keep(bytesMax: number, extent: BufferExtent, seenBy: number): 'kept' | 'wait' | 'too-large' {
    const { framing, contentLength } = this.#owner.request;
    // What a transform makes of a body has another length.
    if (extent === 'whole' && !this.#transform && framing === 'length' && contentLength > bytesMax) return 'too-large';
    const known = this.#buffer;
    if (known) {
      known.wantMore(bytesMax, extent);
      if (known.isTooLarge) return 'too-large';
      if (known.isEnough) return 'kept';
      this.#show(known, seenBy);
      known.seenBy = seenBy;
      return 'wait';
    }
    this.#buffer = new RequestBuffer(bytesMax, extent, seenBy);
    return 'wait';
  }

  transformBy(create: CreateTransform): void {
    this.#transform ??= new TransformedBody(this);
    this.#transform.append(create);
  }

  /** From the client. */
  write(memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
    if (this.#transform) {
      this.#tell(memory, start, end, this.#filters.length);
      if (this.isActive && !this.#transform.write(memory, start, end)) this.#codec.pauseBody();
      return;
    }
    const buffer = this.#buffer;
    const isKept = buffer !== undefined && !buffer.isPassedOn;
    this.#tell(memory, start, end, isKept ? buffer.seenBy : this.#filters.length);
    if (!this.isActive) return;
    if (isKept) this.#append(buffer, memory, start, end);
    else if (!this.#owner.sendBody(memory, start, end, mayBorrow)) this.#codec.pauseBody();
  }

  /** From the client. */
  end(trailers: Trailers | undefined): void {
    this.#trailers = trailers;
    if (this.#transform) this.#transform.end();
    else this.completeTransformed();
  }

  /** The upstream takes it from here. */
  release(): void {
    const buffer = this.#buffer;
    if (buffer && !buffer.isPassedOn) {
      this.#show(buffer, this.#filters.length);
      if (!this.isActive) return;
      const body = buffer.take();
      if (body.length > 0) this.#owner.sendBody(body, 0, body.length, true);
      if (buffer.isComplete) return this.#owner.endBody(buffer.trailers);
    }
    this.#codec.releaseBody();
  }

  /** The upstream can take more. */
  resume(): void {
    this.#transform?.resume();
  }

  close(): void {
    this.#transform?.close();
  }

  // — the transform’s owner —

  get isActive(): boolean {
    return this.#owner.isActive;
  }

  inTurn(work: () => void): void {
    this.#owner.inTurn(work);
  }

  crash(error: unknown): void {
    this.#owner.crash(error);
  }

  writeTransformed(bytes: Buffer): boolean {
    const buffer = this.#buffer;
    if (!buffer || buffer.isPassedOn) return this.#owner.sendBody(bytes, 0, bytes.length, true);
    this.#append(buffer, bytes, 0, bytes.length);
    return true;
  }

  resumeSource(): void {
    this.#codec.resumeBody();
  }

  completeTransformed(): void {
    const buffer = this.#buffer;
    if (!buffer || buffer.isPassedOn) return this.#owner.endBody(this.#trailers);
    const wasEnough = buffer.isEnough;
    buffer.complete(this.#trailers, this.#owner.request);
    if (!wasEnough) this.#owner.onBodyKept(buffer.seenBy);
  }

  #append(buffer: RequestBuffer, memory: Buffer, start: number, end: number): void {
    const wasEnough = buffer.isEnough;
    buffer.append(memory, start, end);
    if (buffer.isTooLarge) return this.#owner.fail('body-too-large');
    if (wasEnough || !buffer.isEnough) return;
    // The rest stays where it is until there is somebody to send it to.
    this.#codec.holdBody();
    this.#owner.onBodyKept(buffer.seenBy);
  }

  /** What is kept already, for filters before `end` that have not seen it. What is transformed was seen as it came. */
  #show(buffer: RequestBuffer, end: number): void {
    if (this.#transform) return;
    const body = buffer.peek();
    for (let index = buffer.seenBy; index < end; index += 1) this.#filters[index]?.onRequestData?.(this.#owner, body);
  }

  #tell(memory: Buffer, start: number, end: number, count: number): void {
    for (let index = 0; index < count; index += 1) this.#filters[index]?.onRequestData?.(this.#owner, memory.subarray(start, end));
  }
}
