/** `envoy.config.cluster.v3.Cluster`: a logical upstream. */
import type { Checked } from '@sluice/kernel';
import { defaultCircuitBreakers, readCircuitBreakers, type CircuitBreakers } from './circuit-breakers.ts';
import { readClusterProtocolOptions } from './cluster-protocol-options.ts';
import { defaultCommonLbConfig, readCommonLbConfig, type CommonLbConfig } from './common-lb-config.ts';
import { readConfigSource, type ConfigSource } from './config-source.ts';
import { decodeDocument } from './decode/decode-document.ts';
import { MessageReader } from './decode/message-reader.ts';
import { decodeNumber, decodeString } from './decode/scalars.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readDiscovery, type EndpointDiscovery } from './endpoint-discovery.ts';
import { readHealthCheck, type HealthCheck } from './health-check.ts';
import type { LbSubsetConfig } from './lb-subset-config.ts';
import { readLoadBalancing } from './load-balancing-policy.ts';
import type { LoadBalancingPolicy } from './load-balancing.ts';
import { noMetadata, readMetadata, type Metadata } from './metadata.ts';
import {
  readTransportSocketMatch,
  readUpstreamTransportSocket,
  type TransportSocketMatch,
  type UpstreamTransportSocket,
} from './upstream-transport-socket.ts';
import { readOutlierDetection, type OutlierDetection } from './outlier-detection.ts';
import { readUpstreamSocketOptions, type UpstreamSocketOptions } from './upstream-socket-options.ts';
import type { UpstreamHttpProtocolOptions } from './upstream-http-protocol-options.ts';

export interface Cluster {
  readonly name: string;
  /** Stands for the name in statistics; the name itself unless set. */
  readonly statName: string;
  readonly discovery: EndpointDiscovery;
  /** How long a connection may take to come about. Default 5000, as Envoy. */
  readonly connectTimeoutMs: number;
  /** How much may be waiting in a connection's buffers before its source is held. Default 1 MiB, as Envoy. */
  readonly connectionBufferBytesMax: number;
  /** Connections to a host for each request there, 1 to 3, so that the next one finds one. Absent: 1. */
  readonly preconnectRatio?: number;
  readonly loadBalancing: LoadBalancingPolicy;
  /** Hosts are in subsets by their metadata. Absent: they are all one. */
  readonly subsets?: LbSubsetConfig | undefined;
  readonly commonLb: CommonLbConfig;
  readonly circuitBreakers: CircuitBreakers;
  /** Hosts are ejected for what requests meet there. Undefined: never. */
  readonly outlierDetection: OutlierDetection | undefined;
  /** Hosts are asked how they are. Undefined: they are not. */
  readonly healthCheck: HealthCheck | undefined;
  /** A host that its source takes away goes at once, also when checks find it well. Absent: it stays until they do not. */
  readonly ignoresHealthOnRemoval?: boolean;
  /** Connections of clients that are passed through end when their host falls ill. Absent: they stay. */
  readonly closesConnectionsOnHealthFailure?: boolean;
  /** Each connection of a client has connections to hosts of its own. Absent: all clients share them. */
  readonly hasPoolPerClient?: boolean;
  /** Absent: as the system makes them. */
  readonly sockets?: UpstreamSocketOptions;
  readonly http: UpstreamHttpProtocolOptions;
  /** For hosts that none of `transportSocketMatches` is for. Absent: bytes as they are. */
  readonly transportSocket?: UpstreamTransportSocket | undefined;
  /** The first whose match the host's metadata holds counts. Absent: none. */
  readonly transportSocketMatches?: readonly TransportSocketMatch[] | undefined;
  /** Where reports of its load go. Absent: where the bootstrap sends those of all clusters. */
  readonly loadServer?: ConfigSource | undefined;
  /** What of the hosts' own reports is passed on with them: `cpu_utilization`, `named_metrics.x`, `named_metrics.*`. Absent: nothing. */
  readonly loadMetricNames?: readonly string[];
  readonly metadata: Metadata;
}

const defaultConnectTimeoutMs = 5000;
const defaultConnectionBufferBytesMax = 1_048_576;

export function decodeCluster(json: unknown, path = '', options?: DecodeOptions): Checked<Cluster> {
  return decodeDocument(json, path, options, readCluster);
}

