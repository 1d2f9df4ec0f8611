/**
 * Reports load to the config service over LRS: each interval that the service asks for, and at once when
 * the proxy says so.
 */
import type { Clock, Logger, Random, Timer, Timers } from '@sluice/kernel';

import { Backoff } from '../backoff.ts';
import type { Node } from '../discovery.ts';
import type { LoadStatsStream, LoadStatsTransport } from '../transport.ts';
import { loadMetrics, type ClusterStats, type LoadStatsResponse } from './load-stats.ts';

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
}

/**
 * Gives the loads since the last call and starts counting anew. With `only`, does so for that cluster and
 * leaves the others as they are. Asked again at the same moment, the mean is the number in flight.
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
  /** Connects, and goes on connecting until stopped. */
  start(): void;
  stop(): void;
  /**
   * Reports one cluster now, without waiting for the interval: the first request for a sleeping revision
   * must not wait for a tick. While there is no connection it is remembered, and reported on connection.
   */
  reportNow(cluster: string): void;
  readonly connected: boolean;
}

export function createLoadReporter(options: LoadReporterOptions): LoadReporter {
  const { node, transport, source, clock, timers, random, logger } = options;
  const retry = new Backoff(random);
  /** Clusters to report as soon as the service has said that it listens. */
  const pending = new Set<string>();
  let state: 'idle' | 'waiting' | 'opening' | 'reporting' = 'idle';
  let stream: LoadStatsStream | undefined;
  let timer: Timer | undefined;
  let intervalMs = 0;
  /** Which clusters the service wants; undefined for all. */
  let wanted: ReadonlySet<string> | undefined;
  /** Whether it wants each endpoint apart. */
  let withEndpoints = false;
  let isPeerSlow = false;
  let lastReportAt = 0;

  function open(): void {
    state = 'opening';
    isPeerSlow = false;
    const opened = transport.openLoadStats();
    stream = opened;
    opened.listen({
      onMessage: (response) => {
        if (stream === opened) onResponse(response);
      },
      onDrain: () => {
        isPeerSlow = false;
      },
      onEnd: ({ code, details }) => {
        if (stream !== opened) return;
        stream = undefined;
        timer?.cancel();
        if (state === 'reporting') logger.info('load reporting lost', { code, details });
        state = 'waiting';
        timer = timers.after(retry.next(), open);
      },
    });
    opened.send({ node, clusterStats: [] });
  }

  /** Each response begins reporting anew, for what it lists. */
  function onResponse(response: LoadStatsResponse): void {
    if (state === 'opening') logger.info('load reporting connected', { intervalMs: response.reportingIntervalMs });
    state = 'reporting';
    retry.reset();
    wanted = response.sendAllClusters ? undefined : new Set(response.clusters);
    withEndpoints = response.reportEndpoints;
    timer?.cancel();
    intervalMs = Math.max(response.reportingIntervalMs, intervalMsMin);
    // Whatever piled up while nobody listened belongs to no interval: it would look like load of now.
    lastReportAt = clock.now();
    source(lastReportAt);
    for (const cluster of pending) report(cluster);
    pending.clear();
    timer = timers.every(intervalMs, () => report());
  }

  function report(only?: string): void {
    // A peer that does not read gets the sum later: the source goes on counting until it is asked.
    if (stream === undefined || isPeerSlow) return;
    const now = clock.now();
    const loads = source(now, only).filter(({ cluster }) => wanted === undefined || wanted.has(cluster));
    const elapsedMs = only === undefined ? now - lastReportAt : 0;
    if (only === undefined) lastReportAt = now;
    if (loads.length > 0) isPeerSlow = !stream.send({ clusterStats: loads.map((load) => clusterStats(load, elapsedMs, withEndpoints)) });
  }

  return {
    start() {
      if (state === 'idle') open();
    },
    stop() {
      timer?.cancel();
      state = 'idle';
      const ending = stream;
      stream = undefined;
      ending?.end();
    },
    reportNow(cluster) {
      if (state === 'reporting') report(cluster);
      else pending.add(cluster);
    },
    get connected() {
      return state === 'reporting';
    },
  };
}

/**
 * A service that asks for reports more often than this, in ms, does not get them. Chosen: fifty reports a second are more
 * than any decision needs, and a mistaken 0 must not keep a sidecar busy.
 */
const intervalMsMin = 20;

function clusterStats(load: ClusterLoad, intervalMs: number, withEndpoints: boolean): ClusterStats {
  const one = (total: number) => ({ requests: 1, total });
  const stats = {
    requestsInProgress: load.requestsInProgress,
    issuedRequests: load.requestCount,
    successfulRequests: load.successfulRequests ?? 0,
    errorRequests: load.errorRequests ?? 0,
    metrics: {
      [loadMetrics.concurrency]: one(load.averageConcurrentRequests),
      [loadMetrics.proxiedConcurrency]: one(load.averageProxiedConcurrentRequests),
      [loadMetrics.requests]: one(load.requestCount),
      [loadMetrics.proxiedRequests]: one(load.proxiedRequestCount),
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
