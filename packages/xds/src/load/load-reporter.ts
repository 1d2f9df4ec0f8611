/** Reports load to the config service over LRS: each interval, and at once when asked. */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';

import type { Node } from '../discovery.ts';
import type { LoadStatsTransport } from '../transport.ts';

/** What a proxy knows of the load of one revision since it was last asked. */
export interface ClusterLoad {
  /** `<namespace>/<revision>`. */
  readonly cluster: string;
  /** The endpoint reported on: a sidecar's own pod address, or an activator's. */
  readonly address: { readonly host: string; readonly port: number };
  readonly requestsInProgress: number;
  readonly averageConcurrentRequests: number;
  readonly averageProxiedConcurrentRequests: number;
  readonly requestCount: number;
  readonly proxiedRequestCount: number;
  /** 0 when not counted. */
  readonly successfulRequests?: number;
  readonly errorRequests?: number;
}

/**
 * Gives the loads since the last call and starts counting anew. With `only`, does so for that cluster and
 * leaves the others as they are.
 */
export type LoadSourceFunction = (now: number, only?: string) => readonly ClusterLoad[];

export interface LoadReporterOptions {
  readonly node: Node;
  readonly transport: LoadStatsTransport;
  readonly source: LoadSourceFunction;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

export interface LoadReporter {
  start(): void;
  stop(): void;
  /**
   * Reports one cluster now, without waiting for the interval: the first request for a sleeping revision
   * must not wait for a tick. While disconnected it is remembered and sent on connection.
   */
  reportNow(cluster: string): void;
  readonly connected: boolean;
}
