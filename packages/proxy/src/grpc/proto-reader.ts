/** Reads protobuf messages field by field, and throws on what is none. */
import type { Buffer } from 'node:buffer';

/** What stands under a number: a number (varint, fixed), or bytes. */
export interface ProtoField {
  readonly field: number;
  readonly number: number;
  readonly bytes: Buffer;
}

/** Protobuf's own limit is 100; nothing read here is deeper by itself, except what a peer makes so. */
export const protoDepthMax = 100;

/** The fields of a message in their order; those of unknown numbers too. @throws RangeError for bytes that are no message */
export function* readFields(message: Buffer): Generator<ProtoField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      const byte = message[at];
      if (byte === undefined) break;
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError('not a protobuf message: a number has no end');
  };
  const take = (count: number): Buffer => {
    if (at + count > message.length) throw new RangeError('not a protobuf message: a field goes beyond the end');
    at += count;
    return message.subarray(at - count, at);
  };
  const nothing = message.subarray(0, 0);
  while (at < message.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    if (field === 0) throw new RangeError('not a protobuf message: a field has number 0');
    switch (key % 8) {
      case 0:
        yield { field, number: varint(), bytes: nothing };
        break;
      case 1:
        yield { field, number: take(8).readDoubleLE(), bytes: nothing };
        break;
      case 2:
        yield { field, number: 0, bytes: take(varint()) };
        break;
      case 5:
        yield { field, number: take(4).readUInt32LE(), bytes: nothing };
        break;
      default:
        throw new RangeError(`not a protobuf message: wire type ${key % 8}`);
    }
  }
}

/** Negative `int32`s travel as numbers near 2^64; they are brought back. */
export function int32Of(number: number): number {
  return number >= 2 ** 63 ? number - 2 ** 64 : number;
}

/** The entry of a map with string keys. */
export function readEntry(bytes: Buffer): { readonly key: string; readonly value: Buffer } {
  let key = '';
  let value = bytes.subarray(0, 0);
  for (const { field, bytes: content } of readFields(bytes)) {
    if (field === 1) key = content.toString('utf8');
    if (field === 2) value = content;
  }
  return { key, value };
}
