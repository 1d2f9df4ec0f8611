/**
 * The header fields of one message, kept as the bytes they are on the wire: field lines one after the other in
 * memory of the block's own, and a few numbers per line that say where its parts are. Fields that came from a
 * peer were copied there once, fields that are added are written behind them, and forwarding copies what is left
 * in as few pieces as possible. Only what is asked for becomes a string; no object is made per field.
 *
 * Names are compared without regard to letter case and are given in lower case to every method. Values are
 * Latin-1 strings: one character is one byte, so that bytes above 0x7f pass through unchanged.
 */
import { Buffer } from 'node:buffer';
import { isFieldName, isFieldValue } from './characters.ts';
import { knownBit, knownGroups } from './known-headers.ts';

/** A field that is written often: its line, with the CRLF, is made once. */
export interface HeaderLine {
  /** In lower case. */
  readonly name: string;
  /** Name, colon, space, value, CRLF. */
  readonly bytes: Buffer;
  /** Its bit of `Known`, 0 for none. */
  readonly known: number;
}

/** @throws TypeError when the name is no token or the value holds a control character. */
export function createHeaderLine(name: string, value: string): HeaderLine {
  checkField(name, value);
  const lowerName = name.toLowerCase();
  return { name: lowerName, known: knownBit(lowerName), bytes: Buffer.from(`${lowerName}: ${value}\r\n`, 'latin1') };
}

/** Numbers kept per line: where it starts, its name ends, its value starts and ends, and its known bit. */
const stride = 5;
const nameEndAt = 1;
const valueStartAt = 2;
const valueEndAt = 3;
const knownAt = 4;

/** Of a line: colon, space, CR, LF. */
const framingBytes = 4;

/** The least memory that is taken. Chosen: a usual head with what a proxy adds. */
const memoryBytesMin = 512;

export class HeaderBlock {
  /** The memory that holds the lines. */
  memory: Buffer = noBytes;
  /** Union of the bits of `Known` of all fields present. */
  known = 0;
  #lines: Int32Array = new Int32Array(stride * 16);
  #count = 0;
  /** Where the next line will be written: one past the last. */
  #end = 0;