export function readCluster(json: unknown, scope: Scope): Cluster | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const discovery = readDiscovery(reader, name);
  const settings = {
    name,
    statName: reader.string('alt_stat_name') || name,
    connectTimeoutMs: readConnectTimeout(reader),
    connectionBufferBytesMax: reader.uint32('per_connection_buffer_limit_bytes', defaultConnectionBufferBytesMax),
    ...readPreconnect(reader),
    ...readBalancing(reader),
    circuitBreakers: reader.read('circuit_breakers', readCircuitBreakers) ?? defaultCircuitBreakers,
    outlierDetection: reader.read('outlier_detection', readOutlierDetection),
    healthCheck: readOnlyCheck(reader),
    ignoresHealthOnRemoval: reader.boolean('ignore_health_on_host_removal', false),
    closesConnectionsOnHealthFailure: reader.boolean('close_connections_on_host_health_failure', false),
    hasPoolPerClient: reader.boolean('connection_pool_per_downstream_connection', false),
    sockets: readUpstreamSocketOptions(reader),
    http: readClusterProtocolOptions(reader),
    transportSocket: reader.read('transport_socket', readUpstreamTransportSocket),
    transportSocketMatches: reader.list('transport_socket_matches', readTransportSocketMatch),
    ...readLoadReports(reader),
    metadata: reader.read('metadata', readMetadata) ?? noMetadata,
  };
  refuseTheRest(reader);
  reader.done();
  if (discovery) checkPolicyFits(discovery, settings.loadBalancing, scope);
  checkNegotiation(settings, reader.scope);
  return discovery && { ...settings, discovery };
}

/** A protocol is chosen in TLS, so without it nothing would ever choose. */
function checkNegotiation({ http, transportSocket }: Pick<Cluster, 'http' | 'transportSocket'>, scope: Scope): void {
  if (http.negotiates && transportSocket?.kind !== 'tls') {
    scope.at('transport_socket').error('must be TLS where auto_config lets the host choose the protocol');
  }
}

/** Where the type says whom a request goes to, there is nothing left to choose; everywhere else somebody must. */
function checkPolicyFits({ kind }: EndpointDiscovery, policy: LoadBalancingPolicy, scope: Scope): void {
  const isProvided = policy.kind === 'CLUSTER_PROVIDED';
  const wantsProvided = kind === 'ORIGINAL_DST' || kind === 'AGGREGATE';
  if (wantsProvided && !isProvided) scope.at('lb_policy').error(`is ${policy.kind}, must be CLUSTER_PROVIDED for a cluster of type ${kind}`);
  if (isProvided && !wantsProvided) scope.at('lb_policy').error(`is CLUSTER_PROVIDED, which a cluster of type ${kind} does not do`);
}

/** The policy's own settings count before those that hold for every policy. */
function readBalancing(reader: MessageReader): Pick<Cluster, 'loadBalancing' | 'subsets' | 'commonLb'> {
  const common = reader.read('common_lb_config', readCommonLbConfig) ?? defaultCommonLbConfig;
  const { policy, weightsLocalities, subsets, zones } = readLoadBalancing(reader);
  const typed = zones === undefined ? {} : zones === 'none' ? { zones: undefined } : zones;
  return { loadBalancing: policy, subsets, commonLb: { ...common, ...typed, weightsLocalities: weightsLocalities || common.weightsLocalities } };
}

/** A list of which, as in Envoy, only one entry is supported. */
function readOnlyCheck(reader: MessageReader): HealthCheck | undefined {
  const name = 'health_checks';
  const checks = reader.list(name, readHealthCheck);
  if (checks.length > 1) reader.scope.at(name).error(`has ${checks.length} entries, must have at most one`);
  return checks[0];
}

function readConnectTimeout(reader: MessageReader): number {
  const timeoutMs = reader.durationMs('connect_timeout', defaultConnectTimeoutMs);
  if (timeoutMs <= 0) reader.scope.at('connect_timeout').error('must be more than 0');
  return timeoutMs;
}

function readLoadReports(reader: MessageReader): Pick<Cluster, 'loadServer' | 'loadMetricNames'> {
  const loadServer = reader.read('lrs_server', readConfigSource);
  if (loadServer?.kind === 'path') reader.scope.at('lrs_server').error('is a file, must be a server: self, ads or api_config_source');
  const loadMetricNames = reader.list('lrs_report_endpoint_metrics', decodeString);
  return { ...(loadServer ? { loadServer } : {}), ...(loadMetricNames.length > 0 ? { loadMetricNames } : {}) };
}

function refuseTheRest(reader: MessageReader): void {
  reader.ignore([
    'track_cluster_stats',
    'track_timeout_budgets',
  ]);
  reader.refuse([
    'transport_socket_matcher',
    'filters',
  ]);
}

function readPreconnect(reader: MessageReader): Pick<Cluster, 'preconnectRatio'> {
  const preconnectRatio = reader.read('preconnect_policy', (json, scope) => {
    const policy = MessageReader.open(json, scope);
    const ratio = policy?.read('per_upstream_preconnect_ratio', (value, at) => decodeNumber(value, at, { min: 1, max: 3 }));
    policy?.ignore(['predictive_preconnect_ratio']);
    policy?.done();
    return ratio;
  });
  return preconnectRatio === undefined ? {} : { preconnectRatio };
}
