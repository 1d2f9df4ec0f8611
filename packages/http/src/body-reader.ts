/**
 * Finds the body in the bytes that follow a head, by the framing the head announced: by length, chunked, or
 * until the connection closes (RFC 9112 6 and 7.1). It hands out ranges of the caller's memory and copies
 * nothing; chunk sizes and extensions are checked and left behind, so that what is forwarded is framed anew.
 *
 *     let at = start;
 *     while ((kind = reader.next(memory, at, end)) === 'data') { use(memory, reader.dataStart, reader.dataEnd); at = reader.position; }
 */
import type { Buffer } from 'node:buffer';
import { characterFlags, tokenFlag, valueFlag } from './characters.ts';
import { incomplete, refused, type HeadFault, type HeadLimits } from './head-reader.ts';
import type { BodyFraming, Trailers } from './message-head.ts';
import { TrailerReader } from './trailer-reader.ts';

/** `more`: all bytes were used up and the body goes on. `end`: it is complete, and `position` is where it ended. */
export type BodyEvent = 'data' | 'more' | 'end' | 'refused';

export type BodyFault = 'bad-chunk-size' | 'bad-chunk-end' | 'bad-chunk-extension' | 'chunk-overhead' | HeadFault;

/** Hexadecimal digits of a chunk size: 2^48 is beyond any body, and exact in a double. */
const sizeDigitsMax = 12;

/**
 * Bytes of size lines beyond what useful chunks need, per body. 16 KiB, Go's figure: each chunk is forgiven
 * sixteen bytes and twice its data, so only bodies made of framing run into it.
 */
const overheadBytesMax = 16 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** Where in an extension (RFC 9112 7.1.1): `;name`, `;name=token`, `;name="quoted"`. */
type ExtensionPart = 'name-start' | 'name' | 'value-start' | 'value' | 'quoted' | 'escaped' | 'after-quote';

/** What is awaited next. `size → (extension) → size-lf → data → data-cr → data-lf → size …`, and from a size of 0 to `trailers`. */
type Awaited = 'nothing' | 'counted' | 'all' | 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailers';

