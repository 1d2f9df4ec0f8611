/** Writes protobuf messages field by field. https://protobuf.dev/programming-guides/encoding/ */
import { Buffer } from 'node:buffer';

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;

/** Fields come out in the order they are written. Defaults are left out, as proto3 does. */
export class ProtoWriter {
  readonly #pieces: Uint8Array[] = [];

  /** Whole numbers from 0 up, booleans and enums. */
  uint(field: number, value: number): this {
    if (value !== 0) this.#push(tag(field, varint), encodeVarint(value));
    return this;
  }

  /** Of a oneof: also when it is false. */
  bool(field: number, value: boolean): this {
    this.#push(tag(field, varint), encodeVarint(Number(value)));
    return this;
  }

  /** `int64`, in a oneof: also when it is 0. Negative ones take ten bytes. */
  int(field: number, value: number): this {
    this.#push(tag(field, varint), value >= 0 ? encodeVarint(value) : encodeNegative(value));
    return this;
  }

  /** A moment in ms, as nanoseconds in a `fixed64`. */
  nanos(field: number, ms: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(Math.round(ms * 1000)) * 1000n);
    this.#push(tag(field, fixed64), bytes);
    return this;
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#push(tag(field, fixed64), bytes);
    return this;
  }

  string(field: number, value: string): this {
    return value === '' ? this : this.bytes(field, Buffer.from(value, 'utf8'));
  }

  /** Also when it is empty: that a message is there may matter. */
  bytes(field: number, value: Uint8Array): this {
    this.#push(tag(field, lengthDelimited), encodeVarint(value.length), value);
    return this;
  }

  message(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  /** One entry of a `map<string, string>`. */
  entry(field: number, key: string, value: string): this {
    return this.message(field, (inner) => inner.string(1, key).string(2, value));
  }

  finish(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  #push(...pieces: readonly Uint8Array[]): void {
    this.#pieces.push(...pieces);
  }
}

function tag(field: number, wireType: number): Uint8Array {
  return encodeVarint(field * 8 + wireType);
}

/** In two's complement of 64 bits. */
function encodeNegative(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** Up to 2^53. */
function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
