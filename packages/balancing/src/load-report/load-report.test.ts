import { Buffer } from 'node:buffer';
import { assert, property, string, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { readBinaryLoadReport, readLoadReport } from './load-report.ts';

const double = (number: number, value: number): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
};
const entry = (number: number, name: string, value: number): Buffer => {
  const inner = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name), double(2, value)]);
  return Buffer.concat([Buffer.from([(number << 3) | 2, inner.length]), inner]);
};

const message = Buffer.concat([
  double(1, 0.3),
  double(2, 0.8),
  Buffer.from([0x18, 5]), // rps, which is not read any more
  double(6, 100),
  double(7, 2),
  entry(8, 'queue', 0.7),
  entry(5, 'disk', 0.1),
  double(9, 0.5),
]);

const expected = { cpuUtilization: 0.3, memoryUtilization: 0.8, requestsPerSecond: 100, errorsPerSecond: 2, applicationUtilization: 0.5 };

test.each([
  ['text', 'TEXT cpu_utilization=0.3, mem_utilization=0.8,rps_fractional=100,eps=2,application_utilization=0.5,named_metrics.queue=0.7,utilization.disk=0.1'],
  ['JSON', 'JSON {"cpu_utilization":0.3,"memUtilization":0.8,"rps_fractional":100,"eps":2,"application_utilization":0.5,"named_metrics":{"queue":0.7},"utilization":{"disk":0.1}}'],
  ['bytes', `BIN ${message.toString('base64')}`],
])('a report as %s', (_, value) => {
  const report = readLoadReport(value);
  expect(report).toMatchObject(expected);
  expect(report?.named.get('named_metrics.queue')).toBe(0.7);
  expect(report?.named.get('utilization.disk')).toBe(0.1);
});

test.each(['', 'TEXT', 'JSON [1]', 'JSON {', 'TEXT cpu', 'XML <a/>', `BIN ${message.subarray(0, 24).toString('base64')}`])('%j is no report', (value) => {
  expect(readLoadReport(value)).toBeUndefined();
});

test('numbers that can be none count as not said', () => {
  expect(readLoadReport('TEXT cpu_utilization=-1,eps=NaN,rps_fractional=1e999')).toMatchObject({ cpuUtilization: 0, errorsPerSecond: 0, requestsPerSecond: 0 });
});

test('whatever a host sends is read or is not, and does no harm', () => {
  assert(property(string(), (value) => void readLoadReport(`JSON ${value}`)), { seed: 3 });
  assert(property(string(), (value) => void readLoadReport(`TEXT ${value}`)), { seed: 4 });
  assert(
    property(uint8Array({ maxLength: 80 }), (bytes) => {
      const report = readBinaryLoadReport(Buffer.from(bytes).toString('base64'));
      expect(report?.named.size ?? 0).toBeLessThanOrEqual(64);
    }),
    { seed: 5, numRuns: 1000 },
  );
});
