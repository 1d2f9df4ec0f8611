/**
 * What each proxy and each gRPC client has said of its upstream clusters, for people and tools: how many requests it sent
 * where, and how they ended. Only what a connected reporter has said is kept, and of endpoints only the last report.
 */
import type { Node } from '../discovery.ts';
import type { ClusterStats, LocalityStats } from './load-stats.ts';

/** One cluster as one reporter sees it. Counts are since its stream opened. */
export interface ReportedCluster {
  readonly node: Node;
  readonly cluster: string;
  readonly issuedRequests: number;
  readonly successfulRequests: number;
  readonly errorRequests: number;
  readonly droppedRequests: number;
  /** The part of them whose reason has a name, by it. */
  readonly droppedByCategory: Readonly<Record<string, number>>;
  /** At the moment of the last report. */
  readonly requestsInProgress: number;
  /** The last report, whose counts are since the one before. */
  readonly last: ClusterStats;
  /** When it came: ms since the epoch. */
  readonly reportedAt: number;
}

export class ReportedClusters {
  readonly #node: Node;
  readonly #clusters = new Map<string, ReportedCluster>();

  /** @param node who reports on this stream */
  constructor(node: Node) {
    this.#node = node;
  }

  record(stats: ClusterStats, reportedAt: number): void {
    // The same cluster may take its endpoints from several assignments in turn.
    const key = `${stats.clusterName}\u0000${stats.clusterServiceName ?? ''}`;
    const before = this.#clusters.get(key);
    const total = (of: (locality: LocalityStats) => number) =>
      stats.localities.reduce((sum, locality) => sum + of(locality), 0);
    this.#clusters.set(key, {
      node: this.#node,
      cluster: stats.clusterName,
      issuedRequests: (before?.issuedRequests ?? 0) + total(({ issuedRequests }) => issuedRequests),
      successfulRequests: (before?.successfulRequests ?? 0) + total(({ successfulRequests }) => successfulRequests),
      errorRequests: (before?.errorRequests ?? 0) + total(({ errorRequests }) => errorRequests),
      droppedRequests: (before?.droppedRequests ?? 0) + stats.droppedRequests,
      droppedByCategory: added(before?.droppedByCategory ?? {}, stats.droppedByCategory),
      requestsInProgress: total(({ requestsInProgress }) => requestsInProgress),
      last: stats,
      reportedAt,
    });
  }

  list(): readonly ReportedCluster[] {
    return [...this.#clusters.values()];
  }
}

function added(
  before: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = Object.keys(more);
  if (names.length === 0) return before;
  return { ...before, ...Object.fromEntries(names.map((name) => [name, (before[name] ?? 0) + (more[name] ?? 0)])) };
}
