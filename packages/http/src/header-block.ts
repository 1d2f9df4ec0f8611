/**
 * The header fields of one message. Fields that came from the wire stay where they were read, as ranges of
 * one piece of memory, and are copied from there when they are forwarded; only what is asked for becomes a
 * string, and only what was added is held as one. Nothing is allocated per field.
 *
 * Names are compared without regard to letter case and are given in lower case to every method. Values are
 * Latin-1 strings: one character is one byte, so that bytes above 0x7f pass through unchanged.
 */
import { Buffer } from 'node:buffer';
import { isFieldName, isFieldValue } from './characters.ts';
import { Known, knownBit } from './known-headers.ts';

/** A field that is written often: its bytes, with the CRLF, are made once. */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
  readonly bytes: Uint8Array;
  /** Its bit of `Known`, 0 for none. */
  readonly known: number;
}

/** @throws TypeError when the name is no token or the value holds a control character. */
export function createHeaderLine(name: string, value: string): HeaderLine {
  checkField(name, value);
  const lowerName = name.toLowerCase();
  return { name: lowerName, value, known: knownBit(lowerName), bytes: Buffer.from(`${lowerName}: ${value}\r\n`, 'latin1') };
}

interface AddedField {
  readonly name: string;
  readonly value: string;
  /** Present when the bytes were made before. */
  readonly line: HeaderLine | undefined;
}

/** Numbers kept per field of the wire: where its line starts, its name ends, its value starts and ends, and its known bit. */
const stride = 5;
const nameEndAt = 1;
const valueStartAt = 2;
const valueEndAt = 3;
const knownAt = 4;

export class HeaderBlock {
  /** The memory that the ranges point into; the block's own, so it lives as long as the block does. */
  bytes: Buffer = noBytes;
  /** Union of the bits of `Known` of all fields present. */
  known = 0;
  #lines: Int32Array = new Int32Array(stride * 16);
  #count = 0;
  /** One past the last byte of the last field line of the wire. */
  #wireEnd = 0;
  /** Fields added since, in order. */
  #added: AddedField[] = [];

