/** `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`. */
import {
  MessageReader,
  readAccessLog,
  readMetadataMatch,
  type AccessLog,
  type Scope,
  type Struct,
} from '@sluice/resources';

export const tcpProxyTypeName = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

export interface TcpProxyConfig {
  readonly statPrefix: string;
  /** At least one. */
  readonly clusters: readonly TcpClusterWeight[];
  /** After this long without a byte either way, both connections are closed, in ms. Default one hour, as Envoy. 0: never. */
  readonly idleTimeoutMs: number;
  /** How long a connection may last, in ms. Default 0: as long as it likes. */
  readonly durationMaxMs: number;
  /** Hosts that are tried. Default 1. */
  readonly connectAttemptsMax: number;
  /** Whether clients are placed by their address, where the cluster places by hash. */
  readonly hashesSourceIp: boolean;
  readonly accessLogs: readonly AccessLog[];
}

export interface TcpClusterWeight {
  readonly name: string;
  readonly weight: number;
  /** What endpoints must say of themselves, where the cluster has subsets. */
  readonly metadataMatch: Struct | undefined;
}

/** Envoy's default for `idle_timeout`. */
const defaultIdleTimeoutMs = 3_600_000;

export function readTcpProxy(json: unknown, scope: Scope): TcpProxyConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config: TcpProxyConfig = {
    statPrefix: reader.requiredString('stat_prefix'),
    clusters: readClusters(reader),
    idleTimeoutMs: reader.durationMs('idle_timeout', defaultIdleTimeoutMs),
    durationMaxMs: reader.durationMs('max_downstream_connection_duration', 0),
    connectAttemptsMax: reader.uint32('max_connect_attempts', 1, { min: 1 }),
    hashesSourceIp: reader.list('hash_policy', readSourceIp).length > 0,
    accessLogs: reader.list('access_log', readAccessLog),
  };
  reader.ignore([
    'access_log_flush_interval',
    'flush_access_log_on_connected',
    'access_log_options',
    'backoff_options',
    'max_downstream_connection_duration_jitter_percentage',
    'proxy_protocol_tlv_merge_policy',
  ]);
  reader.refuse(['tunneling_config', 'on_demand', 'proxy_protocol_tlvs', 'upstream_connect_mode', 'max_early_data_bytes', 'check_drain_close']);
  reader.done();
  return config;
}

function readClusters(reader: MessageReader): readonly TcpClusterWeight[] {
  const metadataMatch = readMetadataMatch(reader);
  const kind = reader.oneof(['cluster', 'weighted_clusters'], true);
  if (kind === 'cluster') return [{ name: reader.requiredString('cluster'), weight: 1, metadataMatch }];
  const weighted = kind && reader.read(kind, readWeighted);
  return weighted?.map((entry) => ({ ...entry, metadataMatch: entry.metadataMatch ?? metadataMatch })) ?? [];
}

function readWeighted(json: unknown, scope: Scope): readonly TcpClusterWeight[] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const clusters = reader.list('clusters', (entry, at): TcpClusterWeight | undefined => {
    const inner = MessageReader.open(entry, at);
    if (!inner) return undefined;
    const weighted = { name: inner.requiredString('name'), weight: inner.uint32('weight', 0, { min: 1 }), metadataMatch: readMetadataMatch(inner) };
    if (!inner.has('weight')) at.at('weight').error('is required');
    inner.done();
    return weighted;
  });
  reader.done();
  if (clusters.length === 0 && !scope.hasErrors) scope.at('clusters').error('must have at least one cluster');
  return clusters;
}

function readSourceIp(json: unknown, scope: Scope): true | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.refuse(['filter_state']);
  reader.required('source_ip', (_value) => true);
  reader.done();
  return true;
}
