import { expect, test } from 'vitest';
import { murmurHash2 } from './murmur-hash2.ts';

// What `std::hash<std::string>` of libstdc++ gives on 64 bits.
test.each([
  ['', 6142509188972423790n],
  ['a', 4993892634952068459n],
  ['abcdefgh', 8664279048047335611n],
  ['10.0.0.1:80_17', 4437040220721654695n],
])('the hash of %j is that of libstdc++', (text, expected) => {
  const { high, low } = murmurHash2(text);
  expect((BigInt(high) << 32n) | BigInt(low)).toBe(expected);
});
