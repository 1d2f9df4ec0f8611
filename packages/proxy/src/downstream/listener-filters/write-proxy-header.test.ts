/** PROXY headers, byte by byte, and as our own reader takes them. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { readProxyHeader } from './proxy-header.ts';
import { writeProxyV1, writeProxyV2 } from './write-proxy-header.ts';

const v4 = { source: { host: '10.1.2.3', port: 1234 }, destination: { host: '10.4.5.6', port: 443 } };
const v6 = { source: { host: '2001:db8::1', port: 65_535 }, destination: { host: '::1', port: 0 } };
const mapped = { source: { host: '::ffff:10.1.2.3', port: 1234 }, destination: { host: '::ffff:10.4.5.6', port: 443 } };
const signature = '0d0a0d0a000d0a515549540a';

test('version 1 is a line', () => {
  expect(writeProxyV1(v4).toString()).toBe('PROXY TCP4 10.1.2.3 10.4.5.6 1234 443\r\n');
  expect(writeProxyV1(mapped).toString()).toBe('PROXY TCP4 10.1.2.3 10.4.5.6 1234 443\r\n');
  expect(writeProxyV1(v6).toString()).toBe('PROXY TCP6 2001:db8::1 ::1 65535 0\r\n');
  expect(writeProxyV1(undefined).toString()).toBe('PROXY UNKNOWN\r\n');
});

test('version 2 is binary, with what else is known behind the addresses', () => {
  expect(writeProxyV2(v4, []).toString('hex')).toBe(`${signature}2111000c0a0102030a04050604d201bb`);
  expect(writeProxyV2(v4, [{ type: 0xea, value: Buffer.from('vpce') }]).toString('hex')).toBe(`${signature}211100130a0102030a04050604d201bbea000476706365`);
  expect(writeProxyV2(v6, []).toString('hex')).toBe(`${signature}2121002420010db800000000000000000000000100000000000000000000000000000001ffff0000`);
  expect(writeProxyV2(undefined, []).toString('hex')).toBe(`${signature}20000000`);
});

test.each([
  ['of a Unix socket', { source: { host: '', port: 0 }, destination: { host: '', port: 0 } }],
  ['of two families', { source: v6.source, destination: v4.destination }],
])('ends %s are not said', (_case, ends) => {
  expect(writeProxyV1(ends).toString()).toBe('PROXY UNKNOWN\r\n');
  expect(writeProxyV2(ends, []).toString('hex')).toBe(`${signature}20000000`);
});

test('what is written is read the same', () => {
  const tlvs = [{ type: 4, value: Buffer.alloc(0) }, { type: 0xff, value: Buffer.alloc(300, 7) }];
  for (const ends of [v4, v6]) {
    const one = writeProxyV1(ends);
    expect(readProxyHeader(one)).toEqual({ kind: 'header', version: 1, length: one.length, addresses: ends, tlvs: [] });
    const two = writeProxyV2(ends, tlvs);
    expect(readProxyHeader(two)).toEqual({ kind: 'header', version: 2, length: two.length, addresses: ends, tlvs });
  }
  expect(readProxyHeader(writeProxyV1(undefined))).toMatchObject({ kind: 'header', addresses: undefined });
  expect(readProxyHeader(writeProxyV2(undefined, []))).toMatchObject({ kind: 'header', addresses: undefined });
});
