/** `envoy.config.route.v3.RetryPolicy`: when and how to try again. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeInteger } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

export interface RetryPolicy {
  readonly retryOn: readonly RetryCondition[];
  /** Tries after the first. */
  readonly retriesMax: number;
  /** How long one try may take; 0 is without limit. */
  readonly perTryTimeoutMs: number;
  readonly retriableStatusCodes: readonly number[];
  /** Choose among hosts not tried before, as `envoy.retry_host_predicates.previous_hosts`. */
  readonly avoidPreviousHosts: boolean;
  /** How often to choose another host before taking the last choice. */
  readonly hostSelectionTriesMax: number;
  /** Back-off before try n: a random time below (2^n - 1) × base, at most max. */
  readonly backOff: { readonly baseIntervalMs: number; readonly maxIntervalMs: number };
}

const conditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
] as const;

export type RetryCondition = (typeof conditions)[number];

/** Envoy's defaults for `retry_back_off`. */
const defaultBaseIntervalMs = 25;
const defaultMaxIntervalFactor = 10;

export function readRetryPolicy(json: unknown, scope: Scope): RetryPolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const policy: RetryPolicy = {
    retryOn: readConditions(reader.string('retry_on', ''), scope.at('retry_on')),
    retriesMax: reader.uint32('num_retries', 1),
    perTryTimeoutMs: reader.durationMs('per_try_timeout', 0),
    retriableStatusCodes: reader.list('retriable_status_codes', (code, at) =>
      decodeInteger(code, at, { min: 100, max: 599 }),
    ),
    avoidPreviousHosts: reader.list('retry_host_predicate', readHostPredicate).length > 0,
    hostSelectionTriesMax: reader.integer('host_selection_retry_max_attempts', { min: 0 }) ?? 1,
    backOff: reader.read('retry_back_off', readBackOff) ?? backOff(defaultBaseIntervalMs, undefined),
  };
  reader.refuse([
    'per_try_idle_timeout',
    'retry_priority',
    'retry_options_predicates',
    'rate_limited_retry_back_off',
    'retriable_headers',
    'retriable_request_headers',
  ]);
  reader.done();
  return policy;
}

function readConditions(list: string, scope: Scope): readonly RetryCondition[] {
  const found: RetryCondition[] = [];
  for (const word of list.split(',').map((part) => part.trim())) {
    if (word === '') continue;
    const condition = conditions.find((known) => known === word);
    if (condition === undefined) scope.error(`has ${JSON.stringify(word)}, must be out of ${conditions.join(', ')}`);
    else found.push(condition);
  }
  return found;
}

function readHostPredicate(json: unknown, scope: Scope): true | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  if (name !== 'envoy.retry_host_predicates.previous_hosts') {
    scope.at('name').error(`is ${JSON.stringify(name)}, must be envoy.retry_host_predicates.previous_hosts`);
  }
  reader.read('typed_config', (config) => config); // carries nothing but its type
  reader.done();
  return true;
}

function readBackOff(json: unknown, scope: Scope): RetryPolicy['backOff'] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const base = reader.durationMs('base_interval', defaultBaseIntervalMs);
  const max = reader.durationMs('max_interval');
  if (base <= 0) scope.at('base_interval').error('must be more than 0');
  if (max !== undefined && max < base) scope.at('max_interval').error('must not be less than base_interval');
  reader.done();
  return backOff(base, max);
}

function backOff(baseIntervalMs: number, maxIntervalMs: number | undefined): RetryPolicy['backOff'] {
  return { baseIntervalMs, maxIntervalMs: maxIntervalMs ?? baseIntervalMs * defaultMaxIntervalFactor };
}
