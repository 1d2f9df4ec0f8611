/**
 * How fields stand one after the other on the wire, and how those are passed over that nobody knows. Whatever a peer
 * sends is read within the bounds of its message and to a bounded depth, or refused.
 */
import { isUtf8 } from 'node:buffer';

import type { Reader } from 'protobufjs/minimal.js';

/** Messages nested deeper than this are refused, in both directions, as protobuf's own parsers do by default. */
export const depthMax = 100;

/** A field's number and how its value is framed: 0 varint, 1 eight bytes, 2 length first, 5 four bytes. */
export type Tag = number;

export function tagOf(id: number, wireType: number): Tag {
  return ((id << 3) | wireType) >>> 0;
}

/** Calls `onField` with each tag until `end`, where the last field must end too. What it returns false for is passed over. */
export function eachField(reader: Reader, end: number, onField: (tag: Tag) => boolean): void {
  while (reader.pos < end) {
    const tag = readTag(reader);
    if (!onField(tag)) skipField(reader, tag);
  }
  checkEnd(reader, end);
}

export function readTag(reader: Reader): Tag {
  const tag = readShort(reader, 'the tag of a field');
  if (tag >>> 3 === 0) throw new RangeError(`a field at byte ${reader.pos} has the number 0`);
  return tag;
}

/**
 * The low 32 bits of a number of any length. protobufjs takes for granted that what has more than five bytes has ten, and
 * reads on in the wrong place where it has fewer.
 */
export function readVarint32(reader: Reader): number {
  const { buf, len } = reader;
  let { pos } = reader;
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (pos >= len) throw new RangeError(`a number at byte ${reader.pos} goes beyond the end at ${len}`);
    const byte = buf[pos] as number;
    pos += 1;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      reader.pos = pos;
      return value >>> 0;
    }
  }
  throw new RangeError(`a number at byte ${reader.pos} has more than ten bytes`);
}

/** Whether any bit of a number of any length is set. */
export function readBool(reader: Reader): boolean {
  const start = reader.pos;
  readVarint32(reader);
  for (let at = start; at < reader.pos; at += 1) if (((reader.buf[at] as number) & 0x7f) !== 0) return true;
  return false;
}

/** A tag or a length, which has five bytes at most, lest two readers cut one message in two ways. */
function readShort(reader: Reader, what: string): number {
  const start = reader.pos;
  const value = readVarint32(reader);
  const bytes = reader.pos - start;
  if (bytes > 5 || (bytes === 5 && (reader.buf[reader.pos - 1] as number) > 0x0f)) throw new RangeError(`${what} at byte ${start} has more than 32 bits`);
  return value;
}

function readLength(reader: Reader): number {
  return readShort(reader, 'a length');
}

/** Reads bytes that stand behind their length. The result is a view. */
export function readBytes(reader: Reader): Uint8Array {
  const start = reader.pos;
  const length = readLength(reader);
  const from = reader.pos;
  if (from + length > reader.len) throw new RangeError(`${length} bytes at byte ${start} go beyond the end at ${reader.len}`);
  reader.pos = from + length;
  return reader.buf.subarray(from, from + length);
}

export function checkEnd(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new RangeError(`message ends at byte ${end}, its last field at ${reader.pos}`);
}

/** Reads a length and gives where the nested message ends, which must lie within the outer one. */
export function endOfNested(reader: Reader, outerEnd: number): number {
  const length = readLength(reader);
  const end = length + reader.pos;
  if (end > outerEnd) throw new RangeError(`message ends at byte ${end}, beyond the one around it at ${outerEnd}`);
  return end;
}

/** Reads text, which must be UTF-8: what stands in place of what is none would be another name. */
export function readText(reader: Reader): string {
  const start = reader.pos;
  const bytes = readBytes(reader);
  const text = (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString('utf8');
  if (text.includes('\ufffd') && !isUtf8(bytes)) throw new RangeError(`text at byte ${start} is not UTF-8`);
  return text;
}

/** Passes over a field's value. Groups, which proto3 has no more, may stand in each other. */
export function skipField(reader: Reader, tag: Tag, depth = 0): void {
  const wireType = tag & 7;
  if (wireType === 0) {
    readVarint32(reader);
    return;
  }
  if (wireType === 2) {
    readBytes(reader);
    return;
  }
  if (wireType !== 3) {
    // protobufjs refuses the end of a group that has not begun (4), and what is no framing at all (6, 7).
    reader.skipType(wireType);
    return;
  }
  if (depth >= depthMax) throw new RangeError(`groups are nested more than ${depthMax} deep`);
  for (;;) {
    const inner = readTag(reader);
    if ((inner & 7) !== 4) skipField(reader, inner, depth + 1);
    else if (inner >>> 3 === tag >>> 3) return;
    else throw new RangeError(`group ${tag >>> 3} ends as group ${inner >>> 3}`);
  }
}
