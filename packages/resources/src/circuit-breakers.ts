/** `envoy.config.cluster.v3.CircuitBreakers`: how much of a cluster may be in use at once. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readPercent } from './percent.ts';

/** Limits by the priority of routes. */
export interface CircuitBreakers {
  readonly default: CircuitBreakerThresholds;
  readonly high: CircuitBreakerThresholds;
}

export interface CircuitBreakerThresholds {
  readonly connectionsMax: number;
  /** Requests that wait for a connection. */
  readonly pendingRequestsMax: number;
  readonly requestsMax: number;
  /** Retries under way at once. */
  readonly retriesMax: number;
  /** Bounds retries by what else is under way, in place of `retriesMax`. */
  readonly retryBudget: RetryBudgetConfig | undefined;
}

export interface RetryBudgetConfig {
  /** Of the requests that are under way or wait. Default 0.2, as Envoy. */
  readonly ratio: number;
  /** So many may be retries, however little is under way. Default 3, as Envoy. */
  readonly minRetryConcurrency: number;
}

/** Envoy's defaults. */
export const defaultCircuitBreakerThresholds: CircuitBreakerThresholds = {
  connectionsMax: 1024,
  pendingRequestsMax: 1024,
  requestsMax: 1024,
  retriesMax: 3,
  retryBudget: undefined,
};

export const defaultCircuitBreakers: CircuitBreakers = {
  default: defaultCircuitBreakerThresholds,
  high: defaultCircuitBreakerThresholds,
};

export function readCircuitBreakers(json: unknown, scope: Scope): CircuitBreakers | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const entries = reader.list('thresholds', readThresholds);
  reader.refuse(['per_host_thresholds']);
  reader.done();
  // The first entry of a priority counts, as in Envoy.
  const of = (priority: 'DEFAULT' | 'HIGH') =>
    entries.find((entry) => entry.priority === priority)?.thresholds ?? defaultCircuitBreakerThresholds;
  return { default: of('DEFAULT'), high: of('HIGH') };
}

function readThresholds(
  json: unknown,
  scope: Scope,
): { priority: 'DEFAULT' | 'HIGH'; thresholds: CircuitBreakerThresholds } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const priority = reader.enum('priority', ['DEFAULT', 'HIGH'], 'DEFAULT');
  const defaults = defaultCircuitBreakerThresholds;
  const thresholds: CircuitBreakerThresholds = {
    connectionsMax: reader.uint32('max_connections', defaults.connectionsMax),
    pendingRequestsMax: reader.uint32('max_pending_requests', defaults.pendingRequestsMax),
    requestsMax: reader.uint32('max_requests', defaults.requestsMax),
    retriesMax: reader.uint32('max_retries', defaults.retriesMax),
    retryBudget: reader.read('retry_budget', readRetryBudget),
  };
  reader.ignore(['track_remaining', 'max_connection_pools']);
  reader.done();
  return { priority, thresholds };
}

function readRetryBudget(json: unknown, scope: Scope): RetryBudgetConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const budget: RetryBudgetConfig = {
    ratio: reader.read('budget_percent', readPercent) ?? 0.2,
    minRetryConcurrency: reader.uint32('min_retry_concurrency', 3),
  };
  reader.done();
  return budget;
}
