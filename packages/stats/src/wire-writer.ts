/** Fields of protobuf into memory that grows. Only what the statistics need. https://protobuf.dev/programming-guides/encoding/ */
import { Buffer } from 'node:buffer';

/** Wire types. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

export class WireWriter {
  #memory = Buffer.allocUnsafe(256);
  #length = 0;

  /** A text; an empty one is not written, as proto3 has it. */
  text(field: number, value: string): void {
    if (value === '') return;
    const length = Buffer.byteLength(value);
    this.#reserve(length + 12);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(length);
    this.#length += this.#memory.write(value, this.#length);
  }

  /** A double; 0 is not written, except the negative one, which is another number. */
  double(field: number, value: number): void {
    if (Object.is(value, 0)) return;
    this.#reserve(16);
    this.#varint(field * 8 + FIXED64);
    this.#length = this.#memory.writeDoubleLE(value, this.#length);
  }

  /** An int64; 0 is not written. Whole, and within what a double holds exactly. */
  int64(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(16);
    this.#varint(field * 8 + VARINT);
    if (value > 0) return this.#varint(value);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80);
    this.#byte(Number(rest));
  }

  /** A message, written by `write`, with its length before it. */
  message(field: number, write: () => void): void {
    this.#reserve(12);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    const start = this.#length;
    write();
    const length = this.#length - start;
    const prefix = varintLength(length);
    // The length is known only now, and takes as many bytes as it takes.
    this.#reserve(prefix);
    this.#memory.copyWithin(start + prefix, start, this.#length);
    this.#length = start;
    this.#varint(length);
    this.#length += length;
  }

  /** What has been written, in memory of its own. */
  finish(): Buffer {
    return Buffer.from(this.#memory.subarray(0, this.#length));
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 128);
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#memory[this.#length] = value;
    this.#length += 1;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#memory.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#memory.length * 2, this.#length + bytes));
    this.#memory.copy(grown, 0, 0, this.#length);
    this.#memory = grown;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
  return length;
}
