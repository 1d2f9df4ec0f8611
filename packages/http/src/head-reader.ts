/**
 * Reads one head from bytes as they come: the part that requests, responses and trailers share, the field
 * lines of RFC 9112 section 5. Strict: CRLF only, no folding, no space before the colon, no empty name, no
 * control character in a value. Checking is one pass over the bytes; afterwards the head keeps its own copy.
 *
 * A head that comes in pieces costs no more than one that comes whole: complete lines are read once, and of an
 * incomplete one the reader only remembers where it starts.
 */
import type { Buffer } from 'node:buffer';
import { characterFlags, tokenFlag, valueFlag } from './characters.ts';
import type { HeaderBlock } from './header-block.ts';
import { knownBitOfBytes } from './known-headers.ts';

/** Why a head was refused. */
export type HeadFault =
  | 'bad-first-line'
  | 'bad-method'
  | 'bad-target'
  | 'bad-version'
  | 'unsupported-version'
  | 'bad-field-name'
  | 'bad-field-value'
  | 'bad-line-end'
  | 'folded-line'
  | 'bad-host'
  | 'bad-content-length'
  | 'bad-transfer-encoding'
  | 'unsupported-transfer-encoding'
  | 'conflicting-length'
  | 'bad-connection'
  | 'bad-status'
  | 'first-line-too-long'
  | 'head-too-large'
  | 'too-many-fields';

export interface HeadLimits {
  /** Bytes of first line and fields together. Default 60 KiB, as Envoy's `max_request_headers_kb`. */
  readonly headBytesMax: number;
  /** Field lines. Default 100, as Envoy's `max_headers_count`. */
  readonly fieldsMax: number;
}

export const defaultHeadLimits: HeadLimits = { headBytesMax: 60 * 1024, fieldsMax: 100 };

/** All bytes have been taken and the head goes on. */
export const incomplete = -1;
/** The head is refused; `fault` says why. Nothing more may be read. */
export const refused = -2;

/** Memory that a head keeps between messages, at most. Larger heads are rare, and idle connections are many. */
const keptBytesMax = 4096;

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HT = 0x09;
const COLON = 0x3a;

export abstract class HeadReader<Head extends HeaderBlock> {
  readonly head: Head;
  fault: HeadFault | undefined = undefined;
  limits: HeadLimits;
  /** Bytes of the head that have come in earlier reads and stand in the head's memory. */
  #carried = 0;
  /** Where the first line that is not read yet begins, relative to the head's start. */
  #lineStart = 0;
  #firstLineRead = false;

  constructor(head: Head, limits: HeadLimits) {
    this.head = head;
    this.limits = limits;
  }

  /** True between the first byte of a head and its end. */
  get isPartial(): boolean {
    return this.#carried > 0;
  }

  /** Prepares for the next head. The head is emptied, so what it held must not be needed any more. */
  restart(): void {
    this.fault = undefined;
    this.#carried = 0;
    this.#lineStart = 0;
    this.#firstLineRead = false;
    this.head.shrinkMemory(keptBytesMax);
    this.resetHead();
  }

  /** Takes bytes from `start`. Gives where in `memory` the head ends, or `incomplete`, or `refused`. */
  read(memory: Buffer, start: number, end: number): number {
    if (this.#carried > 0) return this.#readOn(memory, start, end);
    const headEnd = this.#parse(memory, start, end);
    if (headEnd === refused) return refused;
    const taken = headEnd === incomplete ? end : headEnd;
    if (taken - start > this.limits.headBytesMax) return this.#tooLarge();
    this.#keep(memory, start, taken);
    if (headEnd === incomplete) {
      this.#carried = taken - start;
      return incomplete;
    }
    return this.#finish(headEnd);
  }

  /** The line before the fields, from `at`: gives where it ends with its CRLF, or `incomplete`, or `refused`. `base` is the head's start. */
  protected abstract readFirstLine(bytes: Buffer, base: number, at: number, end: number): number;
  /** A field that `Known` names has been read. False refuses the head; `fault` is set then. */
  protected abstract onKnownField(bit: number, bytes: Buffer, valueStart: number, valueEnd: number): boolean;
  /** All lines have been read and the head has its memory. False refuses it. */
  protected abstract conclude(): boolean;
  protected abstract resetHead(): void;

  protected refuse(fault: HeadFault): typeof refused {
    this.fault = fault;
    // Lines that were read point into memory that will not be filled: nobody may look at them.
    this.resetHead();
    return refused;
  }

  #readOn(memory: Buffer, start: number, end: number): number {
    const before = this.#carried;
    // What lies beyond the limit cannot belong to a head within it.
    const taken = Math.min(end, start + this.limits.headBytesMax + 1 - before);
    const newline = memory.indexOf(LF, start);
    this.#keepMore(memory, start, taken);
    this.#carried += taken - start;
    if (newline === -1 || newline >= taken) return this.#carried > this.limits.headBytesMax ? this.#tooLarge() : incomplete;
    const headEnd = this.#parse(this.head.memory, 0, this.#carried);
    if (headEnd === refused) return refused;
    if (headEnd > this.limits.headBytesMax) return this.#tooLarge();
    if (headEnd === incomplete) return this.#carried > this.limits.headBytesMax ? this.#tooLarge() : incomplete;
    return this.#finish(start + headEnd - before);
  }

