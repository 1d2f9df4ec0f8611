/**
 * A client's end of Envoy's load reporting: connected across disconnections, and reporting each interval that the service
 * asks for what it asks for. What there is to report is its source's business.
 *
 *     idle → opening → reporting → waiting → opening …        waiting: until the next connection
 */
import type { Logger, Random, Timer, Timers } from '@sluice/kernel';

import { Backoff } from '../backoff.ts';
import type { Node } from '../discovery.ts';
import type { LoadStatsStream, LoadStatsTransport } from '../transport.ts';
import type { ClusterStats, LoadStatsResponse } from './load-stats.ts';

/** What the service wants to know. */
export interface StatsQuery {
  /** Undefined: all. */
  readonly clusters: ReadonlySet<string> | undefined;
  /** Each endpoint apart. */
  readonly withEndpoints: boolean;
}

export interface StatsSource {
  /** The service listens from now on: for the first time on this connection, or for something else than before. */
  begin(query: StatsQuery, isFirst: boolean): void;
  /** Gives what came since it was last asked, at once or later. */
  take(query: StatsQuery, give: (stats: readonly ClusterStats[]) => void): void;
  /** What can be said of one cluster ahead of its time. */
  ahead(cluster: string, query: StatsQuery): readonly ClusterStats[];
}

/** `asked`: the service has said what it wants. */
export type StatsReporterEvent = 'asked' | 'reported' | 'failed' | 'retried';

export interface StatsReporterOptions {
  readonly node: Node;
  readonly transport: LoadStatsTransport;
  readonly source: StatsSource;
  /** Whether a report is sent that says nothing, as a sign of life. Default false. */
  readonly sendsEmpty?: boolean;
  readonly onEvent?: (event: StatsReporterEvent) => void;
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

/**
 * A service that asks for reports more often than this, in ms, does not get them. Chosen: fifty reports a second are more
 * than any decision needs, and a mistaken 0 must not keep a sidecar busy.
 */
const intervalMsMin = 20;

/** A client with this feature is understood when it is asked to report all clusters, whatever their names. */
const sendsAllClusters = 'envoy.lrs.supports_send_all_clusters';

export function createStatsReporter(options: StatsReporterOptions): LoadReporter {
  const { transport, source, timers, random, logger, onEvent = () => {} } = options;
  const node: Node = { ...options.node, clientFeatures: [...(options.node.clientFeatures ?? []), sendsAllClusters] };
  const retry = new Backoff(random);
  /** Clusters to report as soon as the service has said that it listens. */
  const pending = new Set<string>();
  let state: 'idle' | 'waiting' | 'opening' | 'reporting' = 'idle';
  let stream: LoadStatsStream | undefined;
  let timer: Timer | undefined;
  let query: StatsQuery = { clusters: undefined, withEndpoints: false };
  let isPeerSlow = false;

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
        onEvent('failed');
        if (state === 'reporting') logger.info('load reporting lost', { code, details });
        state = 'waiting';
        timer = timers.after(retry.next(), () => {
          onEvent('retried');
          open();
        });
      },
    });
    opened.send({ node, clusterStats: [] });
  }

  /** Each response says anew what is wanted, and begins an interval. */
  function onResponse(response: LoadStatsResponse): void {
    const isFirst = state === 'opening';
    if (isFirst) logger.info('load reporting connected', { intervalMs: response.reportingIntervalMs });
    state = 'reporting';
    onEvent('asked');
    retry.reset();
    query = { clusters: response.sendAllClusters ? undefined : new Set(response.clusters), withEndpoints: response.reportEndpoints };
    timer?.cancel();
    source.begin(query, isFirst);
    for (const cluster of pending) reportAhead(cluster);
    pending.clear();
    timer = timers.every(Math.max(response.reportingIntervalMs, intervalMsMin), report);
  }

  /** A peer that does not read gets the sum later: the source goes on counting until it is asked. */
  function report(): void {
    const asked = stream;
    if (asked === undefined || isPeerSlow) return;
    source.take(query, (stats) => {
      if (asked === stream && (stats.length > 0 || options.sendsEmpty)) send(stats);
    });
  }

  function reportAhead(cluster: string): void {
    const stats = isPeerSlow ? [] : source.ahead(cluster, query);
    if (stats.length > 0) send(stats);
  }

  function send(clusterStats: readonly ClusterStats[]): void {
    if (stream === undefined) return;
    isPeerSlow = !stream.send({ clusterStats });
    onEvent('reported');
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
      if (state === 'reporting') reportAhead(cluster);
      else pending.add(cluster);
    },
    get connected() {
      return state === 'reporting';
    },
  };
}
