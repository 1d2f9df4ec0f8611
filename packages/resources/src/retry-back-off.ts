/** `RetryBackOff` and `RateLimitedRetryBackOff` of a retry policy: how long to wait before the next try. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

/** Before retry n: a random time below (2^n - 1) × base, at most max. */
export interface BackOff {
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
}

/** As long as a response header says, plus up to half of it; other headers and longer times are not listened to. */
export interface RateLimitedBackOff {
  /** The first that is there and can be read counts. */
  readonly resetHeaders: readonly ResetHeader[];
  readonly maxIntervalMs: number;
}

export interface ResetHeader {
  /** Lower case. */
  readonly name: string;
  /** Seconds from now, or seconds since the epoch. */
  readonly format: 'SECONDS' | 'UNIX_TIMESTAMP';
}

/** Envoy's defaults. */
const baseIntervalMs = 25;
const maxIntervalFactor = 10;
const rateLimitedMaxIntervalMs = 300_000;

export const defaultBackOff: BackOff = { baseIntervalMs, maxIntervalMs: baseIntervalMs * maxIntervalFactor };

export function readBackOff(json: unknown, scope: Scope): BackOff | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const base = reader.durationMs('base_interval', baseIntervalMs);
  const max = reader.durationMs('max_interval');
  if (base <= 0) scope.at('base_interval').error('must be more than 0');
  if (max !== undefined && max < base) scope.at('max_interval').error('must not be less than base_interval');
  reader.done();
  return { baseIntervalMs: base, maxIntervalMs: max ?? base * maxIntervalFactor };
}

export function readRateLimitedBackOff(json: unknown, scope: Scope): RateLimitedBackOff | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const backOff: RateLimitedBackOff = {
    resetHeaders: reader.list('reset_headers', readResetHeader),
    maxIntervalMs: reader.durationMs('max_interval', rateLimitedMaxIntervalMs),
  };
  if (backOff.resetHeaders.length === 0) scope.at('reset_headers').error('must name at least one header');
  if (backOff.maxIntervalMs <= 0) scope.at('max_interval').error('must be more than 0');
  reader.done();
  return backOff;
}

function readResetHeader(json: unknown, scope: Scope): ResetHeader | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const header: ResetHeader = {
    name: reader.requiredString('name').toLowerCase(),
    format: reader.enum('format', ['SECONDS', 'UNIX_TIMESTAMP'], 'SECONDS'),
  };
  reader.done();
  return header;
}
