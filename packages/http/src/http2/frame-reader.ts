/**
 * Frames out of bytes as they come (RFC 9113 4 and 6): cut anywhere, read from lent memory, and checked for what can be
 * told from a frame alone: sizes, padding, which stream it may name, and that nothing comes between the parts of a head.
 * DATA is passed on in the pieces in which it comes; of all other frames, what has come too early is kept until the rest is there.
 */
import { Buffer } from 'node:buffer';
import { ErrorCode } from './error-code.ts';
import { clientPreface, Flag, frameHeadBytes, FrameType, payloadBytesMax, readUint32, streamIdMax } from './frame.ts';

export interface FrameHandler {
  /** A DATA frame begins; `payloadBytes` with its padding is what flow control counts. False when nobody wants it. */
  onDataBegin(stream: number, payloadBytes: number, endsStream: boolean): boolean;
  /** A piece of the frame that began last, never empty. */
  onDataPiece(memory: Buffer, start: number, end: number): void;
  /** It is complete; so many bytes of it were padding. */
  onDataEnd(paddingBytes: number): void;
  /** A whole field block, from HEADERS and all CONTINUATION frames. The bytes are lent for the call. `dependsOn` is -1 without priority. */
  onHeaders(stream: number, bytes: Buffer, start: number, end: number, endsStream: boolean, dependsOn: number): void;
  onPriority(stream: number, payloadBytes: number, dependsOn: number): void;
  onReset(stream: number, code: number): void;
  /** Entries of six bytes each. */
  onSettings(bytes: Buffer, start: number, end: number): void;
  onSettingsAcknowledged(): void;
  onPing(bytes: Buffer, at: number): void;
  onPingAcknowledged(bytes: Buffer, at: number): void;
  onGoaway(lastStream: number, code: number): void;
  /** `stream` is 0 for the whole connection. */
  onWindowUpdate(stream: number, increment: number): void;
  /** DATA, HEADERS or CONTINUATION without content that does not end anything either. */
  onEmptyFrame(): void;
  /** Nothing more can be read. */
  onBrokenFrame(code: number, reason: string): void;
}

type State = 'preface' | 'head' | 'payload' | 'data' | 'stopped';

/** Frames of one field block. Chosen: ten times what 60 KiB need. */
const blockFramesMax = 40;

/** Memory kept for frames that come in pieces. */
const keptBytesMax = 4096;

const noBytes = Buffer.alloc(0);

export class FrameReader {
  readonly #handler: FrameHandler;
  /** Bytes of one field block, coded. */
  readonly #blockBytesMax: number;
  #state: State;
  /** The first frame must be SETTINGS (RFC 9113 3.4). */
  #sawSettings = false;
  /** Bytes of the preface, of a head, or of a payload that have come. */
  #gathered = 0;
  readonly #head: Buffer = Buffer.alloc(frameHeadBytes);
  #kept: Buffer = noBytes;
  // The frame under way.
  #type = 0;
  #flags = 0;
  #stream = 0;
  #length = 0;
  // DATA under way.
  #left = 0;
  #padding = 0;
  #awaitsPadding = false;
  #isWanted = false;
  // A field block that goes on in CONTINUATION.
  #blockStream = 0;
  #block: Buffer = noBytes;
  #blockBytes = 0;
  #blockFrames = 0;
  #blockEndsStream = false;
  #blockDependsOn = -1;

  /** @param awaitsPreface the peer is a client */
  constructor(handler: FrameHandler, awaitsPreface: boolean, blockBytesMax: number) {
    this.#handler = handler;
    this.#blockBytesMax = blockBytesMax;
    this.#state = awaitsPreface ? 'preface' : 'head';
  }

  /** Reads nothing any more, also not the rest of what it has been given. */
  stop(): void {
    this.#state = 'stopped';
    this.#kept = this.#block = noBytes;
  }

