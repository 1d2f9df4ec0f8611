/** `Bootstrap.cluster_manager`: what holds for all clusters. */
import type { Address } from '@sluice/kernel';
import { readApiConfigSource, type ApiConfigSource } from './config-source.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readBindConfig } from './upstream-socket-options.ts';

export interface ClusterManager {
  /** Where load reports go. */
  readonly loadStatsConfig: ApiConfigSource | undefined;
  /** The cluster whose hosts are this proxy and its like, for routing by zone. Empty: nobody knows. */
  readonly localClusterName: string;
  /** The file that tells of ejections, a line of JSON for each. Empty: only the proxy's log does. */
  readonly outlierEventLogPath: string;
  /** Where connections of clusters that do not say so themselves come from. */
  readonly localAddress: Address | undefined;
}

export const defaultClusterManager: ClusterManager = { loadStatsConfig: undefined, localClusterName: '', outlierEventLogPath: '', localAddress: undefined };

export function readClusterManager(json: unknown, scope: Scope): ClusterManager | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const manager: ClusterManager = {
    loadStatsConfig: reader.read('load_stats_config', readApiConfigSource),
    localClusterName: reader.string('local_cluster_name', ''),
    outlierEventLogPath: reader.read('outlier_detection', readOutlierDetection) ?? '',
    localAddress: reader.read('upstream_bind_config', readBindConfig),
  };
  reader.ignore(['enable_deferred_cluster_creation']);
  reader.done();
  return manager;
}

function readOutlierDetection(json: unknown, scope: Scope): string | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const path = reader.string('event_log_path', '');
  reader.ignore(['event_service']);
  reader.done();
  return path;
}
