/** What an LRS report says about revisions. */
import type { Node } from '../discovery.ts';
import { loadMetrics, type ClusterStats, type LoadStatsRequest, type LocalityStats } from './load-stats.ts';
import type { LoadSource, RevisionLoad } from './revision-load.ts';

/** The load each kind of proxy reports, by `node.cluster`. Reports of others (gateways, Envoy) are about hops, not revisions. */
const sources: Readonly<Record<string, LoadSource>> = {
  'sluice-queue-proxy': 'SIDECAR',
  'sluice-activator': 'ACTIVATOR',
};

/** Whether a node's clusters are revisions. */
export function reportsRevisions({ cluster }: Node): boolean {
  return sources[cluster] !== undefined;
}

/** The loads in a report of `node`, which may be none. */
export function loadsFromStats(node: Node, request: LoadStatsRequest, receivedAt: number): readonly RevisionLoad[] {
  const source = sources[node.cluster];
  if (source === undefined) return [];
  return request.clusterStats.flatMap((stats) => loadFrom(node, source, stats, receivedAt) ?? []);
}

function loadFrom(node: Node, source: LoadSource, stats: ClusterStats, receivedAt: number): RevisionLoad | undefined {
  const [namespace, revision, ...rest] = stats.clusterName.split('/');
  if (!namespace || !revision || rest.length > 0 || stats.localities.length === 0) return undefined;
  const metric = (name: string): number => sum(stats, ({ metrics }) => metrics[name]?.total ?? 0);
  return {
    namespace,
    revision,
    podName: podNameOf(node),
    source,
    averageConcurrentRequests: metric(loadMetrics.concurrency),
    averageProxiedConcurrentRequests: metric(loadMetrics.proxiedConcurrency),
    requestCount: metric(loadMetrics.requests),
    proxiedRequestCount: metric(loadMetrics.proxiedRequests),
    requestsInProgress: sum(stats, ({ requestsInProgress }) => requestsInProgress),
    intervalMs: stats.intervalMs,
    receivedAt,
    ...(stats.localities.some(({ metrics }) => metrics[loadMetrics.coldStartFirstByte]) ? { coldStart: { waitMs: metric(loadMetrics.coldStartWait), firstByteMs: metric(loadMetrics.coldStartFirstByte) } } : {}),
  };
}

/** Of localities, since a reporter may leave endpoints out. */
function sum(stats: ClusterStats, of: (locality: LocalityStats) => number): number {
  return stats.localities.reduce((total, locality) => total + of(locality), 0);
}

/** A proxy says in its metadata which pod it is; the id is the next best. */
function podNameOf(node: Node): string {
  const name = node.metadata?.['POD_NAME'];
  return typeof name === 'string' && name !== '' ? name : node.id;
}
