import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { proxyV2Signature, readProxyHeader } from './proxy-header.ts';

const v2 = (command: number, family: number, body: Buffer) =>
  Buffer.concat([proxyV2Signature, Buffer.from([0x20 | command, family, body.length >> 8, body.length & 0xff]), body]);
const ipv4 = Buffer.from([192, 0, 2, 1, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb]);

test('version 1 says who talks to whom, in a line', () => {
  const line = 'PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\r\n';
  expect(readProxyHeader(Buffer.from(`${line}GET`))).toEqual({
    kind: 'header', version: 1, length: line.length, tlvs: [],
    addresses: { source: { host: '192.0.2.1', port: 12_345 }, destination: { host: '10.0.0.1', port: 443 } },
  });
  expect(readProxyHeader(Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 2\r\n'))).toMatchObject({ addresses: { source: { host: '2001:db8::1', port: 1 } } });
  expect(readProxyHeader(Buffer.from('PROXY UNKNOWN whatever it says\r\n'))).toMatchObject({ kind: 'header', addresses: undefined });
});

test('version 2 says it in bytes, and more', () => {
  const header = v2(1, 0x11, Buffer.concat([ipv4, Buffer.from([0xea, 0, 2, 7, 8]), Buffer.from([2, 0, 0])]));
  expect(readProxyHeader(Buffer.concat([header, Buffer.from('rest')]))).toEqual({
    kind: 'header', version: 2, length: header.length,
    addresses: { source: { host: '192.0.2.1', port: 12_345 }, destination: { host: '10.0.0.1', port: 443 } },
    tlvs: [{ type: 0xea, value: Buffer.from([7, 8]) }, { type: 2, value: Buffer.alloc(0) }],
  });
  const ipv6 = Buffer.concat([Buffer.from('20010db8000000000000000000000005', 'hex'), Buffer.from('00010000000000000000000000000000', 'hex'), Buffer.from([0, 1, 0, 2])]);
  expect(readProxyHeader(v2(1, 0x21, ipv6))).toMatchObject({ addresses: { source: { host: '2001:db8::5', port: 1 }, destination: { host: '1::', port: 2 } } });
});

test('a proxy that speaks for itself names nobody', () => {
  expect(readProxyHeader(v2(0, 0, Buffer.alloc(0)))).toMatchObject({ kind: 'header', addresses: undefined, length: 16 });
});

test.each([
  ['a family that is none', Buffer.from('PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n')],
  ['too few parts', Buffer.from('PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n')],
  ['an address of the other family', Buffer.from('PROXY TCP4 ::1 ::2 1 2\r\n')],
  ['a port with a leading zero', Buffer.from('PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n')],
  ['a port above 65535', Buffer.from('PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n')],
  ['a line that does not end', Buffer.from(`PROXY TCP4 ${'1'.repeat(120)}`)],
  ['a command that is unknown', v2(2, 0x11, ipv4)],
  ['UDP', v2(1, 0x12, ipv4)],
  ['addresses that are cut off', v2(1, 0x11, ipv4.subarray(1))],
  ['a TLV that is cut off', v2(1, 0x11, Buffer.concat([ipv4, Buffer.from([1, 0, 9, 1])]))],
])('%s is malformed', (_what, bytes) => {
  expect(readProxyHeader(bytes).kind).toBe('malformed');
});

test('what begins with something else has none, and what could still become one is waited for', () => {
  expect(readProxyHeader(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual({ kind: 'absent' });
  expect(readProxyHeader(Buffer.from('PROXZ'))).toEqual({ kind: 'absent' });
  const whole = v2(1, 0x11, ipv4);
  for (let length = 0; length < whole.length; length += 1) expect(readProxyHeader(whole.subarray(0, length)).kind).toBe('incomplete');
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY '), proxyV2Signature), fc.uint8Array({ maxLength: 64 }), (start, rest) => {
      const found = readProxyHeader(Buffer.concat([start, rest]));
      if (found.kind === 'header') expect(found.length).toBeLessThanOrEqual(start.length + rest.length);
    }),
    { numRuns: 2000, seed: 5 },
  );
});
