/**
 * The Huffman code of HPACK (RFC 7541 5.2 and Appendix B), for reading only: what leaves here is written plain,
 * since a proxy pays for coding and the wire inside a mesh hardly notices.
 *
 * The code is canonical: codes of one length follow each other in the order of their symbols, and longer ones go on
 * where shorter ones end. So the lengths say all, and a code is found by its length and its distance from the first.
 */
import type { Buffer } from 'node:buffer';

/** Bits of the code of each byte, and of the end of the string as the last. */
const bitsOfSymbol = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

const endOfString = 256;
const bitsMax = 30;

/** By length: the first code, how many there are, and where their symbols begin in `symbolsInOrder`. */
const firstCode = new Int32Array(bitsMax + 1);
const codesOfLength = new Int32Array(bitsMax + 1);
const firstSymbol = new Int32Array(bitsMax + 1);
let symbolsInOrder: readonly number[] = [];

/** By the next eight bits: the symbol and, below it, the length of its code; 0 where the code is longer. Made when they are needed. */
let shortCodes: Uint16Array | undefined;

function orderSymbols(): number[] {
  const ordered: number[] = [];
  let code = 0;
  for (let bits = 1; bits <= bitsMax; bits += 1) {
    code <<= 1;
    firstCode[bits] = code;
    firstSymbol[bits] = ordered.length;
    for (let symbol = 0; symbol < bitsOfSymbol.length; symbol += 1) if (bitsOfSymbol[symbol] === bits) ordered.push(symbol);
    codesOfLength[bits] = ordered.length - (firstSymbol[bits] as number);
    code += codesOfLength[bits] as number;
  }
  return ordered;
}

function buildShortCodes(): Uint16Array {
  symbolsInOrder = orderSymbols();
  const table = new Uint16Array(256);
  for (let bits = 1; bits <= 8; bits += 1) {
    for (let index = 0; index < (codesOfLength[bits] as number); index += 1) {
      const symbol = symbolsInOrder[(firstSymbol[bits] as number) + index] as number;
      const from = ((firstCode[bits] as number) + index) << (8 - bits);
      table.fill((symbol << 4) | bits, from, from + (1 << (8 - bits)));
    }
  }
  return table;
}

/** The shortest code has five bits, so a string grows to no more than this. */
export function decodedBytesMax(codedBytes: number): number {
  return Math.floor((codedBytes * 8) / 5);
}

/** Writes what the bytes from `start` to `end` stand for at `at`, and gives where it ends; -1 when they are no such code. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, target: Buffer, at: number): number {
  const shorts = (shortCodes ??= buildShortCodes());
  const bitsEnd = (end - start) * 8;
  let to = at;
  let bit = 0;
  for (;;) {
    const left = bitsEnd - bit;
    if (left <= 0) return left === 0 ? to : -1;
    const byteAt = start + (bit >>> 3);
    // Beyond the end all bits are ones, as the padding is.
    const next = byteAt + 1 < end ? (bytes[byteAt + 1] as number) : 0xff;
    const window = ((((bytes[byteAt] as number) << 8) | next) >>> (8 - (bit & 7))) & 0xff;
    const short = shorts[window] as number;
    if (short !== 0) {
      const length = short & 0xf;
      if (length > left) return isPadding(bytes, end, left) ? to : -1;
      target[to++] = short >>> 4;
      bit += length;
      continue;
    }
    if (left < 8) return isPadding(bytes, end, left) ? to : -1;
    const long = findLongCode(bytes, start, bit, left);
    if (long < 0 || long >>> 5 === endOfString) return -1;
    target[to++] = long >>> 5;
    bit += long & 0x1f;
  }
}

/** The last bits of a string, fewer than eight: the beginning of the end of a string, which is ones. */
function isPadding(bytes: Uint8Array, end: number, left: number): boolean {
  const mask = (1 << left) - 1;
  return left < 8 && ((bytes[end - 1] as number) & mask) === mask;
}

/** Symbol and, below it, length of a code longer than eight bits; -1 when there is none before the end. */
function findLongCode(bytes: Uint8Array, start: number, bit: number, left: number): number {
  let code = 0;
  const most = Math.min(left, bitsMax);
  for (let bits = 1; bits <= most; bits += 1) {
    const at = bit + bits - 1;
    code = (code << 1) | (((bytes[start + (at >>> 3)] as number) >>> (7 - (at & 7))) & 1);
    const index = code - (firstCode[bits] as number);
    if (bits > 8 && index >= 0 && index < (codesOfLength[bits] as number)) return ((symbolsInOrder[(firstSymbol[bits] as number) + index] as number) << 5) | bits;
  }
  return -1;
}
