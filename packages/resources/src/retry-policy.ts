/** `envoy.config.route.v3.RetryPolicy`: when and how to try again. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeInteger } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { readHeaderMatcher, type HeaderMatcher } from './header-matcher.ts';
import { defaultBackOff, readBackOff, readRateLimitedBackOff, type BackOff, type RateLimitedBackOff } from './retry-back-off.ts';
import { readHostPredicate, readRetryPriority, type RetryHostPredicate } from './retry-host-selection.ts';

export interface RetryPolicy {
  readonly retryOn: readonly RetryCondition[];
  /** Tries after the first. */
  readonly retriesMax: number;
  /** How long one try may take until its response begins; 0 is without limit. */
  readonly perTryTimeoutMs: number;
  /** How long one try may be silent; 0 is without limit. */
  readonly perTryIdleTimeoutMs: number;
  readonly retriableStatusCodes: readonly number[];
  /** Fields of responses that make them worth another try. */
  readonly retriableHeaders: readonly HeaderMatcher[];
  /** Only requests with one of these are tried again. Empty: all. */
  readonly retriableRequestHeaders: readonly HeaderMatcher[];
  /** Hosts that a further try should not go to. */
  readonly hostPredicates: readonly RetryHostPredicate[];
  /** After so many tries at a priority it is left aside (`previous_priorities`). Undefined: never. */
  readonly priorityUpdateFrequency: number | undefined;
  /** How often to choose another host before taking the last choice. */
  readonly hostSelectionTriesMax: number;
  readonly backOff: BackOff;
  /** For responses that say when to come back. */
  readonly rateLimitedBackOff: RateLimitedBackOff | undefined;
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
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
] as const;

export type RetryCondition = (typeof conditions)[number];

/** Every word that `retry_on` may hold. */
export const retryConditions: readonly RetryCondition[] = conditions;

export function readRetryPolicy(json: unknown, scope: Scope): RetryPolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const policy: RetryPolicy = {
    retryOn: readConditions(reader.string('retry_on', ''), scope.at('retry_on')),
    retriesMax: reader.uint32('num_retries', 1),
    perTryTimeoutMs: reader.durationMs('per_try_timeout', 0),
    perTryIdleTimeoutMs: reader.durationMs('per_try_idle_timeout', 0),
    retriableStatusCodes: reader.list('retriable_status_codes', (code, at) =>
      decodeInteger(code, at, { min: 100, max: 599 }),
    ),
    retriableHeaders: reader.list('retriable_headers', readHeaderMatcher),
    retriableRequestHeaders: reader.list('retriable_request_headers', readHeaderMatcher),
    hostPredicates: reader.list('retry_host_predicate', readHostPredicate),
    priorityUpdateFrequency: reader.read('retry_priority', readRetryPriority),
    hostSelectionTriesMax: reader.integer('host_selection_retry_max_attempts', { min: 0 }) ?? 1,
    backOff: reader.read('retry_back_off', readBackOff) ?? defaultBackOff,
    rateLimitedBackOff: reader.read('rate_limited_retry_back_off', readRateLimitedBackOff),
  };
  reader.refuse(['retry_options_predicates']);
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
