/**
 * How fields stand one after the other on the wire, and how those are passed over that nobody knows. Whatever a peer
 * sends is read within the bounds of its message and to a bounded depth, or refused.
 */
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
  const tag = reader.uint32();
  if (tag >>> 3 === 0) throw new RangeError(`a field at byte ${reader.pos} has the number 0`);
  return tag;
}

export function checkEnd(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new RangeError(`message ends at byte ${end}, its last field at ${reader.pos}`);
}

/** Reads a length and gives where the nested message ends, which must lie within the outer one. */
export function endOfNested(reader: Reader, outerEnd: number): number {
  const length = reader.uint32();
  const end = length + reader.pos;
  if (end > outerEnd) throw new RangeError(`message ends at byte ${end}, beyond the one around it at ${outerEnd}`);
  return end;
}

/** Reads text. protobufjs, given a length beyond the end, gives what there is. */
export function readText(reader: Reader): string {
  const { pos } = reader;
  const length = reader.uint32();
  if (reader.pos + length > reader.len) throw new RangeError(`text of ${length} bytes at byte ${reader.pos} goes beyond the end at ${reader.len}`);
  reader.pos = pos;
  return reader.string();
}

/** Passes over a field's value. Groups, which proto3 has no more, may stand in each other. */
export function skipField(reader: Reader, tag: Tag, depth = 0): void {
  const wireType = tag & 7;
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
