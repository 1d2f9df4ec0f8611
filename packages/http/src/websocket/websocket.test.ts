import { Buffer } from 'node:buffer';
import { createSeededRandom } from '@sluice/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead, ResponseHead } from '../message-head.ts';
import { FrameReader } from './frame-reader.ts';
import { CloseCode, closePayload, Opcode, writeFrame } from './frame.ts';
import { acceptOf, createWebSocketKey, findUpgradeFault, isUpgradeAccepted, writeUpgradeRequest, writeUpgradeResponse } from './handshake.ts';

/** A random source that gives one number for ever. */
const always = (value: number) => ({ next: () => value });

function createReader(role: 'server' | 'client', messageBytesMax = 1000) {
  const events: string[] = [];
  const reader = new FrameReader(role, messageBytesMax, {
    onMessage: (kind, payload) => events.push(`${kind} ${payload.toString('latin1')}`),
    onPing: (payload) => events.push(`ping ${payload.toString('latin1')}`),
    onPong: (payload) => events.push(`pong ${payload.toString('latin1')}`),
    onClose: (code, reason) => events.push(`close ${code} ${reason}`),
  });
  return { events, read: (hex: string) => reader.read(Buffer.from(hex, 'hex'), 0, hex.length / 2), reader };
}

describe('a frame', () => {
  // The examples of RFC 6455 5.7.
  it('of a server stands as it is', () => {
    expect(writeFrame(Opcode.text, Buffer.from('Hello')).toString('hex')).toBe('810548656c6c6f');
  });

  it('of a client is masked', () => {
    const key = 0x37fa213d / 0x1_0000_0000;
    expect(writeFrame(Opcode.text, Buffer.from('Hello'), always(key)).toString('hex')).toBe('818537fa213d7f9f4d5158');
  });

  it('has its length in seven, sixteen or sixty-four bits', () => {
    expect(writeFrame(Opcode.binary, Buffer.alloc(125)).subarray(0, 2).toString('hex')).toBe('827d');
    expect(writeFrame(Opcode.binary, Buffer.alloc(256)).subarray(0, 4).toString('hex')).toBe('827e0100');
    expect(writeFrame(Opcode.binary, Buffer.alloc(65_536)).subarray(0, 10).toString('hex')).toBe('827f0000000000010000');
  });
});

describe('reading', () => {
  it('puts the pieces of a message together, with control frames in between', () => {
    const { events, read } = createReader('client');
    expect(read('010348656c890548656c6c6f80026c6f')).toBeUndefined();
    expect(events).toEqual(['ping Hello', 'text Hello']);
  });

  it('unmasks what a client sends', () => {
    const { events, read } = createReader('server');
    expect(read('818537fa213d7f9f4d51588a8537fa213d7f9f4d5158')).toBeUndefined();
    expect(events).toEqual(['text Hello', 'pong Hello']);
  });

  it('tells how the peer closed, and takes nothing afterwards', () => {
    const { events, read } = createReader('client');
    read(`${writeFrame(Opcode.close, closePayload(CloseCode.serviceRestart, 'Restarting')).toString('hex')}810548656c6c6f`);
    expect(events).toEqual(['close 1012 Restarting']);
  });

  it('takes a close without a status for 1005', () => {
    const { events, read } = createReader('client');
    read('8800');
    expect(events).toEqual(['close 1005 ']);
  });

  it.each([
    ['a frame of a server that is masked', 'client', '818537fa213d7f9f4d5158', 1002],
    ['a frame of a client that is not', 'server', '810548656c6c6f', 1002],
    ['a reserved bit', 'client', 'c100', 1002],
    ['an unknown opcode', 'client', '8300', 1002],
    ['an unknown control opcode', 'client', '8b00', 1002],
    ['a fragmented ping', 'client', '0900', 1002],
    ['a ping of 126 bytes', 'client', '897e007e', 1002],
    ['a continuation of nothing', 'client', '8000', 1002],
    ['a message within a message', 'client', '01008100', 1002],
    ['a message beyond the limit, before its bytes have come', 'client', '827f0000000000100000', 1009],
    ['pieces that are beyond it together', 'client', `027e03e8${'00'.repeat(1000)}800100`, 1009],
    ['a text that is not UTF-8', 'client', '8101ff', 1007],
    ['half a close status', 'client', '880103', 1002],
    ['a close status that no peer may send', 'client', '880203ed', 1002],
    ['a close reason that is not UTF-8', 'client', '880303e8ff', 1007],
  ] as const)('refuses %s', (_, role, hex, code) => {
    const { events, read } = createReader(role);
    expect(read(hex)?.code).toBe(code);
    expect(read('8900')).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('gives the same however the bytes are cut', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(payloads, fc.integer({ min: 1, max: 50 }), fc.nat(), (all, size, seed) => {
        const random = createSeededRandom(seed);
        const bytes = Buffer.concat(all.map((payload) => writeFrame(Opcode.binary, payload, random)));
        const { events, reader } = createReader('server');
        for (let at = 0; at < bytes.length; at += size) expect(reader.read(bytes, at, Math.min(at + size, bytes.length))).toBeUndefined();
        expect(events).toEqual(all.map((payload) => `binary ${Buffer.from(payload).toString('latin1')}`));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the handshake', () => {
  const fields = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  const request = (changes: Record<string, string> = {}) => {
    const head = RequestHead.of('GET', 'autoscaler:8080', '/', { ...fields, ...changes });
    head.connectionOptions = ['upgrade'];
    return head;
  };

  it('accepts with what the RFC gives as its example', () => {
    expect(acceptOf('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it('is written as a request and its answer', () => {
    const key = createWebSocketKey(always(0.5));
    expect(writeUpgradeRequest('autoscaler:8080', '/', key)).toBe(
      'GET / HTTP/1.1\r\nHost: autoscaler:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: gICAgICAgICAgICAgICAgA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(writeUpgradeResponse('dGhlIHNhbXBsZSBub25jZQ==')).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    );
  });

  it('is refused when something is missing', () => {
    expect(findUpgradeFault(request())).toBeUndefined();
    expect(findUpgradeFault(request({ upgrade: 'h2c' }))).toBe('no upgrade to websocket');
    expect(findUpgradeFault(request({ 'sec-websocket-version': '8' }))).toBe('not version 13');
    expect(findUpgradeFault(request({ 'sec-websocket-key': 'c2hvcnQ=' }))).toBe('no key of sixteen bytes');
    expect(findUpgradeFault(RequestHead.of('POST', 'a', '/', fields))).toBe('not a GET of HTTP/1.1');
  });

  it('is over for a client when the right answer has come', () => {
    const answer = (status: number, accept: string) => {
      const head = ResponseHead.of(status, { upgrade: 'WebSocket', connection: 'Upgrade', 'sec-websocket-accept': accept });
      head.connectionOptions = ['upgrade'];
      return head;
    };
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    expect(isUpgradeAccepted(answer(101, acceptOf(key)), key)).toBe(true);
    expect(isUpgradeAccepted(answer(101, acceptOf('other')), key)).toBe(false);
    expect(isUpgradeAccepted(answer(200, acceptOf(key)), key)).toBe(false);
  });
});
