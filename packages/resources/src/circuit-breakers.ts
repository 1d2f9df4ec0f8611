/** `envoy.config.cluster.v3.CircuitBreakers`: how much of a cluster may be in use at once. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

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
}

/** Envoy's defaults. */
export const defaultCircuitBreakerThresholds: CircuitBreakerThresholds = {
  connectionsMax: 1024,
  pendingRequestsMax: 1024,
  requestsMax: 1024,
  retriesMax: 3,
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
  };
  reader.ignore(['track_remaining', 'max_connection_pools']);
  reader.refuse(['retry_budget']);
  reader.done();
  return { priority, thresholds };
}
