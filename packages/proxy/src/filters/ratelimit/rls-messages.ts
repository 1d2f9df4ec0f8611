/**
 * `envoy.service.ratelimit.v3.RateLimitRequest` and `RateLimitResponse` on the wire. The numbers are those of
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ratelimit/v3/rls.proto
 */
import type { Buffer } from 'node:buffer';
import type { Struct } from '@sluice/resources';
import { readFields } from '../../grpc/proto-reader.ts';
import { readStruct } from '../../grpc/proto-struct.ts';
import { ProtoWriter } from '../../grpc/proto-writer.ts';
import type { RateLimitDescriptor } from '../../rate-limit-rule.ts';

export function encodeRateLimitRequest(domain: string, descriptors: readonly RateLimitDescriptor[]): Buffer {
  const writer = new ProtoWriter().string(1, domain);
  for (const { entries, limit, hitsAddend } of descriptors) {
    writer.message(2, (descriptor) => {
      for (const { key, value } of entries) descriptor.message(1, (entry) => entry.string(1, key).string(2, value));
      if (limit) descriptor.message(2, (override) => override.uint(1, limit.requestsPerUnit).uint(2, limit.unit));
      if (hitsAddend !== undefined) descriptor.message(3, (hits) => hits.uint(1, hitsAddend));
    });
  }
  return writer.finish();
}

export interface RateLimitAnswer {
  readonly isOverLimit: boolean;
  /** One for each descriptor that a limit was found for. */
  readonly statuses: readonly LimitStatus[];
  readonly responseHeaders: readonly (readonly [name: string, value: string])[];
  readonly requestHeaders: readonly (readonly [name: string, value: string])[];
  /** Of a refusal. */
  readonly body: string;
  readonly metadata: Struct | undefined;
}

export interface LimitStatus {
  readonly name: string;
  readonly requestsPerUnit: number;
  /** 0 where the service does not say. */
  readonly windowSeconds: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

const overLimit = 2;
/** By the number of `RateLimit.Unit`: unknown, second, minute, hour, day; month and year have no one length. */
const unitSeconds = [0, 1, 60, 3_600, 86_400, 2_592_000, 31_536_000];

/** @throws RangeError for bytes that are none */
export function decodeRateLimitResponse(message: Buffer): RateLimitAnswer {
  const statuses: LimitStatus[] = [];
  const responseHeaders: (readonly [string, string])[] = [];
  const requestHeaders: (readonly [string, string])[] = [];
  let code = 0;
  let body = '';
  let metadata: Struct | undefined;
  for (const { field, number, bytes } of readFields(message)) {
    if (field === 1) code = number;
    if (field === 2) {
      const status = readStatus(bytes);
      if (status) statuses.push(status);
    }
    if (field === 3) responseHeaders.push(readHeader(bytes));
    if (field === 4) requestHeaders.push(readHeader(bytes));
    if (field === 5) body = bytes.toString('utf8');
    if (field === 6) metadata = readStruct(bytes);
  }
  return { isOverLimit: code === overLimit, statuses, responseHeaders, requestHeaders, body, metadata };
}

function readStatus(message: Buffer): LimitStatus | undefined {
  let limit: Pick<LimitStatus, 'name' | 'requestsPerUnit' | 'windowSeconds'> | undefined;
  let remaining = 0;
  let resetSeconds = 0;
  for (const { field, number, bytes } of readFields(message)) {
    if (field === 2) limit = readLimit(bytes);
    if (field === 3) remaining = number;
    if (field === 4) for (const part of readFields(bytes)) if (part.field === 1) resetSeconds = part.number;
  }
  return limit && { ...limit, remaining, resetSeconds };
}

function readLimit(message: Buffer): Pick<LimitStatus, 'name' | 'requestsPerUnit' | 'windowSeconds'> {
  let name = '';
  let requestsPerUnit = 0;
  let windowSeconds = 0;
  for (const { field, number, bytes } of readFields(message)) {
    if (field === 1) requestsPerUnit = number;
    if (field === 2) windowSeconds = unitSeconds[number] ?? 0;
    if (field === 3) name = bytes.toString('utf8');
  }
  return { name, requestsPerUnit, windowSeconds };
}

function readHeader(message: Buffer): readonly [string, string] {
  let name = '';
  let value = '';
  for (const { field, bytes } of readFields(message)) {
    if (field === 1) name = bytes.toString('latin1').toLowerCase();
    if (field === 2 || field === 3) value = bytes.toString('latin1');
  }
  return [name, value];
}
