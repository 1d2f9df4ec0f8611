import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineHashes, formatHash, remainder, type Hash64 } from './hash64.ts';
import { xxHash64 } from './xx-hash64.ts';

const wide = ({ high, low }: Hash64): bigint => (BigInt(high) << 32n) | BigInt(low);
const halves = (value: bigint): Hash64 => ({ high: Number(value >> 32n), low: Number(value & 0xffffffffn) });

test.each([
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['foo', (3728699739546630719n).toString(16).padStart(16, '0')],
  ['bar', (5234164152756840025n).toString(16).padStart(16, '0')],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
])('xxHash64 of %j is %s', (text, expected) => {
  expect(formatHash(xxHash64(text))).toBe(expected);
});

test('whatever the text and the seed, it is what the definition gives', () => {
  const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 120 });
  fc.assert(
    fc.property(bytes, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (text, seed) => {
      expect(wide(xxHash64(text, halves(seed)))).toBe(byDefinition(text, seed));
    }),
    { numRuns: 500 },
  );
});

test('remainders and combinations are those of 64-bit numbers', () => {
  const number64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  fc.assert(
    fc.property(number64, number64, fc.integer({ min: 1, max: 5_000_011 }), (a, b, divisor) => {
      expect(remainder(halves(a), divisor)).toBe(Number(a % BigInt(divisor)));
      expect(wide(combineHashes(halves(a), halves(b)))).toBe(BigInt.asUintN(64, (a << 1n) | (a >> 63n)) ^ b);
    }),
  );
});

/** The specification, word for word, in numbers wide enough. */
function byDefinition(text: string, seed: bigint): bigint {
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n,
  ] as const;
  const cut = (value: bigint): bigint => BigInt.asUintN(64, value);
  const rotate = (value: bigint, bits: bigint): bigint => cut((value << bits) | (value >> (64n - bits)));
  const read = (at: number, count: number): bigint => {
    let value = 0n;
    for (let index = count - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(text.charCodeAt(at + index));
    return value;
  };
  const round = (lane: bigint, input: bigint): bigint => cut(rotate(cut(lane + input * p2), 31n) * p1);
  let at = 0;
  let hash = cut(seed + p5);
  if (text.length >= 32) {
    const lanes = [cut(seed + p1 + p2), cut(seed + p2), seed, cut(seed - p1)];
    for (; at + 32 <= text.length; at += 32) lanes.forEach((lane, index) => (lanes[index] = round(lane, read(at + index * 8, 8))));
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, index) => cut(sum + rotate(lanes[index] ?? 0n, bits)), 0n);
    for (const lane of lanes) hash = cut((hash ^ round(0n, lane)) * p1 + p4);
  }
  hash = cut(hash + BigInt(text.length));
  for (; at + 8 <= text.length; at += 8) hash = cut(rotate(hash ^ round(0n, read(at, 8)), 27n) * p1 + p4);
  if (at + 4 <= text.length) {
    hash = cut(rotate(hash ^ cut(read(at, 4) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < text.length; at += 1) hash = cut(rotate(hash ^ cut(read(at, 1) * p5), 11n) * p1);
  hash = cut((hash ^ (hash >> 33n)) * p2);
  hash = cut((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}
