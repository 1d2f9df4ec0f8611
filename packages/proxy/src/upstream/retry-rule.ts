/**
 * When another try is worth making: a retry policy, compiled, and what it says of a response or a failure. Envoy's
 * rules: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
 */
import type { Host } from '@sluice/balancing';
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { BackOff, RateLimitedBackOff, RetryCondition } from '@sluice/resources';
import type { OutcomeCode } from '../outcome.ts';

export interface RetryRule {
  readonly on: ReadonlySet<RetryCondition>;
  /** Tries after the first. */
  readonly retriesMax: number;
  /** From the end of the request, on a connection, to the response head. 0 is without limit. */
  readonly perTryTimeoutMs: number;
  /** Silence of one try, to the end of its response. 0 is without limit. */
  readonly perTryIdleTimeoutMs: number;
  readonly statusCodes: ReadonlySet<number>;
  readonly responseTests: readonly ((head: ResponseHead) => boolean)[];
  /** Only requests that pass one of these are tried again. Empty: all. */
  readonly requestTests: readonly ((head: RequestHead) => boolean)[];
  /** Hosts that a further try should not go to. */
  readonly hostTests: readonly HostTest[];
  /** How often to choose another host before taking the last choice. */
  readonly hostSelectionTriesMax: number;
  /** After so many tries their priorities are left aside. Undefined: never. */
  readonly priorityUpdateFrequency: number | undefined;
  readonly backOff: BackOff;
  readonly rateLimitedBackOff: RateLimitedBackOff | undefined;
}

/** @param previous hosts that were tried before, by key: one that has gone and come back meanwhile is still the same */
export type HostTest = (host: Host, previous: ReadonlyMap<string, Host>) => boolean;

/** gRPC statuses that have a condition of their own, by number. */
const grpcConditions: ReadonlyMap<string, RetryCondition> = new Map([
  ['1', 'cancelled'],
  ['4', 'deadline-exceeded'],
  ['8', 'resource-exhausted'],
  ['13', 'internal'],
  ['14', 'unavailable'],
]);

/** Failures that Envoy calls connection failures: the request has not left. */
const connectFailures: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>(['upstream-connect-failure', 'upstream-connect-timeout']);

/** Failures that it calls resets, timeouts among them: they stand for a 5xx that did not come. */
const resets: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>([
  ...connectFailures,
  'upstream-closed',
  'upstream-reset',
  'upstream-refused-stream',
  'upstream-remote-reset',
  'upstream-protocol-error',
  'upstream-per-try-timeout',
  'upstream-per-try-idle-timeout',
  'upstream-max-duration',
]);

/** Whether a response is worth another try. gRPC statuses count when they are in the head: in a response of trailers only. */
export function wantsRetryOfResponse({ on, statusCodes, responseTests }: RetryRule, head: ResponseHead): boolean {
  const { status } = head;
  // A router behind us has refused it: who retries nevertheless says so.
  if (head.has('x-envoy-ratelimited')) return on.has('envoy-ratelimited');
  if (on.has('5xx') && status >= 500 && status <= 599) return true;
  if (on.has('gateway-error') && status >= 502 && status <= 504) return true;
  if (on.has('retriable-4xx') && status === 409) return true;
  if (on.has('retriable-status-codes') && statusCodes.has(status)) return true;
  if (on.has('retriable-headers') && responseTests.some((test) => test(head))) return true;
  const condition = grpcConditions.get(head.get('grpc-status') ?? '');
  return condition !== undefined && on.has(condition);
}

/** The same for a try that failed. `hasBegun`: something of the request may have reached the host. */
export function wantsRetryOfFailure({ on }: RetryRule, code: OutcomeCode, hasBegun: boolean): boolean {
  if (!resets.has(code)) return false;
  if (on.has('5xx') || on.has('gateway-error') || on.has('reset')) return true;
  if (on.has('reset-before-request') && !hasBegun) return true;
  if (on.has('refused-stream') && code === 'upstream-refused-stream') return true;
  return on.has('connect-failure') && connectFailures.has(code);
}