  /** How many fields there are, counting each line. */
  get count(): number {
    let present = 0;
    for (let index = 0; index < this.#count; index += 1) if (this.#isPresent(index)) present += 1;
    return present;
  }

  has(name: string): boolean {
    if (!this.#mayHold(knownBit(name))) return false;
    for (let index = 0; index < this.#count; index += 1) if (this.#isNamed(index, name)) return true;
    return false;
  }

  /**
   * Index of the first line of this name from line `from` on, -1 when there is none.
   * @param known the name's bit of `Known`, 0 for none
   */
  find(name: string, known: number, from: number): number {
    if (!this.#mayHold(known)) return -1;
    for (let index = from; index < this.#count; index += 1) if (this.#isNamed(index, name)) return index;
    return -1;
  }

  /** The value; of several lines with this name the values joined by `, ` in their order (RFC 9110 5.3). */
  get(name: string): string | undefined {
    if (!this.#mayHold(knownBit(name))) return undefined;
    let found: string | undefined;
    for (let index = 0; index < this.#count; index += 1) {
      if (!this.#isNamed(index, name)) continue;
      const value = this.#valueOf(index);
      found = found === undefined ? value : `${found}, ${value}`;
    }
    return found;
  }

  /** One byte of the value of the first field that carries this bit of `Known`; 0 when there is none. Makes no string. */
  valueByte(bit: number, index: number): number {
    if ((this.known & bit) === 0) return 0;
    const lines = this.#lines;
    for (let line = 0; line < this.#count; line += 1) {
      if (((lines[line * stride + knownAt] as number) & bit) === 0) continue;
      const at = (lines[line * stride + valueStartAt] as number) + index;
      return at < (lines[line * stride + valueEndAt] as number) ? (this.memory[at] as number) : 0;
    }
    return 0;
  }

  /** Replaces all fields of this name by one. @throws TypeError when it would break the message */
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
    const start = this.#makeRoom(name.length + value.length + framingBytes);
    const nameEnd = writeLatin1(this.memory, start, name);
    this.memory[nameEnd] = 0x3a;
    this.memory[nameEnd + 1] = 0x20;
    const valueEnd = writeLatin1(this.memory, nameEnd + 2, value);
    this.memory[valueEnd] = 0x0d;
    this.memory[valueEnd + 1] = 0x0a;
    this.pushLine(start, nameEnd, nameEnd + 2, valueEnd, known);
    this.#end = valueEnd + 2;
  }

  /** `add` with bytes made before. */
  addLine(line: HeaderLine): void {
    const { length } = line.bytes;
    const start = this.#makeRoom(length);
    this.memory.set(line.bytes, start);
    const nameEnd = start + line.name.length;
    this.pushLine(start, nameEnd, nameEnd + 2, start + length - 2, line.known);
    this.#end = start + length;
  }

  /** `set` with bytes made before. */
  setLine(line: HeaderLine): void {
    this.#removeNamed(line.name, line.known);
    this.addLine(line);
  }

  remove(name: string): void {
    this.#removeNamed(name, knownBit(name));
  }

  /** @param bit the name's of `Known`, 0 for none */
  #removeNamed(name: string, bit: number): void {
    if (!this.#mayHold(bit)) return;
    if (bit !== 0 && (bit & knownGroups) === 0) return this.removeKnown(bit);
    for (let index = 0; index < this.#count; index += 1) if (this.#isNamed(index, name)) this.#drop(index);
  }

  /** Removes every field that carries one of the `Known` bits in `mask`. */
  removeKnown(mask: number): void {
    if ((this.known & mask) === 0) return;
    const lines = this.#lines;
    for (let index = 0; index < this.#count; index += 1) {
      if (((lines[index * stride + knownAt] as number) & mask) !== 0) this.#drop(index);
    }
    this.known &= ~mask;
  }

  /** Calls back for each field in order, names in lower case. */
  forEach(visit: (name: string, value: string) => void): void {
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#isPresent(index)) visit(this.#nameOf(index), this.#valueOf(index));
    }
  }

  /** All fields, for logs and tests. */
  entries(): [name: string, value: string][] {
    const all: [string, string][] = [];
    this.forEach((name, value) => all.push([name, value]));
    return all;
  }

  /** How many bytes `writeFields` will write at most. */
  get fieldBytesMax(): number {
    return this.#end;
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
      const runEnd = index < count ? (lines[index * stride] as number) : this.#end;
      position += this.memory.copy(target, position, runStart, runEnd);
    }
    return position;
  }

  /** For the parser: the block is empty; what is in its memory counts for nothing. */
  clearFields(): void {
    this.known = 0;
    this.#count = 0;
    this.#end = 0;
  }

  /** For the parser: one more line. All numbers are offsets into `memory`. */
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

  /** For the parser: how many lines were pushed. */
  get lineCount(): number {
    return this.#count;
  }

  /** For writers of other forms: where the parts of line `index` stand in `memory`. Its name ends at -1 when it is not there any more. */
  nameStartOf(index: number): number {
    return this.#lines[index * stride] as number;
  }

  nameEndOf(index: number): number {
    return this.#lines[index * stride + nameEndAt] as number;
  }

  valueStartOf(index: number): number {
    return this.#lines[index * stride + valueStartAt] as number;
  }

  valueEndOf(index: number): number {
    return this.#lines[index * stride + valueEndAt] as number;
  }

  knownOf(index: number): number {
    return this.#lines[index * stride + knownAt] as number;
  }

  /** For the parser: the last line it pushed ends here. */
  endLines(end: number): void {
    this.#end = end;
  }

  /** For the parser: takes memory for `bytes` at least, keeping the first `kept`. */
  growMemory(bytes: number, kept: number): void {
    if (this.memory.length >= bytes) return;
    let room = memoryBytesMin;
    while (room < bytes) room *= 2;
    const larger = Buffer.allocUnsafeSlow(room);
    if (kept > 0) this.memory.copy(larger, 0, 0, kept);
    this.memory = larger;
  }

  /** Lets go of memory that is larger than what a block should keep between messages. */
  shrinkMemory(keptBytesMax: number): void {
    if (this.memory.length > keptBytesMax) this.memory = noBytes;
  }

  #makeRoom(bytes: number): number {
    const start = this.#end;
    this.growMemory(start + bytes, start);
    return start;
  }

  /** A known name is not there unless its bit is. */
  #mayHold(bit: number): boolean {
    return bit === 0 || (this.known & bit) !== 0;
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
    const { memory } = this;
    for (let at = 0; at < length; at += 1) {
      const byte = memory[start + at] as number;
      const code = name.charCodeAt(at);
      if (byte !== code && !(byte >= 0x41 && byte <= 0x5a && byte + 0x20 === code)) return false;
    }
    return true;
  }

  #nameOf(index: number): string {
    const start = this.#lines[index * stride] as number;
    return this.memory.toString('latin1', start, this.#lines[index * stride + nameEndAt] as number).toLowerCase();
  }

  #valueOf(index: number): string {
    const lines = this.#lines;
    return this.memory.toString('latin1', lines[index * stride + valueStartAt] as number, lines[index * stride + valueEndAt] as number);
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
