import { expect, test } from 'vitest';
import { formatContentHash, hashContent } from './content-hash.ts';

const hashOf = (text: string) => formatContentHash(hashContent(text));

test('is MurmurHash3 of 128 bits, the first half', () => {
  expect(hashOf('')).toBe('0000000000000000');
  expect(hashOf('I will not buy this record, it is scratched.')).toBe('a0a9683b25ac5e40');
});

test('every length of a rest counts', () => {
  const texts = Array.from({ length: 40 }, (_, length) => 'a'.repeat(length));
  expect(new Set(texts.map(hashOf)).size).toBe(texts.length);
});

test('what looks alike does not hash alike', () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => `{"name":"cluster-${index}"}`);
  expect(new Set(texts.map(hashOf)).size).toBe(texts.length);
  expect(hashOf('ü')).not.toBe(hashOf('u'));
});
