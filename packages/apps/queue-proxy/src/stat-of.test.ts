import { Buffer } from 'node:buffer';
import { encodeStat } from '@sluice/stats';
import { expect, test } from 'vitest';
import { statOf } from './stat-of.ts';

/** A field of one double: its tag, and the number as it stands on the wire. */
function double(tag: string, value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return tag + bytes.toString('hex');
}

const report = { averageConcurrency: 1.5, averageProxiedConcurrency: 0.5, requestCount: 4, proxiedRequestCount: 1, intervalMs: 500 };

test('the bytes are those of Knative’s Stat, counts as rates per second', () => {
  expect(Buffer.from(encodeStat(statOf('pod', 12.25, report))).toString('hex')).toBe(
    `0a03${Buffer.from('pod').toString('hex')}${double('11', 1.5)}${double('19', 0.5)}${double('21', 8)}${double('29', 2)}${double('31', 12.25)}`,
  );
});

test('before the first report there are a name and an uptime, and zeros are not written', () => {
  expect(Buffer.from(encodeStat(statOf('pod', 1, undefined))).toString('hex')).toBe(`0a03706f64${double('31', 1)}`);
});

test('a long name has its length in two bytes', () => {
  const bytes = encodeStat(statOf('p'.repeat(200), 0, undefined));
  expect([...bytes.subarray(0, 3)]).toEqual([0x0a, 0xc8, 0x01]);
  expect(bytes.length).toBe(203);
});
