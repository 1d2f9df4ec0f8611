/**
 * The answer to an autoscaler that scrapes: one protobuf message, written by hand, since it is eight lines of
 * schema and a library would cost more than the rest of the sidecar's start.
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/metrics/stat.proto
 */
import { Buffer } from 'node:buffer';
import type { TimedReport } from './load-meter.ts';

/** Wire types of protobuf. */
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** @param report absent in the first second: then there are no figures yet */
export function encodeStat(podName: string, uptimeSeconds: number, report: TimedReport | undefined): Uint8Array {
  const perSecond = report && report.intervalMs > 0 ? 1000 / report.intervalMs : 0;
  const doubles: readonly (readonly [field: number, value: number])[] = [
    [2, report?.averageConcurrency ?? 0],
    [3, report?.averageProxiedConcurrency ?? 0],
    [4, (report?.requestCount ?? 0) * perSecond],
    [5, (report?.proxiedRequestCount ?? 0) * perSecond],
    [6, uptimeSeconds],
  ];
  return Buffer.concat([encodeText(1, podName), ...doubles.map(([field, value]) => encodeDouble(field, value))]);
}

function encodeText(field: number, text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length === 0 ? bytes : Buffer.concat([encodeVarint(tagOf(field, LENGTH_DELIMITED)), encodeVarint(bytes.length), bytes]);
}

/** A zero is not written: in proto3 an absent number is zero. */
function encodeDouble(field: number, value: number): Buffer {
  if (value === 0) return Buffer.alloc(0);
  const bytes = Buffer.alloc(9);
  bytes[0] = tagOf(field, FIXED64);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType;
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
