/**
 * Fields of protobuf out of bytes that anybody may have sent: what is cut off or malformed is refused, and fields that are
 * not known are passed over, since a newer peer may have more to say.
 */
import { isUtf8, type Buffer } from 'node:buffer';
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './wire-writer.ts';

const START_GROUP = 3;
const END_GROUP = 4;

/** The largest varint has ten bytes. */
const VARINT_BYTES_MAX = 10;

/** Groups within groups that are passed over, at most: nothing here has any. */
const GROUP_DEPTH_MAX = 16;

/** Thrown by the reader and caught by the codec: no caller sees it. */
export class MalformedWire extends Error {
  override readonly name = 'MalformedWire';
}

export class WireReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** The field that `next` found. */
  field = 0;
  #wireType = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Goes to the next field; false at the end. The field must then be read or skipped. */
  next(): boolean {
    if (this.#at === this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.field < 1 || this.field > 0x1fffffff) throw new MalformedWire('field number out of range');
    return true;
  }

  isMessage(): boolean {
    return this.#wireType === LENGTH_DELIMITED;
  }

  isDouble(): boolean {
    return this.#wireType === FIXED64;
  }

  isVarint(): boolean {
    return this.#wireType === VARINT;
  }

  text(): string {
    const { start, end } = this.#range();
    const bytes = this.#bytes.subarray(start, end);
    if (!isUtf8(bytes)) throw new MalformedWire('text is not UTF-8');
    return bytes.toString('utf8');
  }

  double(): number {
    const start = this.#advance(8);
    return this.#bytes.readDoubleLE(start);
  }

  /** What a double cannot hold exactly is rounded: nothing here counts that far. */
  int64(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new MalformedWire('varint too long');
  }

  message(): WireReader {
    const { start, end } = this.#range();
    return new WireReader(this.#bytes, start, end);
  }

  skip(depth = 0): void {
    switch (this.#wireType) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case FIXED32:
        this.#advance(4);
        return;
      case LENGTH_DELIMITED:
        this.#range();
        return;
      case START_GROUP:
        this.#skipGroup(this.field, depth);
        return;
      default:
        throw new MalformedWire(`wire type ${this.#wireType}`);
    }
  }

  #skipGroup(group: number, depth: number): void {
    if (depth >= GROUP_DEPTH_MAX) throw new MalformedWire('groups too deep');
    while (this.next()) {
      if (this.#wireType === END_GROUP) {
        if (this.field !== group) throw new MalformedWire('group ends as another');
        return;
      }
      this.skip(depth + 1);
    }
    throw new MalformedWire('group without end');
  }

  #range(): { readonly start: number; readonly end: number } {
    const length = this.#varint();
    const start = this.#advance(length);
    return { start, end: start + length };
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new MalformedWire('varint too long');
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  #advance(bytes: number): number {
    const start = this.#at;
    if (bytes > this.#end - start) throw new MalformedWire('cut off');
    this.#at = start + bytes;
    return start;
  }
}
