/**
 * The sending half of a connection: heads as they are written, bodies as far as the windows of their stream and of the
 * connection reach (RFC 9113 5.2). Streams that have to wait take turns, one frame each, so that none waits for another's
 * whole body.
 */
import type { Buffer } from 'node:buffer';
import type { RequestHead, ResponseHead, Trailers } from '../message-head.ts';
import { defaultWindowBytes, Flag, flagsAt, frameHeadBytes, FrameType, payloadBytesMax, writeFrameHead } from './frame.ts';
import { HeadEncoder } from './head-encoder.ts';
import type { FrameOutput } from './http2-options.ts';

/** A stream, as far as it sends. */
export interface QueuedStream {
  readonly id: number;
  /** Bytes that the peer takes now; less than none after it has made its windows smaller. */
  sendWindow: number;
  /** Its last frame and when that was written: it may still be marked as the last of all. */
  lastFrameAt: number;
  lastFrameGeneration: number;
  /** Stands in the queue. */
  isQueued: boolean;
  readonly isClosed: boolean;
  /** Whether anything waits to be sent. */
  readonly hasPieces: boolean;
  /** Sends the next frame of what waits. False when its window is used up. */
  sendNext(): boolean;
}

export class SendQueue {
  /** Bytes that the peer takes now, of all streams. */
  window: number = defaultWindowBytes;
  dataFrames = 0;
  readonly #output: FrameOutput;
  readonly #encoder = new HeadEncoder();
  readonly #onFrame: () => void;
  readonly #waiting: QueuedStream[] = [];

  /** @param onFrame called for each frame that is written */
  constructor(output: FrameOutput, onFrame: () => void) {
    this.#output = output;
    this.#onFrame = onFrame;
  }

  /** Whether a body may be written without having to wait for its turn. */
  get isOpen(): boolean {
    return this.#waiting.length === 0 && !this.#output.isBlocked;
  }

  writeRequest(stream: QueuedStream, head: RequestHead, endsStream: boolean, scheme: 'http' | 'https', protocol: string): void {
    const output = this.#output;
    const at = output.claim(framedBytesMax(HeadEncoder.requestBytesMax(head)));
    this.#endHead(stream, at, this.#encoder.writeRequest(head, scheme, protocol, output.memory, at + frameHeadBytes), endsStream);
  }

  writeResponse(stream: QueuedStream, head: ResponseHead, endsStream: boolean): void {
    const output = this.#output;
    const at = output.claim(framedBytesMax(HeadEncoder.bytesMax(head)));
    this.#endHead(stream, at, this.#encoder.writeResponse(head, output.memory, at + frameHeadBytes), endsStream);
  }

  /** Writes as many frames as may go now. Gives how far it came. */
  writeData(stream: QueuedStream, memory: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && !this.#output.isBlocked) {
      const next = this.writeFrame(stream, memory, at, end);
      if (next === at) break;
      at = next;
    }
    return at;
  }

  /** Writes one frame of a body. Gives how far it came: `start` when a window is used up. */
  writeFrame(stream: QueuedStream, memory: Buffer, start: number, end: number): number {
    const bytes = Math.min(end - start, payloadBytesMax, stream.sendWindow, this.window);
    if (bytes <= 0) return start;
    const output = this.#output;
    const at = output.claim(frameHeadBytes + bytes);
    const dataAt = writeFrameHead(output.memory, at, bytes, FrameType.data, 0, stream.id);
    if (bytes > 64) memory.copy(output.memory, dataAt, start, start + bytes);
    else for (let index = 0; index < bytes; index += 1) output.memory[dataAt + index] = memory[start + index] as number;
    stream.sendWindow -= bytes;
    this.window -= bytes;
    this.dataFrames += 1;
    this.#commit(stream, at, dataAt + bytes);
    return start + bytes;
  }

  /** The end of a body: by its trailers, else by a mark on its last frame if that is still here, else by a frame of its own. */
  writeEnd(stream: QueuedStream, trailers: Trailers | undefined): void {
    const output = this.#output;
    if (trailers && trailers.count > 0) {
      const at = output.claim(framedBytesMax(HeadEncoder.bytesMax(trailers)));
      return this.#endHead(stream, at, this.#encoder.writeTrailers(trailers, output.memory, at + frameHeadBytes), true);
    }
    if (stream.lastFrameGeneration === output.generation) {
      output.memory[stream.lastFrameAt + flagsAt] = (output.memory[stream.lastFrameAt + flagsAt] as number) | Flag.endStream;
      return;
    }
    const at = output.claim(frameHeadBytes);
    this.dataFrames += 1;
    this.#commit(stream, at, writeFrameHead(output.memory, at, 0, FrameType.data, Flag.endStream, stream.id));
  }

  /** It has something to send, or wants to hear when it may. */
  add(stream: QueuedStream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#waiting.push(stream);
  }

  /** Lets those who wait send, in turn, as long as something can go. */
  pump(): void {
    const waiting = this.#waiting;
    while (waiting.length > 0 && !this.#output.isBlocked) {
      const stream = waiting[0] as QueuedStream;
      if (stream.hasPieces && this.window <= 0) return;
      waiting.shift();
      stream.isQueued = false;
      // One whose own window is used up comes back when that is opened.
      if (!stream.isClosed && stream.sendNext() && stream.hasPieces) this.add(stream);
    }
  }

  /** A head of one frame, or of several where it is larger than a frame may be. */
  #endHead(stream: QueuedStream, at: number, end: number, endsStream: boolean): void {
    const { memory } = this.#output;
    const bytes = end - at - frameHeadBytes;
    const flags = endsStream ? Flag.endStream : 0;
    if (bytes <= payloadBytesMax) {
      writeFrameHead(memory, at, bytes, FrameType.headers, flags | Flag.endHeaders, stream.id);
      return this.#commit(stream, at, end);
    }
    // From the end, so that no piece is written over before it has been moved behind its own frame's head.
    const frames = Math.ceil(bytes / payloadBytesMax);
    for (let index = frames - 1; index > 0; index -= 1) {
      const from = at + frameHeadBytes + index * payloadBytesMax;
      const length = Math.min(payloadBytesMax, end - from);
      const to = from + index * frameHeadBytes;
      memory.copyWithin(to, from, from + length);
      writeFrameHead(memory, to - frameHeadBytes, length, FrameType.continuation, index === frames - 1 ? Flag.endHeaders : 0, stream.id);
    }
    writeFrameHead(memory, at, payloadBytesMax, FrameType.headers, flags, stream.id);
    this.#commit(stream, at, end + (frames - 1) * frameHeadBytes);
  }

  #commit(stream: QueuedStream, at: number, end: number): void {
    stream.lastFrameAt = at;
    stream.lastFrameGeneration = this.#output.generation;
    this.#output.commit(end);
    this.#onFrame();
  }
}

/** Room for a head with the frames around it. */
function framedBytesMax(headBytes: number): number {
  return headBytes + frameHeadBytes * (1 + Math.ceil(headBytes / payloadBytesMax));
}
