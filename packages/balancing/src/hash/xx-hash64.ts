/**
 * xxHash64, the hash that Envoy places hosts and requests by, so that a request meets the same host whichever of the
 * two it passes. https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
import type { Hash64 } from './hash64.ts';

const noSeed: Hash64 = { high: 0, low: 0 };

/** The hash of the low bytes of `text`'s characters: header values come as latin1, so these are the bytes on the wire. */
export function xxHash64(text: string, seed: Hash64 = noSeed): Hash64 {
  const { length } = text;
  const hash = new Register(0, 0);
  let at = 0;
  if (length >= stripeBytes) {
    at = readStripes(text, seed, hash);
  } else {
    hash.set(seed.high, seed.low);
    hash.add(p5High, p5Low);
  }
  hash.add(0, length);

  const lane = new Register(0, 0);
  for (; at + 8 <= length; at += 8) {
    lane.set(0, 0);
    round(lane, wordAt(text, at + 4), wordAt(text, at));
    hash.xor(lane.high, lane.low);
    hash.rotateLeft(27);
    hash.multiply(p1High, p1Low);
    hash.add(p4High, p4Low);
  }
  if (at + 4 <= length) {
    lane.set(0, wordAt(text, at));
    lane.multiply(p1High, p1Low);
    hash.xor(lane.high, lane.low);
    hash.rotateLeft(23);
    hash.multiply(p2High, p2Low);
    hash.add(p3High, p3Low);
    at += 4;
  }
  for (; at < length; at += 1) {
    lane.set(p5High, p5Low);
    lane.multiply(0, text.charCodeAt(at) & 0xff);
    hash.xor(lane.high, lane.low);
    hash.rotateLeft(11);
    hash.multiply(p1High, p1Low);
  }
  return avalanche(hash);
}

const stripeBytes = 32;

// The five primes of the definition, in halves.
const p1High = 0x9e3779b1;
const p1Low = 0x85ebca87;
const p2High = 0xc2b2ae3d;
const p2Low = 0x27d4eb4f;
const p3High = 0x165667b1;
const p3Low = 0x9e3779f9;
const p4High = 0x85ebca77;
const p4Low = 0xc2b2ae63;
const p5High = 0x27d4eb2f;
const p5Low = 0x165667c5;

/** Four lanes over each whole stripe of 32 bytes, then joined into `hash`. Gives where the stripes end. */
function readStripes(text: string, seed: Hash64, hash: Register): number {
  const first = new Register(seed.high, seed.low);
  const second = new Register(seed.high, seed.low);
  const third = new Register(seed.high, seed.low);
  const fourth = new Register(seed.high, seed.low);
  first.add(p1High, p1Low);
  first.add(p2High, p2Low);
  second.add(p2High, p2Low);
  // Minus prime 1 is plus its complement.
  fourth.add(~p1High >>> 0, ~p1Low >>> 0);
  fourth.add(0, 1);
  let at = 0;
  for (; at + stripeBytes <= text.length; at += stripeBytes) {
    round(first, wordAt(text, at + 4), wordAt(text, at));
    round(second, wordAt(text, at + 12), wordAt(text, at + 8));
    round(third, wordAt(text, at + 20), wordAt(text, at + 16));
    round(fourth, wordAt(text, at + 28), wordAt(text, at + 24));
  }
  const rotations = [1, 7, 12, 18];
  const turned = new Register(0, 0);
  [first, second, third, fourth].forEach((lane, index) => {
    turned.set(lane.high, lane.low);
    turned.rotateLeft(rotations[index] as number);
    hash.add(turned.high, turned.low);
  });
  for (const lane of [first, second, third, fourth]) {
    turned.set(0, 0);
    round(turned, lane.high, lane.low);
    hash.xor(turned.high, turned.low);
    hash.multiply(p1High, p1Low);
    hash.add(p4High, p4Low);
  }
  return at;
}

function round(lane: Register, high: number, low: number): void {
  const input = new Register(high, low);
  input.multiply(p2High, p2Low);
  lane.add(input.high, input.low);
  lane.rotateLeft(31);
  lane.multiply(p1High, p1Low);
}

function avalanche(hash: Register): Hash64 {
  hash.xorShifted(33);
  hash.multiply(p2High, p2Low);
  hash.xorShifted(29);
  hash.multiply(p3High, p3Low);
  hash.xorShifted(32);
  return { high: hash.high, low: hash.low };
}

/** Four bytes, the first the least. */
function wordAt(text: string, at: number): number {
  const word =
    (text.charCodeAt(at) & 0xff) |
    ((text.charCodeAt(at + 1) & 0xff) << 8) |
    ((text.charCodeAt(at + 2) & 0xff) << 16) |
    ((text.charCodeAt(at + 3) & 0xff) << 24);
  return word >>> 0;
}

/** 64 bits of arithmetic, modulo 2^64. Both halves are unsigned. */
class Register {
  high: number;
  low: number;

  constructor(high: number, low: number) {
    this.high = high;
    this.low = low;
  }

  set(high: number, low: number): void {
    this.high = high;
    this.low = low;
  }

  add(high: number, low: number): void {
    const sum = this.low + low;
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    this.low = sum >>> 0;
  }

  xor(high: number, low: number): void {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
  }

  /** By pieces of 16 bits: a product of two of them is exact. */
  multiply(high: number, low: number): void {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const p00 = a0 * b0;
    const p01 = a0 * b1;
    const middle = a1 * b0 + (p00 >>> 16) + (p01 & 0xffff);
    const carried = a1 * b1 + (p01 >>> 16) + Math.floor(middle / 65_536);
    this.high = (carried + Math.imul(this.high, low) + Math.imul(this.low, high)) >>> 0;
    this.low = ((middle << 16) | (p00 & 0xffff)) >>> 0;
  }

  /** By 1 to 31 bits. */
  rotateLeft(bits: number): void {
    const { high, low } = this;
    this.high = ((high << bits) | (low >>> (32 - bits))) >>> 0;
    this.low = ((low << bits) | (high >>> (32 - bits))) >>> 0;
  }

  /** Xor with itself shifted right by 29, 32 or 33 bits. */
  xorShifted(bits: number): void {
    const { high, low } = this;
    if (bits >= 32) {
      this.low = (low ^ (high >>> (bits - 32))) >>> 0;
      return;
    }
    this.low = (low ^ ((low >>> bits) | (high << (32 - bits)))) >>> 0;
    this.high = (high ^ (high >>> bits)) >>> 0;
  }
}