export class BodyReader {
  /** After `data`: where the data stand. */
  dataStart = 0;
  dataEnd = 0;
  /** After any event: the first byte not used yet. */
  position = 0;
  fault: BodyFault | undefined = undefined;
  #awaited: Awaited = 'nothing';
  /** Bytes of the body or of the chunk that are to come. */
  #remaining = 0;
  #sizeDigits = 0;
  #lineBytes = 0;
  #overheadBytes = 0;
  #extensionPart: ExtensionPart = 'name-start';
  #limits: HeadLimits;
  /** Made when the first chunked body comes. */
  #trailerReader: TrailerReader | undefined;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
  }

  /** The fields after a chunked body that is complete; undefined when there were none. */
  get trailers(): Trailers | undefined {
    const trailers = this.#trailerReader?.head;
    return trailers && trailers.count > 0 ? trailers : undefined;
  }

  /** True when the message is complete if the connection ends here. */
  get mayEndHere(): boolean {
    return this.#awaited === 'nothing' || this.#awaited === 'all';
  }

  /** Bytes still to come, where that is known: of a body by length all of it, else 0. */
  get remainingBytes(): number {
    return this.#awaited === 'counted' ? this.#remaining : 0;
  }

  start(framing: BodyFraming, contentLength: number): void {
    this.fault = undefined;
    switch (framing) {
      case 'none':
        this.#awaited = 'nothing';
        return;
      case 'length':
        this.#awaited = contentLength > 0 ? 'counted' : 'nothing';
        this.#remaining = contentLength;
        return;
      case 'until-close':
        this.#awaited = 'all';
        return;
      case 'chunked':
        this.#awaited = 'size';
        this.#remaining = 0;
        this.#sizeDigits = 0;
        this.#lineBytes = 0;
        this.#overheadBytes = 0;
        this.#trailerReader ??= new TrailerReader(this.#limits);
        this.#trailerReader.restart();
    }
  }

  next(memory: Buffer, start: number, end: number): BodyEvent {
    switch (this.#awaited) {
      case 'nothing':
        this.position = start;
        return 'end';
      case 'counted':
        return this.#takeCounted(start, end);
      case 'all':
        return this.#take(start, end, end);
      default:
        return this.#readChunked(memory, start, end);
    }
  }

  #takeCounted(start: number, end: number): BodyEvent {
    const take = Math.min(this.#remaining, end - start);
    this.#remaining -= take;
    if (this.#remaining === 0) this.#awaited = 'nothing';
    return this.#take(start, start + take, end);
  }

  #take(start: number, dataEnd: number, end: number): BodyEvent {
    this.position = dataEnd;
    if (start === dataEnd) return start === end ? 'more' : 'end';
    this.dataStart = start;
    this.dataEnd = dataEnd;
    return 'data';
  }

  #readChunked(memory: Buffer, start: number, end: number): BodyEvent {
    let at = start;
    while (at < end) {
      const byte = memory[at] as number;
      switch (this.#awaited) {
        case 'size':
          this.#lineBytes += 1;
          if (!this.#onSizeByte(byte)) return 'refused';
          at += 1;
          break;
        case 'extension':
          this.#lineBytes += 1;
          if (!this.#onExtensionByte(byte)) return 'refused';
          at += 1;
          break;
        case 'size-lf':
          if (byte !== LF) return this.#refuse('bad-chunk-end');
          if (!this.#beginChunk()) return 'refused';
          at += 1;
          break;
        case 'data': {
          const take = Math.min(this.#remaining, end - at);
          this.#remaining -= take;
          if (this.#remaining === 0) this.#awaited = 'data-cr';
          return this.#take(at, at + take, end);
        }
        case 'data-cr':
          if (byte !== CR) return this.#refuse('bad-chunk-end');
          this.#awaited = 'data-lf';
          at += 1;
          break;
        case 'data-lf':
          if (byte !== LF) return this.#refuse('bad-chunk-end');
          this.#awaited = 'size';
          this.#sizeDigits = 0;
          this.#lineBytes = 0;
          at += 1;
          break;
        default:
          return this.#readTrailers(memory, at, end);
      }
    }
    this.position = at;
    return 'more';
  }

  #onSizeByte(byte: number): boolean {
    const digit = hexValue(byte);
    if (digit >= 0) {
      this.#sizeDigits += 1;
      if (this.#sizeDigits > sizeDigitsMax) return this.#refuse('bad-chunk-size') !== 'refused';
      this.#remaining = this.#remaining * 16 + digit;
      return true;
    }
    if (this.#sizeDigits === 0) return this.#refuse('bad-chunk-size') !== 'refused';
    if (byte === CR) {
      this.#awaited = 'size-lf';
      return true;
    }
    if (byte !== SEMICOLON) return this.#refuse('bad-chunk-size') !== 'refused';
    this.#awaited = 'extension';
    this.#extensionPart = 'name-start';
    return true;
  }

  /** Extensions mean nothing to us and are not passed on, but must be what they claim: nothing may hide in them. */
  #onExtensionByte(byte: number): boolean {
    if (this.#overheadBytes + this.#lineBytes > overheadBytesMax) return this.#refuse('chunk-overhead') !== 'refused';
    const next = nextExtensionPart(this.#extensionPart, byte);
    if (next === undefined) return this.#refuse('bad-chunk-extension') !== 'refused';
    if (next === 'over') this.#awaited = 'size-lf';
    else this.#extensionPart = next;
    return true;
  }

  #beginChunk(): boolean {
    this.#overheadBytes = Math.max(0, this.#overheadBytes + this.#lineBytes - 16 - 2 * this.#remaining);
    if (this.#overheadBytes > overheadBytesMax) return this.#refuse('chunk-overhead') !== 'refused';
    this.#awaited = this.#remaining === 0 ? 'trailers' : 'data';
    return true;
  }

  #readTrailers(memory: Buffer, at: number, end: number): BodyEvent {
    const reader = this.#trailerReader as TrailerReader;
    const trailersEnd = reader.read(memory, at, end);
    if (trailersEnd === refused) return this.#refuse(reader.fault as HeadFault);
    if (trailersEnd === incomplete) {
      this.position = end;
      return 'more';
    }
    this.#awaited = 'nothing';
    this.position = trailersEnd;
    return 'end';
  }

  #refuse(fault: BodyFault): 'refused' {
    this.fault = fault;
    return 'refused';
  }
}

/** Undefined where the byte may not stand. */
function nextExtensionPart(part: ExtensionPart, byte: number): ExtensionPart | 'over' | undefined {
  const flags = characterFlags[byte] as number;
  const isToken = (flags & tokenFlag) !== 0;
  switch (part) {
    case 'name-start':
      return isToken ? 'name' : undefined;
    case 'name':
      return isToken ? 'name' : byte === EQUALS ? 'value-start' : afterExtension(byte);
    case 'value-start':
      return isToken ? 'value' : byte === QUOTE ? 'quoted' : undefined;
    case 'value':
      return isToken ? 'value' : afterExtension(byte);
    case 'quoted':
      return byte === QUOTE ? 'after-quote' : byte === BACKSLASH ? 'escaped' : (flags & valueFlag) !== 0 ? 'quoted' : undefined;
    case 'escaped':
      return (flags & valueFlag) !== 0 ? 'quoted' : undefined;
    case 'after-quote':
      return afterExtension(byte);
  }
}

function afterExtension(byte: number): ExtensionPart | 'over' | undefined {
  return byte === SEMICOLON ? 'name-start' : byte === CR ? 'over' : undefined;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : -1;
}
