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
  /** Connections to one host (`per_host_thresholds`). Undefined: the cluster's limit alone. */
  readonly hostConnectionsMax?: number | undefined;
  /** Connection pools, of which each host has one. Undefined: without limit. */
  readonly connectionPoolsMax?: number | undefined;
  /** Whether statistics also say how much is left. */
  readonly tracksRemaining?: boolean;
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
  const hosts = reader.list('per_host_thresholds', readHostThresholds);
  reader.done();
  // The first entry of a priority counts, as in Envoy.
  const of = (priority: 'DEFAULT' | 'HIGH'): CircuitBreakerThresholds => {
    const thresholds = entries.find((entry) => entry.priority === priority)?.thresholds ?? defaultCircuitBreakerThresholds;
    const hostConnectionsMax = hosts.find((entry) => entry.priority === priority)?.connectionsMax;
    return hostConnectionsMax === undefined ? thresholds : { ...thresholds, hostConnectionsMax };
  };
  return { default: of('DEFAULT'), high: of('HIGH') };
}

/** Only the number of connections may be limited here, as in Envoy. */
function readHostThresholds(json: unknown, scope: Scope): { priority: 'DEFAULT' | 'HIGH'; connectionsMax: number | undefined } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const priority = reader.enum('priority', ['DEFAULT', 'HIGH'], 'DEFAULT');
  const connectionsMax = reader.uint32('max_connections');
  reader.refuse(['max_pending_requests', 'max_requests', 'max_retries', 'retry_budget', 'max_connection_pools'], 'per host only max_connections has a meaning');
  reader.ignore(['track_remaining']);
  reader.done();
  return { priority, connectionsMax };
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
    connectionPoolsMax: reader.uint32('max_connection_pools'),
    tracksRemaining: reader.boolean('track_remaining', false),
  };
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
