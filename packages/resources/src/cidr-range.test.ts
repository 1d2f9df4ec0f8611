import { expect, test } from 'vitest';
import { isInRange, parseIp, type IpBytes } from './cidr-range.ts';

test.each([
  ['10.1.2.3', [10, 1, 2, 3]],
  ['::ffff:10.1.2.3', [10, 1, 2, 3]],
  ['::1', [...Array<number>(15).fill(0), 1]],
  ['::', Array<number>(16).fill(0)],
  ['2001:db8::5:6', [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 6]],
  ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
] as const)('%s is %j', (text, bytes) => {
  expect(parseIp(text)).toEqual(bytes);
});

test.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', 'a.b.c.d', '1:2', ':::', '1::2::3', '1:2:3:4:5:6:7:8:9', '1:2:3:4::5:6:7:8', 'g::1', '::1.2.3.4.5', '12345::'])('%j is no address', (text) => {
  expect(parseIp(text)).toBeUndefined();
});

test.each([
  ['10.1.2.3', '10.0.0.0', 8, true],
  ['11.1.2.3', '10.0.0.0', 8, false],
  ['10.1.130.0', '10.1.128.0', 17, true],
  ['10.1.127.255', '10.1.128.0', 17, false],
  ['8.8.8.8', '0.0.0.0', 0, true],
  ['10.0.0.1', '10.0.0.1', 32, true],
  ['::ffff:10.0.0.1', '10.0.0.1', 32, true],
  ['::1', '0.0.0.0', 0, false],
  ['2001:db8::1', '2001:db8::', 32, true],
  ['no address', '0.0.0.0', 0, false],
] as const)('%s in %s/%i: %s', (host, address, prefixBits, expected) => {
  expect(isInRange(host, { address: parseIp(address) as IpBytes, prefixBits })).toBe(expected);
});
