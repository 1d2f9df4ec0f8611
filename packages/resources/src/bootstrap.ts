/** `envoy.config.bootstrap.v3.Bootstrap`: what a proxy knows before it asks anybody. */
import type { Address, Checked, ResolverSettings } from '@sluice/kernel';
import { readAccessLog } from './access-log.ts';
import { readAddress } from './address.ts';
import { readCluster, type Cluster } from './cluster.ts';
import { defaultClusterManager, readClusterManager, type ClusterManager } from './cluster-manager.ts';
import { readApiConfigSource, readConfigSource, type ApiConfigSource, type ConfigSource } from './config-source.ts';
import { decodeDocument } from './decode/decode-document.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readDnsResolver } from './dns-resolver.ts';
import { noRuntime, readLayeredRuntime, type LayeredRuntime } from './layered-runtime.ts';
import { readListener, type Listener } from './listener.ts';
import { readNode, type Node } from './node.ts';
import { readOverloadManager, type OverloadManager } from './overload-manager.ts';
import { readSecret, type Secret } from './tls/secret.ts';
import { defaultStatsConfig, readStatsConfig, type StatsConfig } from './stats-config.ts';
import { readStringMatcher, type StringMatcher } from './string-matcher.ts';
import { readTracingProvider, type TracingProvider } from './tracing-provider.ts';

export interface Bootstrap {
  readonly node: Node;
  readonly staticResources: StaticResources;
  readonly dynamicResources: DynamicResources;
  /** Undefined: no admin server. */
  readonly admin: Admin | undefined;
  /** Values that override the configuration's. */
  readonly layeredRuntime: LayeredRuntime;
  readonly clusterManager: ClusterManager;
  /** Who resolves names, where clusters do not say so themselves. Undefined: the system. */
  readonly dnsResolver: ResolverSettings | undefined;
  /** Undefined: the process does not watch itself. */
  readonly overload: OverloadManager | undefined;
  readonly statsConfig: StatsConfig;
  /** Who takes the spans of connection managers that name nobody. */
  readonly tracing: TracingProvider | undefined;
}

export interface StaticResources {
  readonly listeners: readonly Listener[];
  readonly clusters: readonly Cluster[];
  readonly secrets: readonly Secret[];
}

export interface DynamicResources {
  readonly ldsConfig: ConfigSource | undefined;
  readonly cdsConfig: ConfigSource | undefined;
  readonly adsConfig: ApiConfigSource | undefined;
}

export interface Admin {
  readonly address: Address;
  /** Paths that may be asked for; empty is all. Others answer 403. */
  readonly allowPaths: readonly StringMatcher[];
}

const anonymous: Node = { id: '', cluster: '', metadata: {}, locality: undefined };
const noStaticResources: StaticResources = { listeners: [], clusters: [], secrets: [] };
const noDynamicResources: DynamicResources = { ldsConfig: undefined, cdsConfig: undefined, adsConfig: undefined };

export function decodeBootstrap(json: unknown, path = '', options?: DecodeOptions): Checked<Bootstrap> {
  return decodeDocument(json, path, options, readBootstrap);
}

export function readBootstrap(json: unknown, scope: Scope): Bootstrap | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const bootstrap: Bootstrap = {
    node: reader.read('node', readNode) ?? anonymous,
    staticResources: reader.read('static_resources', readStaticResources) ?? noStaticResources,
    dynamicResources: reader.read('dynamic_resources', readDynamicResources) ?? noDynamicResources,
    admin: reader.read('admin', readAdmin),
    layeredRuntime: reader.read('layered_runtime', readLayeredRuntime) ?? noRuntime,
    clusterManager: reader.read('cluster_manager', readClusterManager) ?? defaultClusterManager,
    overload: reader.read('overload_manager', readOverloadManager),
    statsConfig: reader.read('stats_config', readStatsConfig) ?? defaultStatsConfig,
    dnsResolver: readDnsResolver(reader),
    tracing: reader.read('tracing', readBootstrapTracing),
  };
  reader.ignore([
    'stats_flush_interval',
    'stats_flush_on_admin',
    'stats_sinks',
    'stats_eviction_interval',
    'watchdog',
    'watchdogs',
    'bootstrap_extensions',
    'fatal_actions',
    'default_socket_interface',
    'inline_headers',
    'memory_allocator_manager',
    'perf_tracing_file_path',
    'node_context_params',
    'default_regex_engine',
  ]);
  reader.refuse(['header_prefix', 'hds_config', 'config_sources', 'default_config_source']);
  reader.done();
  checkSources(bootstrap, scope);
  return bootstrap;
}

