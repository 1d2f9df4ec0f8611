/**
 * Lines of text put together as the bytes they will be in a file. A busy access log is made of values that are bytes already
 * and of short texts; put down one after the other they need no string, no joining and no encoding.
 */
import { Buffer } from 'node:buffer';
import type { HeaderBlock } from '@sluice/http';

const initialBytes = 20 * 1024;

/** A character may become three bytes of UTF-8. */
const bytesPerCharacterMax = 3;

export class LineWriter {
  memory: Buffer = Buffer.alloc(0);
  /** Bytes put down so far. */
  length = 0;

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    const { memory } = this;
    let at = this.length;
    for (let index = 0; index < bytes.length; index += 1) memory[at++] = bytes[index] as number;
    this.length = at;
  }

  text(text: string): void {
    const { length } = text;
    this.#makeRoom(length * bytesPerCharacterMax);
    const { memory } = this;
    let at = this.length;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        at = this.length + memory.write(text, this.length, 'utf8');
        break;
      }
      memory[at++] = code;
    }
    this.length = at;
  }

  number(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0x7f_ff_ff_ff) return this.text(String(value));
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits += 1;
    this.digits(value, digits);
  }

  /** The last `width` digits of a whole number, with zeros before it. */
  digits(value: number, width: number): void {
    this.#makeRoom(width);
    const { memory } = this;
    let rest = value;
    for (let at = this.length + width - 1; at >= this.length; at -= 1) {
      const left = (rest / 10) | 0;
      memory[at] = 0x30 + rest - left * 10;
      rest = left;
    }
    this.length += width;
  }

  /**
   * The value of a field, several lines of it joined by `, `; its bytes are Latin-1. False: there is none, and nothing was put down.
   * @param known its bit of `Known`, 0 for none
   */
  field(block: HeaderBlock, name: string, known: number): boolean {
    let index = block.find(name, known, 0);
    if (index < 0) return false;
    this.#latin1(block.memory, block.valueStartOf(index), block.valueEndOf(index));
    for (index = block.find(name, known, index + 1); index >= 0; index = block.find(name, known, index + 1)) {
      this.text(', ');
      this.#latin1(block.memory, block.valueStartOf(index), block.valueEndOf(index));
    }
    return true;
  }

  /** Gives what was put down, and begins anew with other memory. */
  take(): Buffer {
    const taken = this.memory.subarray(0, this.length);
    this.memory = Buffer.alloc(0);
    this.length = 0;
    return taken;
  }

  #latin1(bytes: Buffer, start: number, end: number): void {
    this.#makeRoom((end - start) * 2);
    const { memory } = this;
    let at = this.length;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index] as number;
      if (byte <= 0x7f) memory[at++] = byte;
      else {
        memory[at++] = 0xc0 | (byte >> 6);
        memory[at++] = 0x80 | (byte & 0x3f);
      }
    }
    this.length = at;
  }

  #makeRoom(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(initialBytes, needed + (needed >> 1)));
    this.memory.copy(larger, 0, 0, this.length);
    this.memory = larger;
  }
}