  /** How many fields there are, counting each line. */
  get count(): number {
    let present = this.#added.length;
    for (let index = 0; index < this.#count; index += 1) if (this.#isPresent(index)) present += 1;
    return present;
  }

  has(name: string): boolean {
    const bit = knownBit(name);
    if (bit !== 0 && (this.known & bit) === 0) return false;
    for (let index = 0; index < this.#count; index += 1) if (this.#isNamed(index, name)) return true;
    return this.#added.some((field) => field.name === name);
  }

  /** The value; of several lines with this name the values joined by `, ` in their order (RFC 9110 5.3). */
  get(name: string): string | undefined {
    const bit = knownBit(name);
    if (bit !== 0 && (this.known & bit) === 0) return undefined;
    let found: string | undefined;
    for (let index = 0; index < this.#count; index += 1) {
      if (!this.#isNamed(index, name)) continue;
      const value = this.#valueOf(index);
      found = found === undefined ? value : `${found}, ${value}`;
    }
    for (let index = 0; index < this.#added.length; index += 1) {
      const field = this.#added[index] as AddedField;
      if (field.name === name) found = found === undefined ? field.value : `${found}, ${field.value}`;
    }
    return found;
  }

  /** Replaces all fields of this name by one. */
  set(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  /** Adds one more field, after all others. @throws TypeError when it would break the message */
  add(name: string, value: string): void {
    checkField(name, value);
    this.addChecked(name, value, knownBit(name));
  }

  /** `add` for a name and a value that cannot be wrong, because they were made here. */
  addChecked(name: string, value: string, known: number): void {
    this.known |= known;
    this.#added.push({ name, value, line: undefined });
  }

  /** `add` with bytes made before. */
  addLine(line: HeaderLine): void {
    this.known |= line.known;
    this.#added.push({ name: line.name, value: line.value, line });
  }

  /** `set` with bytes made before. */
  setLine(line: HeaderLine): void {
    if (line.known === 0 || line.known === Known.envoy) this.remove(line.name);
    else this.removeKnown(line.known);
    this.addLine(line);
  }

  remove(name: string): void {
    const bit = knownBit(name);
    if (bit !== 0 && (this.known & bit) === 0) return;
    // The bit of a group says that one of many names is there: those are told apart by name.
    if (bit !== 0 && bit !== Known.envoy) return this.removeKnown(bit);
    for (let index = 0; index < this.#count; index += 1) if (this.#isNamed(index, name)) this.#drop(index);
    for (let index = 0; index < this.#added.length; index += 1) {
      if (this.#added[index]?.name === name) this.#added.splice(index--, 1);
    }
  }

  /** Removes every field that carries one of the `Known` bits in `mask`. */
  removeKnown(mask: number): void {
    if ((this.known & mask) === 0) return;
    const lines = this.#lines;
    for (let index = 0; index < this.#count; index += 1) {
      if (((lines[index * stride + knownAt] as number) & mask) !== 0) this.#drop(index);
    }
    if (this.#added.length > 0) this.#added = this.#added.filter((field) => (knownBit(field.name) & mask) === 0);
    this.known &= ~mask;
  }

  /** Calls back for each field in order, names in lower case. */
  forEach(visit: (name: string, value: string) => void): void {
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#isPresent(index)) visit(this.#nameOf(index), this.#valueOf(index));
    }
    for (const field of this.#added) visit(field.name, field.value);
  }

  /** All fields, for logs and tests. */
  entries(): [name: string, value: string][] {
    const all: [string, string][] = [];
    this.forEach((name, value) => all.push([name, value]));
    return all;
  }

  /** How many bytes `writeFields` will write at most. */
  get fieldBytesMax(): number {
    let total = this.#wireEnd;
    for (const field of this.#added) total += field.line ? field.line.bytes.length : field.name.length + field.value.length + 4;
    return total;
  }

  /** Writes all field lines, each with its CRLF, at `at` and returns where they end. The room is the caller's to check. */
  writeFields(target: Buffer, at: number): number {
    const lines = this.#lines;
    const count = this.#count;
    let position = at;
    let index = 0;
    while (index < count) {
      if (!this.#isPresent(index)) {
        index += 1;
        continue;
      }
      // Neighbours that all stay are copied in one piece.
      const runStart = lines[index * stride] as number;
      do index += 1;
      while (index < count && this.#isPresent(index));
      const runEnd = index < count ? (lines[index * stride] as number) : this.#wireEnd;
      position += this.bytes.copy(target, position, runStart, runEnd);
    }
    for (let added = 0; added < this.#added.length; added += 1) {
      const field = this.#added[added] as AddedField;
      if (field.line) {
        target.set(field.line.bytes, position);
        position += field.line.bytes.length;
      } else {
        position = writeLatin1(target, position, field.name);
        target[position++] = 0x3a;
        target[position++] = 0x20;
        position = writeLatin1(target, position, field.value);
        target[position++] = 0x0d;
        target[position++] = 0x0a;
      }
    }
    return position;
  }

  /** For the parser: the block is empty and its fields will be ranges of memory set by `adopt`. */
  clearFields(): void {
    this.known = 0;
    this.#count = 0;
    this.#wireEnd = 0;
    if (this.#added.length > 0) this.#added = [];
  }

  /** For the parser: one more field of the wire. All numbers are offsets into `bytes`. */
  pushLine(lineStart: number, nameEnd: number, valueStart: number, valueEnd: number, known: number): void {
    const base = this.#count * stride;
    if (base === this.#lines.length) {
      const larger = new Int32Array(this.#lines.length * 2);
      larger.set(this.#lines);
      this.#lines = larger;
    }
    const lines = this.#lines;
    lines[base] = lineStart;
    lines[base + nameEndAt] = nameEnd;
    lines[base + valueStartAt] = valueStart;
    lines[base + valueEndAt] = valueEnd;
    lines[base + knownAt] = known;
    this.#count += 1;
    this.known |= known;
  }

  get lineCount(): number {
    return this.#count;
  }

  endLines(wireEnd: number): void {
    this.#wireEnd = wireEnd;
  }

  #isPresent(index: number): boolean {
    return (this.#lines[index * stride + nameEndAt] as number) !== dropped;
  }

  #drop(index: number): void {
    this.#lines[index * stride + nameEndAt] = dropped;
    this.#lines[index * stride + knownAt] = 0;
  }

  #isNamed(index: number, name: string): boolean {
    const lines = this.#lines;
    const start = lines[index * stride] as number;
    const end = lines[index * stride + nameEndAt] as number;
    const length = name.length;
    if (end - start !== length) return false;
    const bytes = this.bytes;
    for (let at = 0; at < length; at += 1) {
      const byte = bytes[start + at] as number;
      const code = name.charCodeAt(at);
      if (byte !== code && !(byte >= 0x41 && byte <= 0x5a && byte + 0x20 === code)) return false;
    }
    return true;
  }

  #nameOf(index: number): string {
    const start = this.#lines[index * stride] as number;
    return this.bytes.toString('latin1', start, this.#lines[index * stride + nameEndAt] as number).toLowerCase();
  }

  #valueOf(index: number): string {
    const lines = this.#lines;
    return this.bytes.toString('latin1', lines[index * stride + valueStartAt] as number, lines[index * stride + valueEndAt] as number);
  }
}

const noBytes = Buffer.alloc(0);

/** In the place of a name's end: this line is not forwarded. No name ends before its line starts. */
const dropped = -1;

/** Short strings are written faster by a loop than by a call into the engine. */
export function writeLatin1(target: Buffer, at: number, text: string): number {
  const length = text.length;
  if (length > 64) return at + target.write(text, at, length, 'latin1');
  for (let index = 0; index < length; index += 1) target[at + index] = text.charCodeAt(index);
  return at + length;
}

function checkField(name: string, value: string): void {
  if (!isFieldName(name)) throw new TypeError(`not a header name: ${JSON.stringify(name)}`);
  if (!isFieldValue(value)) throw new TypeError(`not a value for header ${name}: it holds a control character`);
}
