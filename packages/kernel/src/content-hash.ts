/**
 * A short name for content: equal texts have equal hashes, on every machine and after every restart. MurmurHash3 (x86, 128 bits,
 * of which the first 64 are taken), by Austin Appleby. Against accidents, not against somebody who looks for clashes; and
 * without `node:crypto`, which takes longer to load than a proxy has for its start.
 */
import { Buffer } from 'node:buffer';

export interface ContentHash {
  /** 32 bits each. */
  readonly high: number;
  readonly low: number;
}

/** Of bytes, or of a text as UTF-8. */
export function hashContent(content: string | Buffer): ContentHash {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const whole = bytes.length & ~15;
  let [h1, h2, h3, h4] = [0, 0, 0, 0];
  for (let at = 0; at < whole; at += 16) {
    h1 = stir(h1 ^ mix(bytes.readUInt32LE(at), c1, 15, c2), 19, h2, 0x561ccd1b);
    h2 = stir(h2 ^ mix(bytes.readUInt32LE(at + 4), c2, 16, c3), 17, h3, 0x0bcaa747);
    h3 = stir(h3 ^ mix(bytes.readUInt32LE(at + 8), c3, 17, c4), 15, h4, 0x96cd1c35);
    h4 = stir(h4 ^ mix(bytes.readUInt32LE(at + 12), c4, 18, c1), 13, h1, 0x32ac3b17);
  }
  // Zeroes behind the last bytes leave everything as it is.
  const rest = Buffer.alloc(16);
  bytes.copy(rest, 0, whole);
  h1 ^= mix(rest.readUInt32LE(0), c1, 15, c2) ^ bytes.length;
  h2 ^= mix(rest.readUInt32LE(4), c2, 16, c3) ^ bytes.length;
  h3 ^= mix(rest.readUInt32LE(8), c3, 17, c4) ^ bytes.length;
  h4 ^= mix(rest.readUInt32LE(12), c4, 18, c1) ^ bytes.length;
  h1 += h2 + h3 + h4;
  [h1, h2, h3, h4] = [avalanche(h1), avalanche(h2 + h1), avalanche(h3 + h1), avalanche(h4 + h1)];
  h1 += h2 + h3 + h4;
  return { high: h1 >>> 0, low: (h2 + h1) >>> 0 };
}

/** 16 hex digits. */
export function formatContentHash({ high, low }: ContentHash): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

const c1 = 0x239b961b;
const c2 = 0xab0e9789;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93;

function mix(word: number, before: number, bits: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), bits), after);
}

function stir(hash: number, bits: number, neighbour: number, constant: number): number {
  return (Math.imul(rotate(hash, bits) + neighbour, 5) + constant) | 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function avalanche(hash: number): number {
  let h = hash | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
