/** Reading protobuf's wire format (protobuf.dev, "Encoding"): numbered fields of four shapes. */

/** A field as it stands in the bytes, before anyone says what it means. */
export type WireField =
  | { readonly number: number; readonly kind: 'number'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array };

/** More bytes than a 64-bit number can take mean damage. */
const VARINT_BYTES_MAX = 10;

/** All fields of a message, in order. @throws RangeError when the bytes end early or make no sense */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    at = tag.next;
    const number = Number(tag.value >> 3n);
    switch (Number(tag.value & 7n)) {
      case 0: {
        const { value, next } = readVarint(bytes, at);
        fields.push({ number, kind: 'number', value });
        at = next;
        break;
      }
      case 1:
        fields.push({ number, kind: 'number', value: littleEndian(bytes, at, 8) });
        at += 8;
        break;
      case 2: {
        const { value, next } = readVarint(bytes, at);
        const end = next + Number(value);
        if (end > bytes.length) throw new RangeError('a protobuf field reaches beyond its message');
        fields.push({ number, kind: 'bytes', value: bytes.subarray(next, end) });
        at = end;
        break;
      }
      case 5:
        fields.push({ number, kind: 'number', value: littleEndian(bytes, at, 4) });
        at += 4;
        break;
      default:
        throw new RangeError('a protobuf field has a shape that does not exist');
    }
  }
  return fields;
}

function readVarint(bytes: Uint8Array, from: number): { value: bigint; next: number } {
  let value = 0n;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[from + index];
    if (byte === undefined) throw new RangeError('a protobuf message ends within a number');
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if ((byte & 0x80) === 0) return { value: BigInt.asIntN(64, value), next: from + index + 1 };
  }
  throw new RangeError('a protobuf number is longer than 64 bits');
}

function littleEndian(bytes: Uint8Array, from: number, length: number): bigint {
  if (from + length > bytes.length) throw new RangeError('a protobuf message ends within a number');
  let value = 0n;
  for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[from + index] as number);
  return value;
}
