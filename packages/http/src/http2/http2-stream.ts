/**
 * One stream (RFC 9113 5.1), the same at both ends of a connection: what its owner writes becomes frames as windows and
 * the peer allow, and what it has taken of a body is given back to the peer's window.
 *
 *     open → half closed (either side) → closed
 *     any  → closed by a reset
 *
 * It holds its place in the connection until it is closed *and* its owner has let go of it, so that a peer cannot have
 * more work done at once by resetting what it has asked for.
 */
import { Buffer } from 'node:buffer';
import type { RequestHead, ResponseHead, Trailers } from '../message-head.ts';
import type { Http2StreamEvents } from './http2-options.ts';
import type { QueuedStream, SendQueue } from './send-queue.ts';

/** The connection, as its streams see it. */
export interface Http2StreamOwner {
  readonly queue: SendQueue;
  /** Bytes of bodies have been taken and may be followed by others. */
  credit(bytes: number): void;
  /** The same for one stream. */
  creditStream(stream: Http2Stream, bytes: number): void;
  writeReset(stream: Http2Stream, code: number): void;
  onClosed(stream: Http2Stream): void;
  onReleased(stream: Http2Stream): void;
}

export class Http2Stream implements QueuedStream {
  readonly id: number;
  /** Set by whoever owns it, before anything happens on it. */
  events: Http2StreamEvents = nobody;
  /** Of a request that has come. */
  readonly head: RequestHead | undefined;
  sendWindow: number;
  /** Bytes that the peer may still send. */
  receiveWindow: number;
  /** Taken, and not yet given back to the peer's window. */
  creditBytes = 0;
  /** Of the body still to come; -1 where its length was not stated. */
  missingBytes = -1;
  /** The response will have no body, whatever its head says: it answers HEAD. */
  answersHead = false;
  hasResponse = false;
  isRemoteEnded = false;
  isLocalEnded = false;
  isClosed = false;
  isReleased = false;
  isQueued = false;
  lastFrameAt = 0;
  lastFrameGeneration = -1;
  readonly #owner: Http2StreamOwner;
  /** Bytes of the body that have come and have not been taken. */
  #untakenBytes = 0;
  #pieces: Buffer[] = noPieces;
  /** How much of the first piece has gone. */
  #sent = 0;
  #endsLater = false;
  #trailers: Trailers | undefined;

  constructor(owner: Http2StreamOwner, id: number, head: RequestHead | undefined, sendWindow: number, receiveWindow: number) {
    this.#owner = owner;
    this.id = id;
    this.head = head;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  // — for its owner —

  writeRequest(head: RequestHead, endsStream: boolean, scheme: 'http' | 'https', protocol: string): void {
    if (!this.isClosed) this.#owner.queue.writeRequest(this, head, endsStream, scheme, protocol);
    if (endsStream) this.#endLocal();
  }

  /** A response, an interim one too. */
  writeResponse(head: ResponseHead, endsStream: boolean): void {
    if (!this.isClosed) this.#owner.queue.writeResponse(this, head, endsStream);
    if (endsStream) this.#endLocal();
  }

  /**
   * False when not all of it can go now: no more until `onDrain`. With `mayBorrow` the memory stays as it is until then;
   * otherwise what has to wait is copied.
   */
  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    if (this.isClosed || this.isLocalEnded || start === end) return true;
    const { queue } = this.#owner;
    let at = start;
    if (this.#pieces.length === 0 && queue.isOpen) at = queue.writeData(this, memory, start, end);
    if (at < end) {
      if (this.#pieces === noPieces) this.#pieces = [];
      const rest = memory.subarray(at, end);
      this.#pieces.push(mayBorrow ? rest : Buffer.from(rest));
    } else if (queue.isOpen) {
      return true;
    }
    queue.add(this);
    return false;
  }

  writeEnd(trailers: Trailers | undefined): void {
    if (this.isClosed || this.isLocalEnded) return;
    if (this.#pieces.length > 0) {
      this.#endsLater = true;
      this.#trailers = trailers;
      return;
    }
    this.#owner.queue.writeEnd(this, trailers);
    this.#endLocal();
  }

  /** Bytes of the body have been taken: the peer may send as many again. */
  consume(bytes: number): void {
    if (this.isReleased) return;
    this.#untakenBytes -= bytes;
    this.#owner.credit(bytes);
    if (!this.isClosed && !this.isRemoteEnded) this.#owner.creditStream(this, bytes);
  }

  /** Ends it now, both ways. Nothing more is told. */
  reset(code: number): void {
    if (this.isClosed) return;
    this.#owner.writeReset(this, code);
    this.close();
  }

  /** The owner is done with it: its place is free as soon as it is closed. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.events = nobody;
    this.#owner.credit(this.#untakenBytes);
    this.#untakenBytes = 0;
    this.#owner.onReleased(this);
  }

  /** Bytes written by the owner that could not go yet. */
  get waitingBytes(): number {
    let bytes = -this.#sent;
    for (const piece of this.#pieces) bytes += piece.length;
    return bytes;
  }

  // — for its connection —

  onPiece(memory: Buffer, start: number, end: number): void {
    this.#untakenBytes += end - start;
    this.events.onData(memory, start, end);
  }

  /** Padding takes part in flow control, and nobody has to read it. */
  onPadding(bytes: number): void {
    this.#untakenBytes += bytes;
    this.consume(bytes);
  }

  endRemote(trailers: Trailers | undefined): void {
    const { events } = this;
    this.isRemoteEnded = true;
    // Over before its owner hears of the end, who would else have to give up what is finished.
    if (this.isLocalEnded) this.close();
    events.onEnd(trailers);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#pieces = noPieces;
    this.#sent = 0;
    this.#owner.onClosed(this);
  }

  get hasPieces(): boolean {
    return this.#pieces.length > 0;
  }

  sendNext(): boolean {
    const piece = this.#pieces[0];
    if (piece) {
      const { queue } = this.#owner;
      const sentTo = queue.writeFrame(this, piece, this.#sent, piece.length);
      if (sentTo === this.#sent) return false;
      this.#sent = sentTo;
      if (sentTo < piece.length) return true;
      this.#sent = 0;
      this.#pieces.shift();
      if (this.#pieces.length > 0) return true;
    }
    this.#finishSending();
    return true;
  }

  #finishSending(): void {
    if (!this.#endsLater) return this.events.onDrain();
    const { events } = this;
    this.#endsLater = false;
    this.#owner.queue.writeEnd(this, this.#trailers);
    this.#endLocal();
    events.onDrain();
  }

  #endLocal(): void {
    this.isLocalEnded = true;
    if (this.isRemoteEnded) this.close();
  }
}

const noPieces: Buffer[] = [];

const nobody: Http2StreamEvents = {
  onResponse() {},
  onData() {},
  onEnd() {},
  onDrain() {},
  onReset() {},
};