function readStaticResources(json: unknown, scope: Scope): StaticResources | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const listeners = reader.list('listeners', readListener);
  const clusters = reader.list('clusters', readCluster);
  const secrets = reader.list('secrets', readSecret);
  reader.done();
  reportDuplicates(listeners, scope.at('listeners'));
  reportDuplicates(clusters, scope.at('clusters'));
  reportDuplicates(secrets, scope.at('secrets'));
  return { listeners, clusters, secrets };
}

function readDynamicResources(json: unknown, scope: Scope): DynamicResources | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const dynamic: DynamicResources = {
    ldsConfig: reader.read('lds_config', readConfigSource),
    cdsConfig: reader.read('cds_config', readConfigSource),
    adsConfig: reader.read('ads_config', readApiConfigSource),
  };
  reader.refuse(['lds_resources_locator', 'cds_resources_locator']);
  reader.done();
  return dynamic;
}

function readAdmin(json: unknown, scope: Scope): Admin | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const address = reader.read('address', readAddress);
  const allowPaths = reader.list('allow_paths', readStringMatcher);
  const accessLogs = reader.list('access_log', readAccessLog);
  if (accessLogs.length > 0) scope.at('access_log').warn('is ignored: requests of the admin server are not logged');
  reader.ignore(['access_log_path', 'profile_path', 'socket_options', 'ignore_global_conn_limit']);
  reader.done();
  return address && { address, allowPaths };
}

/** `envoy.config.trace.v3.Tracing`. */
function readBootstrapTracing(json: unknown, scope: Scope): TracingProvider | undefined {
  const reader = MessageReader.open(json, scope);
  const provider = reader?.read('http', readTracingProvider);
  reader?.done();
  return provider;
}

/** What asks a server must say who it is, and must be able to reach the server before anything was asked. */
function checkSources({ node, dynamicResources, staticResources, clusterManager }: Bootstrap, scope: Scope): void {
  const { ldsConfig, cdsConfig, adsConfig } = dynamicResources;
  const usesServer = [ldsConfig, cdsConfig].some((source) => source && source.kind !== 'path') || adsConfig;
  if (usesServer && node.id === '') scope.at('node').at('id').error('is required where dynamic resources are used');
  if (usesServer && node.cluster === '') {
    scope.at('node').at('cluster').error('is required where dynamic resources are used');
  }
  if ((ldsConfig?.kind === 'ads' || cdsConfig?.kind === 'ads') && !adsConfig) {
    scope.at('dynamic_resources').at('ads_config').error('is required where lds_config or cds_config say ads');
  }
  const check = (api: ApiConfigSource | undefined, at: Scope): void => {
    api?.clusterNames.forEach((name, index) => {
      const cluster = staticResources.clusters.find((candidate) => candidate.name === name);
      const isReachable = cluster !== undefined && cluster.discovery.kind !== 'EDS';
      if (isReachable) return;
      at.at('grpc_services').at(index).error(`names cluster ${JSON.stringify(name)}, which is no static cluster with addresses`);
    });
  };
  check(adsConfig, scope.at('dynamic_resources').at('ads_config'));
  check(clusterManager.loadStatsConfig, scope.at('cluster_manager').at('load_stats_config'));
  staticResources.clusters.forEach(({ loadServer }, index) => {
    const at = scope.at('static_resources').at('clusters').at(index).at('lrs_server');
    if (loadServer?.kind === 'api') check(loadServer.api, at.at('api_config_source'));
    const isServed = adsConfig !== undefined || cdsConfig?.kind === 'api';
    if ((loadServer?.kind === 'self' || loadServer?.kind === 'ads') && !isServed) at.error(`says ${loadServer.kind}, but no server is asked for resources`);
  });
}

function reportDuplicates(named: readonly { readonly name: string }[], scope: Scope): void {
  const seen = new Set<string>();
  named.forEach(({ name }, index) => {
    if (seen.has(name)) scope.at(index).at('name').error(`is ${JSON.stringify(name)}, which is taken already`);
    seen.add(name);
  });
}
