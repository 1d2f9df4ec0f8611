import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeStat, decodeStatMessages, encodeStat, encodeStatMessages } from './stat-codec.ts';
import { emptyStat, type WireStat } from './stat-message.ts';

/** Every field has a value that differs from all others. */
const full: WireStat = {
  podName: 'pod-1',
  averageConcurrentRequests: 1.5,
  averageProxiedConcurrentRequests: 0.5,
  requestCount: 8,
  proxiedRequestCount: 2,
  processUptimeSeconds: 12.25,
  timestampSeconds: 1_767_225_600,
};

const fullHex =
  '0a05706f642d31' + // 1: "pod-1"
  '11000000000000f83f' + // 2: 1.5
  '19000000000000e03f' + // 3: 0.5
  '210000000000002040' + // 4: 8
  '290000000000000040' + // 5: 2
  '310000000000802840' + // 6: 12.25
  '3880f2d6ca06'; // 7: 1767225600

const bytesOf = (hex: string) => Buffer.from(hex, 'hex');

describe('a Stat', () => {
  it('stands on the wire field by field, in the order of their numbers', () => {
    expect(encodeStat(full).toString('hex')).toBe(fullHex);
    expect(decodeStat(bytesOf(fullHex))).toEqual(full);
  });

  it('leaves out what is empty or zero', () => {
    expect(encodeStat(emptyStat('')).toString('hex')).toBe('');
    expect(encodeStat({ ...emptyStat('p'), requestCount: 1 }).toString('hex')).toBe('0a017021000000000000f03f');
    expect(decodeStat(Buffer.alloc(0))).toEqual(emptyStat(''));
  });

  it('with a long pod name has its length in two bytes', () => {
    const bytes = encodeStat(emptyStat('p'.repeat(200)));
    expect(bytes.subarray(0, 3).toString('hex')).toBe('0ac801');
    expect(bytes.length).toBe(203);
  });

  it('with a time before the epoch has it in ten bytes, as int64 does', () => {
    const bytes = encodeStat({ ...emptyStat(''), timestampSeconds: -1 });
    expect(bytes.toString('hex')).toBe('38ffffffffffffffffff01');
    expect(decodeStat(bytes)?.timestampSeconds).toBe(-1);
  });

  it('is understood with fields that are not known, of whatever kind, in whatever order', () => {
    const unknown = [
      '4207756e6b6e6f776e', // 8: text
      '48ac02', // 9: varint
      '51000000000000f03f', // 10: 64 bits
      '5d00000000', // 11: 32 bits
      '6308016a016164', // 12: a group with two fields
    ].join('');
    expect(decodeStat(bytesOf(`${unknown}21000000000000f03f0a0170${unknown}`))).toEqual({ ...emptyStat('p'), requestCount: 1 });
  });

  it('takes a known number of an unknown wire type for an unknown field', () => {
    expect(decodeStat(bytesOf('10050a0170'))).toEqual(emptyStat('p'));
  });

  it('takes the last of a field that comes twice', () => {
    expect(decodeStat(bytesOf('0a01610a0162'))?.podName).toBe('b');
  });

  it.each([
    ['cut off in a text', '0a0561'],
    ['cut off in a number', '11000000'],
    ['cut off behind a tag', '11'],
    ['a text that is not UTF-8', '0a01ff'],
    ['field number 0', '0000'],
    ['a wire type that is none', '0e'],
    ['a varint without end', 'ffffffffffffffffffffff'],
    ['a group without end', '63'],
    ['a group that ends as another', '6354'],
  ])('is refused: %s', (_, hex) => {
    expect(decodeStat(bytesOf(hex))).toBeUndefined();
  });
});

describe('the messages of an activator', () => {
  it('name the revision beside each stat', () => {
    const messages = [
      { namespace: 'default', name: 'hello-00001', stat: { ...emptyStat('activator-1'), averageConcurrentRequests: 1, requestCount: 1 } },
      { namespace: 'ns', name: 'r', stat: emptyStat('') },
    ];
    const hex =
      '0a37' + // message of 55 bytes
      '0a0764656661756c74' + // "default"
      '120b68656c6c6f2d3030303031' + // "hello-00001"
      '1a1f' + // stat of 31 bytes
      '0a0b616374697661746f722d31' + // "activator-1"
      '11000000000000f03f' + // 1
      '21000000000000f03f' + // 1
      '0a09' + // message of 9 bytes
      '0a026e73' + // "ns"
      '120172' + // "r"
      '1a00'; // an empty stat
    expect(encodeStatMessages(messages).toString('hex')).toBe(hex);
    expect(decodeStatMessages(bytesOf(hex))).toEqual(messages);
  });

  it('may be none, and may have no stat', () => {
    expect(encodeStatMessages([]).length).toBe(0);
    expect(decodeStatMessages(Buffer.alloc(0))).toEqual([]);
    expect(decodeStatMessages(bytesOf('0a030a0161'))).toEqual([{ namespace: 'a', name: '', stat: emptyStat('') }]);
  });

  it('with a stat in two pieces have it merged', () => {
    const hex = '0a101a030a01701a0921000000000000f03f';
    expect(decodeStatMessages(bytesOf(hex))).toEqual([{ namespace: '', name: '', stat: { ...emptyStat('p'), requestCount: 1 } }]);
  });

  it('come back as they went, whatever they say', () => {
    const number = fc.double({ noNaN: true });
    const stat = fc.record({
      podName: fc.string({ unit: 'binary' }),
      averageConcurrentRequests: number,
      averageProxiedConcurrentRequests: number,
      requestCount: number,
      proxiedRequestCount: number,
      processUptimeSeconds: number,
      timestampSeconds: fc.maxSafeInteger(),
    });
    const message = fc.record({ namespace: fc.string(), name: fc.string({ maxLength: 300 }), stat });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), (messages) => {
        expect(decodeStatMessages(encodeStatMessages(messages))).toEqual(messages);
      }),
      { numRuns: 50 },
    );
  });

  it('are understood or refused, and nothing else, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeStatMessages(bytes);
        decodeStat(bytes);
      }),
    );
  });
});
