/**
 * Envoy's circuit breaker: what requests of one priority have in use of a cluster, and how much they may have. Plain
 * numbers, counted by whoever uses; it is open as long as a limit is reached, and closes by itself.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking
 */
import { retryLimit, type RetryBudget } from '@sluice/balancing';

/** `thresholds` of one priority. */
export interface CircuitLimits {
  readonly connectionsMax: number;
  readonly pendingRequestsMax: number;
  readonly requestsMax: number;
  readonly retriesMax: number;
  /** Stands in place of `retriesMax`. */
  readonly retryBudget?: RetryBudget | undefined;
  /** Pools, which are one per host. Default without limit. */
  readonly connectionPoolsMax?: number | undefined;
  /** Connections to one host. Default without a limit of its own. */
  readonly hostConnectionsMax?: number | undefined;
  /** Whether what is left is shown, too (`track_remaining`). */
  readonly tracksRemaining?: boolean | undefined;
}

export class CircuitBreaker {
  readonly limits: CircuitLimits;
  /** Open or being opened. */
  connections = 0;
  /** Requests that wait for a connection, or for the first hosts. */
  pending = 0;
  /** Requests on a connection. */
  requests = 0;
  /** Tries after the first, from when they are decided on until their stream ends or decides on another. */
  retries = 0;
  pools = 0;

  constructor(limits: CircuitLimits) {
    this.limits = limits;
  }

  get allowsConnection(): boolean {
    return this.connections < this.limits.connectionsMax;
  }

  /** One more to a host that has `hostConnections`. */
  allowsConnectionBeside(hostConnections: number): boolean {
    return this.allowsConnection && hostConnections < (this.limits.hostConnectionsMax ?? Number.POSITIVE_INFINITY);
  }

  get allowsPending(): boolean {
    return this.pending < this.limits.pendingRequestsMax;
  }

  get allowsRequest(): boolean {
    return this.requests + this.pending < this.limits.requestsMax;
  }

  get retriesMax(): number {
    return retryLimit(this.limits.retriesMax, this.limits.retryBudget, this.requests + this.pending);
  }

  get allowsRetry(): boolean {
    return this.retries < this.retriesMax;
  }

  get poolsMax(): number {
    return this.limits.connectionPoolsMax ?? Number.POSITIVE_INFINITY;
  }

  get allowsPool(): boolean {
    return this.pools < this.poolsMax;
  }
}