  #finish(headEnd: number): number {
    this.#carried = 0;
    return this.conclude() ? headEnd : refused;
  }

  #tooLarge(): typeof refused {
    return this.refuse(this.#firstLineRead ? 'head-too-large' : 'first-line-too-long');
  }

  /** Reads whole lines from where it stood. `base` is where the head starts in `bytes`. */
  #parse(bytes: Buffer, base: number, end: number): number {
    let at = base + this.#lineStart;
    if (!this.#firstLineRead) {
      at = this.readFirstLine(bytes, base, at, end);
      if (at < 0) return at;
      this.#firstLineRead = true;
    }
    const flags = characterFlags;
    const head = this.head;
    for (;;) {
      const lineStart = at;
      this.#lineStart = lineStart - base;
      if (at >= end) return incomplete;
      let byte = bytes[at] as number;
      if (byte === CR) {
        if (at + 1 >= end) return incomplete;
        if (bytes[at + 1] !== LF) return this.refuse('bad-line-end');
        head.endLines(lineStart - base);
        return at + 2;
      }
      while (((flags[byte] as number) & tokenFlag) !== 0) {
        at += 1;
        if (at >= end) return incomplete;
        byte = bytes[at] as number;
      }
      const nameEnd = at;
      if (byte !== COLON || nameEnd === lineStart) return this.refuse(nameFault(byte, nameEnd === lineStart));
      do {
        at += 1;
        if (at >= end) return incomplete;
        byte = bytes[at] as number;
      } while (byte === SP || byte === HT);
      const valueStart = at;
      while (((flags[byte] as number) & valueFlag) !== 0) {
        at += 1;
        if (at >= end) return incomplete;
        byte = bytes[at] as number;
      }
      if (byte !== CR) return this.refuse(byte === LF ? 'bad-line-end' : 'bad-field-value');
      if (at + 1 >= end) return incomplete;
      if (bytes[at + 1] !== LF) return this.refuse('bad-line-end');
      let valueEnd = at;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1] as number)) valueEnd -= 1;
      at += 2;
      if (head.lineCount >= this.limits.fieldsMax) return this.refuse('too-many-fields');
      const known = knownBitOfBytes(bytes, lineStart, nameEnd);
      if (known !== 0 && !this.onKnownField(known, bytes, valueStart, valueEnd)) return refused;
      head.pushLine(lineStart - base, nameEnd - base, valueStart - base, valueEnd - base, known);
    }
  }

  #keep(memory: Buffer, start: number, end: number): void {
    this.head.growMemory(end - start, 0);
    memory.copy(this.head.memory, 0, start, end);
  }

  #keepMore(memory: Buffer, start: number, end: number): void {
    this.head.growMemory(this.#carried + end - start, this.#carried);
    memory.copy(this.head.memory, this.#carried, start, end);
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

function nameFault(byte: number, atLineStart: boolean): HeadFault {
  if (atLineStart && isBlank(byte)) return 'folded-line';
  return byte === LF ? 'bad-line-end' : 'bad-field-name';
}

/** A range as text; `previous` itself when it says the same, which spares making the string anew on every request. */
export function textOf(bytes: Buffer, start: number, end: number, previous: string): string {
  const length = end - start;
  if (previous.length === length) {
    let index = 0;
    while (index < length && bytes[start + index] === previous.charCodeAt(index)) index += 1;
    if (index === length) return previous;
  }
  return bytes.toString('latin1', start, end);
}

/**
 * Whether a tab stands behind a value. It is legal there, but not every parser takes it for the white space that
 * it is (llhttp does not), and about what frames a message all must agree.
 */
export function hasTabBehind(bytes: Buffer, end: number): boolean {
  for (let at = end; isBlank(bytes[at] as number); at += 1) if (bytes[at] === HT) return true;
  return false;
}

/** Digits only, no sign, no leading zero, at most 2^53 - 1; else -1 (RFC 9110 8.6). */
export function parseContentLength(bytes: Buffer, start: number, end: number): number {
  const digits = end - start;
  // Fifteen digits stay exact in a double, and are three thousand times more than a disk holds.
  if (digits === 0 || digits > 15 || hasTabBehind(bytes, end)) return -1;
  if (digits > 1 && bytes[start] === 0x30) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Whether a range is this lower-case word, in any letter case. */
export function isWord(bytes: Buffer, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let index = 0; index < word.length; index += 1) {
    const byte = bytes[start + index] as number;
    const folded = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (folded !== word.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * The options of one Connection field in lower case, added to those of earlier ones. Undefined when a member is
 * no token. Empty members are allowed, as in every list (RFC 9110 5.6.1).
 */
export function connectionOptions(bytes: Buffer, start: number, end: number, earlier: readonly string[]): readonly string[] | undefined {
  if (earlier.length === 0) {
    if (isWord(bytes, start, end, 'keep-alive')) return keepAliveOnly;
    if (isWord(bytes, start, end, 'close')) return closeOnly;
  }
  const options = [...earlier];
  for (const member of bytes.toString('latin1', start, end).toLowerCase().split(',')) {
    const option = member.trim();
    if (option === '') continue;
    if (!tokenPattern.test(option)) return undefined;
    options.push(option);
  }
  return options;
}

const keepAliveOnly: readonly string[] = ['keep-alive'];
const closeOnly: readonly string[] = ['close'];
const tokenPattern = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
