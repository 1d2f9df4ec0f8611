/** Reports what a proxy sent to the endpoints of its clusters, to a server that asks for it by LRS: Envoy's use of it. */
import type { Logger, Meter, Random, Timers } from '@sluice/kernel';

import type { Node } from '../discovery.ts';
import type { LoadStatsTransport } from '../transport.ts';
import { loadMetrics, type ClusterStats, type EndpointStats, type LoadMetrics, type LocalityStats } from './load-stats.ts';
import { createStatsReporter, type LoadReporter, type StatsReporterEvent } from './stats-reporter.ts';

/** What went through one cluster between two moments. */
export interface UpstreamLoad {
  readonly name: string;
  /** The name its endpoints go by, where that is another. */
  readonly serviceName: string | undefined;
  /** Between the two, in ms. */
  readonly elapsedMs: number;
  /** Requests refused before an endpoint was asked, and the part of them that has a category. */
  readonly dropped: number;
  readonly droppedByCategory: Readonly<Record<string, number>>;
  readonly hosts: readonly UpstreamHostLoad[];
}

export interface UpstreamHostLoad {
  readonly address: { readonly host: string; readonly port: number };
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly priority: number;
  readonly issued: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly inProgress: number;
  /** ∫ requests under way dt, in ms. */
  readonly busyMs: number;
  /** What the endpoint reported itself. */
  readonly metrics: LoadMetrics;
}

/** A proxy, as far as its load is concerned. */
export interface UpstreamLoadSource {
  /** Notes what goes through these clusters from now on. Undefined: all. */
  measure(names: readonly string[] | undefined): void;
  /** What has gone through them since the last time. */
  take(names: readonly string[] | undefined): Promise<readonly UpstreamLoad[]>;
}

export interface UpstreamLoadReporterOptions {
  readonly node: Node;
  readonly transport: LoadStatsTransport;
  readonly source: UpstreamLoadSource;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

export function createUpstreamLoadReporter(options: UpstreamLoadReporterOptions): LoadReporter {
  const { source, logger, meter } = options;
  const counter = (name: string, help: string) => meter.counter(`envoy_load_reporter_${name}`, help);
  const counters: Readonly<Record<StatsReporterEvent, { add(): void }>> = {
    asked: counter('requests', 'times that a server said what it wants to know of load'),
    reported: counter('responses', 'reports of load that were sent'),
    failed: counter('errors', 'streams for reports of load that ended'),
    retried: counter('retries', 'streams for reports of load that were opened again'),
  };
  return createStatsReporter({
    ...options,
    sendsEmpty: true,
    onEvent: (event) => counters[event].add(),
    source: {
      begin: ({ clusters }) => source.measure(clusters && [...clusters]),
      take({ clusters, withEndpoints }, give) {
        source.take(clusters && [...clusters]).then(
          (loads) => give(loads.map((load) => statsOfUpstream(load, withEndpoints))),
          (error: unknown) => logger.error('load not taken', { error }),
        );
      },
      ahead: () => [],
    },
  });
}

/** As the server wants it: by locality and priority, and each endpoint apart only when it asks for that. */
export function statsOfUpstream(load: UpstreamLoad, withEndpoints: boolean): ClusterStats {
  const { name, serviceName, elapsedMs, dropped, droppedByCategory, hosts } = load;
  const places = new Map<string, UpstreamHostLoad[]>();
  for (const host of hosts) {
    const { region, zone, subZone } = host.locality;
    const key = JSON.stringify([host.priority, region, zone, subZone]);
    places.set(key, [...(places.get(key) ?? []), host]);
  }
  return {
    clusterName: name,
    ...(serviceName === undefined ? {} : { clusterServiceName: serviceName }),
    droppedRequests: dropped,
    droppedByCategory,
    intervalMs: elapsedMs,
    localities: [...places.values()].map((ofPlace) => localityStats(ofPlace, elapsedMs, withEndpoints)),
  };
}

/** @param hosts of one locality and priority, at least one */
function localityStats(hosts: readonly UpstreamHostLoad[], elapsedMs: number, withEndpoints: boolean): LocalityStats {
  const { locality, priority } = hosts[0] as UpstreamHostLoad;
  const endpoints = hosts.map((host): EndpointStats => ({ address: host.address, ...countsOf([host]), metrics: metricsOf([host], elapsedMs) }));
  return { locality, priority, ...countsOf(hosts), metrics: metricsOf(hosts, elapsedMs), endpoints: withEndpoints ? endpoints : [] };
}

function countsOf(hosts: readonly UpstreamHostLoad[]) {
  const sum = (of: (host: UpstreamHostLoad) => number) => hosts.reduce((total, host) => total + of(host), 0);
  return {
    requestsInProgress: sum(({ inProgress }) => inProgress),
    issuedRequests: sum(({ issued }) => issued),
    successfulRequests: sum(({ succeeded }) => succeeded),
    errorRequests: sum(({ failed }) => failed),
  };
}

/** The time-weighted mean in flight, and what endpoints reported themselves. */
function metricsOf(hosts: readonly UpstreamHostLoad[], elapsedMs: number): LoadMetrics {
  const busyMs = hosts.reduce((total, host) => total + host.busyMs, 0);
  const sums = new Map([[loadMetrics.concurrency as string, { requests: 1, total: elapsedMs > 0 ? busyMs / elapsedMs : 0 }]]);
  for (const { metrics } of hosts) {
    for (const [name, { requests, total }] of Object.entries(metrics)) {
      const before = sums.get(name);
      sums.set(name, { requests: requests + (before?.requests ?? 0), total: total + (before?.total ?? 0) });
    }
  }
  return Object.fromEntries(sums);
}
