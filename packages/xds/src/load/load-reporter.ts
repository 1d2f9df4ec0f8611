/**
 * Reports the load of revisions to the config service over LRS: each interval that the service asks for, and at once when
 * the proxy says so.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';

import type { Node } from '../discovery.ts';
import type { LoadStatsTransport } from '../transport.ts';
import { loadMetrics, type ClusterStats } from './load-stats.ts';
import type { ColdStartLoad } from './revision-load.ts';
import { createStatsReporter, type LoadReporter, type StatsQuery } from './stats-reporter.ts';

/** What a proxy knows of the load of one revision since it was last asked. */
export interface ClusterLoad {
  /** `<namespace>/<revision>`. */
  readonly cluster: string;
  /** The endpoint reported on: a sidecar's own pod address, or an activator's. */
  readonly address: { readonly host: string; readonly port: number };
  /** In flight now. */
  readonly requestsInProgress: number;
  /** Time-weighted means since the last call. */
  readonly averageConcurrentRequests: number;
  readonly averageProxiedConcurrentRequests: number;
  /** Arrivals since the last call. */
  readonly requestCount: number;
  readonly proxiedRequestCount: number;
  /** Ends since the last call; absent when not counted. */
  readonly successfulRequests?: number;
  readonly errorRequests?: number;
  /** Of the request that woke it, where one has been answered since the last call. */
  readonly coldStart?: ColdStartLoad;
}

/**
 * Gives the loads since the last call and starts counting anew. With `only`, says what there is to say of that cluster ahead
 * of its time, and what it counts goes on.
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

export function createLoadReporter(options: LoadReporterOptions): LoadReporter {
  const { source, clock } = options;
  let lastReportAt = 0;

  function statsOf(loads: readonly ClusterLoad[], { clusters, withEndpoints }: StatsQuery, intervalMs: number): readonly ClusterStats[] {
    return loads.filter(({ cluster }) => clusters?.has(cluster) ?? true).map((load) => clusterStats(load, intervalMs, withEndpoints));
  }

  return createStatsReporter({
    ...options,
    source: {
      begin(_query, isFirst) {
        if (!isFirst) return;
        // Whatever piled up while nobody listened belongs to no interval: it would look like load of now.
        lastReportAt = clock.now();
        source(lastReportAt);
      },
      take(query, give) {
        const now = clock.now();
        const elapsedMs = now - lastReportAt;
        lastReportAt = now;
        give(statsOf(source(now), query, elapsedMs));
      },
      ahead: (cluster, query) => statsOf(source(clock.now(), cluster), query, 0),
    },
  });
}

function clusterStats(load: ClusterLoad, intervalMs: number, withEndpoints: boolean): ClusterStats {
  const one = (total: number) => ({ requests: 1, total });
  const stats = {
    requestsInProgress: load.requestsInProgress,
    // What is said ahead of its time is counted again when it is.
    issuedRequests: intervalMs > 0 ? load.requestCount : 0,
    successfulRequests: load.successfulRequests ?? 0,
    errorRequests: load.errorRequests ?? 0,
    metrics: {
      [loadMetrics.concurrency]: one(load.averageConcurrentRequests),
      [loadMetrics.proxiedConcurrency]: one(load.averageProxiedConcurrentRequests),
      [loadMetrics.requests]: one(load.requestCount),
      [loadMetrics.proxiedRequests]: one(load.proxiedRequestCount),
      ...(load.coldStart === undefined ? {} : { [loadMetrics.coldStartWait]: one(load.coldStart.waitMs), [loadMetrics.coldStartFirstByte]: one(load.coldStart.firstByteMs) }),
    },
  };
  const locality = { region: '', zone: '', subZone: '' };
  const endpoints = withEndpoints ? [{ address: load.address, ...stats }] : [];
  return {
    clusterName: load.cluster,
    droppedRequests: 0,
    droppedByCategory: {},
    intervalMs,
    localities: [{ locality, priority: 0, ...stats, endpoints }],
  };
}