  /** Takes all bytes. They may be used again afterwards. */
  read(memory: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(memory, at, end);
          break;
        case 'payload':
          at = this.#readPayload(memory, at, end);
          break;
        case 'data':
          at = this.#readData(memory, at, end);
          break;
        case 'preface':
          at = this.#readPreface(memory, at, end);
          break;
        default:
          return;
      }
    }
  }

  #readPreface(memory: Buffer, start: number, end: number): number {
    const taken = Math.min(clientPreface.length - this.#gathered, end - start);
    if (clientPreface.compare(memory, start, start + taken, this.#gathered, this.#gathered + taken) !== 0) {
      this.#break(ErrorCode.protocolError, 'no preface of HTTP/2');
      return end;
    }
    this.#gathered += taken;
    if (this.#gathered === clientPreface.length) {
      this.#gathered = 0;
      this.#state = 'head';
    }
    return start + taken;
  }

  #readHead(memory: Buffer, start: number, end: number): number {
    if (this.#gathered === 0 && end - start >= frameHeadBytes) {
      this.#begin(memory, start);
      return start + frameHeadBytes;
    }
    const taken = Math.min(frameHeadBytes - this.#gathered, end - start);
    memory.copy(this.#head, this.#gathered, start, start + taken);
    this.#gathered += taken;
    if (this.#gathered === frameHeadBytes) {
      this.#gathered = 0;
      this.#begin(this.#head, 0);
    }
    return start + taken;
  }

  #begin(bytes: Buffer, at: number): void {
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    const stream = readUint32(bytes, at + 5) & streamIdMax;
    if (length > payloadBytesMax) return this.#break(ErrorCode.frameSizeError, `a frame of ${length} bytes`);
    if (!this.#sawSettings) {
      if (type !== FrameType.settings || (flags & Flag.ack) !== 0) return this.#break(ErrorCode.protocolError, 'the first frame is no SETTINGS');
      this.#sawSettings = true;
    }
    if (this.#blockStream !== 0 && (type !== FrameType.continuation || stream !== this.#blockStream)) return this.#break(ErrorCode.protocolError, 'a frame within a field block');
    this.#length = length;
    this.#type = type;
    this.#flags = flags;
    this.#stream = stream;
    if (type === FrameType.data) return this.#beginData();
    this.#state = 'payload';
    if (length === 0) this.#finish(bytes, 0);
  }

  // — DATA —

  #beginData(): void {
    const isPadded = (this.#flags & Flag.padded) !== 0;
    const endsStream = (this.#flags & Flag.endStream) !== 0;
    if (this.#stream === 0) return this.#break(ErrorCode.protocolError, 'DATA on stream 0');
    if (isPadded && this.#length === 0) return this.#break(ErrorCode.frameSizeError, 'padding without its length');
    if (this.#length === 0 && !endsStream) this.#handler.onEmptyFrame();
    if (this.#isStopped()) return;
    this.#left = this.#length;
    this.#padding = 0;
    this.#awaitsPadding = isPadded;
    this.#state = 'data';
    this.#isWanted = this.#handler.onDataBegin(this.#stream, this.#length, endsStream);
    if (this.#left === 0) this.#endData();
  }

  #readData(memory: Buffer, start: number, end: number): number {
    let at = start;
    if (this.#awaitsPadding) {
      this.#awaitsPadding = false;
      this.#padding = memory[at] as number;
      this.#left -= 1;
      at += 1;
      if (this.#padding > this.#left) {
        this.#break(ErrorCode.protocolError, 'more padding than payload');
        return end;
      }
    }
    const taken = Math.min(this.#left, end - at);
    const dataBytes = Math.min(taken, this.#left - this.#padding);
    this.#left -= taken;
    if (dataBytes > 0 && this.#isWanted) this.#handler.onDataPiece(memory, at, at + dataBytes);
    if (this.#left === 0) this.#endData();
    return at + taken;
  }

  #endData(): void {
    if (this.#isStopped()) return;
    this.#state = 'head';
    if (this.#isWanted) this.#handler.onDataEnd((this.#flags & Flag.padded) === 0 ? 0 : this.#padding + 1);
  }

  // — all others —

  #readPayload(memory: Buffer, start: number, end: number): number {
    const missing = this.#length - this.#gathered;
    if (this.#gathered === 0 && end - start >= missing) {
      this.#finish(memory, start);
      return start + missing;
    }
    const taken = Math.min(missing, end - start);
    if (this.#kept.length < this.#length) this.#kept = Buffer.allocUnsafeSlow(Math.max(this.#length, 512));
    memory.copy(this.#kept, this.#gathered, start, start + taken);
    this.#gathered += taken;
    if (taken === missing) {
      this.#gathered = 0;
      this.#finish(this.#kept, 0);
      if (this.#kept.length > keptBytesMax) this.#kept = noBytes;
    }
    return start + taken;
  }

  /** The whole payload is there, from `start`. */
  #finish(bytes: Buffer, start: number): void {
    this.#state = 'head';
    const length = this.#length;
    const handler = this.#handler;
    switch (this.#type) {
      case FrameType.headers:
        return this.#finishHeaders(bytes, start);
      case FrameType.continuation:
        return this.#finishContinuation(bytes, start);
      case FrameType.priority:
        if (this.#stream === 0) return this.#break(ErrorCode.protocolError, 'PRIORITY on stream 0');
        return handler.onPriority(this.#stream, length, length === 5 ? readUint32(bytes, start) & streamIdMax : -1);
      case FrameType.reset:
        if (this.#stream === 0) return this.#break(ErrorCode.protocolError, 'RST_STREAM on stream 0');
        if (length !== 4) return this.#break(ErrorCode.frameSizeError, 'RST_STREAM');
        return handler.onReset(this.#stream, readUint32(bytes, start));
      case FrameType.settings:
        return this.#finishSettings(bytes, start);
      case FrameType.pushPromise:
        // Nobody may: a server never, and a client has told its server not to.
        return this.#break(ErrorCode.protocolError, 'PUSH_PROMISE');
      case FrameType.ping:
        if (this.#stream !== 0) return this.#break(ErrorCode.protocolError, 'PING on a stream');
        if (length !== 8) return this.#break(ErrorCode.frameSizeError, 'PING');
        return (this.#flags & Flag.ack) === 0 ? handler.onPing(bytes, start) : handler.onPingAcknowledged(bytes, start);
      case FrameType.goaway:
        if (this.#stream !== 0) return this.#break(ErrorCode.protocolError, 'GOAWAY on a stream');
        if (length < 8) return this.#break(ErrorCode.frameSizeError, 'GOAWAY');
        return handler.onGoaway(readUint32(bytes, start) & streamIdMax, readUint32(bytes, start + 4));
      case FrameType.windowUpdate:
        if (length !== 4) return this.#break(ErrorCode.frameSizeError, 'WINDOW_UPDATE');
        return handler.onWindowUpdate(this.#stream, readUint32(bytes, start) & streamIdMax);
      default:
        // Of a kind that is not known: it means nothing (RFC 9113 5.5).
        return undefined;
    }
  }

  #finishSettings(bytes: Buffer, start: number): void {
    if (this.#stream !== 0) return this.#break(ErrorCode.protocolError, 'SETTINGS on a stream');
    const isAcknowledgement = (this.#flags & Flag.ack) !== 0;
    if (isAcknowledgement ? this.#length !== 0 : this.#length % 6 !== 0) return this.#break(ErrorCode.frameSizeError, 'SETTINGS');
    if (isAcknowledgement) this.#handler.onSettingsAcknowledged();
    else this.#handler.onSettings(bytes, start, start + this.#length);
  }

  #finishHeaders(bytes: Buffer, payloadStart: number): void {
    const flags = this.#flags;
    let start = payloadStart;
    let end = payloadStart + this.#length;
    let dependsOn = -1;
    if (this.#stream === 0) return this.#break(ErrorCode.protocolError, 'HEADERS on stream 0');
    if ((flags & Flag.padded) !== 0) {
      if (start === end) return this.#break(ErrorCode.frameSizeError, 'padding without its length');
      end -= bytes[start] as number;
      start += 1;
      if (end < start) return this.#break(ErrorCode.protocolError, 'more padding than payload');
    }
    if ((flags & Flag.priority) !== 0) {
      if (end - start < 5) return this.#break(ErrorCode.frameSizeError, 'HEADERS without its priority');
      dependsOn = readUint32(bytes, start) & streamIdMax;
      start += 5;
    }
    const endsStream = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) return this.#handler.onHeaders(this.#stream, bytes, start, end, endsStream, dependsOn);
    this.#blockStream = this.#stream;
    this.#blockEndsStream = endsStream;
    this.#blockDependsOn = dependsOn;
    this.#blockBytes = 0;
    this.#blockFrames = 0;
    this.#addToBlock(bytes, start, end);
  }

  #finishContinuation(bytes: Buffer, start: number): void {
    if (this.#blockStream === 0) return this.#break(ErrorCode.protocolError, 'CONTINUATION of nothing');
    this.#addToBlock(bytes, start, start + this.#length);
    if (this.#isStopped() || (this.#flags & Flag.endHeaders) === 0) return;
    const block = this.#block;
    this.#block = noBytes;
    this.#blockStream = 0;
    this.#handler.onHeaders(this.#stream, block, 0, this.#blockBytes, this.#blockEndsStream, this.#blockDependsOn);
  }

  #addToBlock(bytes: Buffer, start: number, end: number): void {
    const more = end - start;
    this.#blockFrames += 1;
    if (more === 0 && (this.#flags & Flag.endHeaders) === 0) this.#handler.onEmptyFrame();
    if (this.#isStopped()) return;
    if (this.#blockFrames > blockFramesMax || this.#blockBytes + more > this.#blockBytesMax) return this.#break(ErrorCode.enhanceYourCalm, 'a field block without end');
    if (this.#block.length < this.#blockBytes + more) {
      const larger = Buffer.allocUnsafeSlow(Math.max(1024, (this.#blockBytes + more) * 2));
      this.#block.copy(larger, 0, 0, this.#blockBytes);
      this.#block = larger;
    }
    bytes.copy(this.#block, this.#blockBytes, start, end);
    this.#blockBytes += more;
  }

  /** Past what the compiler believes to know: a handler may have stopped it. */
  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #break(code: number, reason: string): void {
    this.stop();
    this.#handler.onBrokenFrame(code, reason);
  }
}
