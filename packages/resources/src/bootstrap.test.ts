import { expect, test } from 'vitest';
import { decodeBootstrap } from './bootstrap.ts';
import { routesJson, listenerJson, routeTo, staticClusterJson } from './testing/sample-resources.ts';

const adsCluster = staticClusterJson('xds', ['127.0.0.1:18000']);
const ads = { api_type: 'GRPC', transport_api_version: 'V3', grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }] };

function problemsOf(json: unknown): string[] {
  return decodeBootstrap(json).problems.map(({ path, message }) => `${path}: ${message}`);
}

test('an empty bootstrap is a proxy that does nothing', () => {
  const decoded = decodeBootstrap({});
  expect(decoded).toMatchObject({
    ok: true,
    value: { staticResources: { listeners: [], clusters: [] }, admin: undefined, node: { id: '', cluster: '' } },
    problems: [],
  });
});

test('static resources get the defaults of Envoy', () => {
  const decoded = decodeBootstrap({
    static_resources: {
      listeners: [listenerJson('http', { route_config: routesJson('r', [routeTo('app')]) })],
      clusters: [staticClusterJson('app', ['10.0.0.1:80'])],
    },
  });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  const { listeners, clusters } = decoded.value.staticResources;
  expect(listeners[0]).toMatchObject({ connectionBufferBytesMax: 1_048_576, reusePort: true });
  expect(listeners[0]?.filterChains[0]?.filters[0]?.config).toMatchObject({
    streamIdleTimeoutMs: 300_000,
    requestTimeoutMs: 0,
    drainTimeoutMs: 5000,
    requestHeadersBytesMax: 61_440,
    serverName: 'envoy',
    generateRequestId: true,
    useRemoteAddress: false,
    commonHttpProtocolOptions: { idleTimeoutMs: 3_600_000, headersCountMax: 100 },
  });
  expect(clusters[0]).toMatchObject({
    connectTimeoutMs: 5000,
    loadBalancing: { kind: 'ROUND_ROBIN' },
    commonLb: { panicThresholdRatio: 0.5, weightsLocalities: false },
    outlierDetection: undefined,
    healthCheck: undefined,
    circuitBreakers: { default: { connectionsMax: 1024, pendingRequestsMax: 1024, requestsMax: 1024, retriesMax: 3 } },
    discovery: { kind: 'STATIC', assignment: { overprovisioningPercent: 140 } },
  });
});

test('dynamic resources need a node and a static way to the server', () => {
  expect(problemsOf({ dynamic_resources: { lds_config: { ads: {} }, ads_config: ads } })).toEqual([
    'node.id: is required where dynamic resources are used',
    'node.cluster: is required where dynamic resources are used',
    'dynamic_resources.ads_config.grpc_services[0]: names cluster "xds", which is no static cluster with addresses',
  ]);
  expect(
    problemsOf({
      node: { id: 'a', cluster: 'b' },
      dynamic_resources: { lds_config: { ads: {} }, ads_config: ads },
      static_resources: { clusters: [adsCluster] },
    }),
  ).toEqual([]);
});

test('lds_config by ads needs an ads_config', () => {
  expect(
    problemsOf({ node: { id: 'a', cluster: 'b' }, dynamic_resources: { lds_config: { ads: {} } } }),
  ).toEqual(['dynamic_resources.ads_config: is required where lds_config or cds_config say ads']);
});

test('two clusters of one name are one too many', () => {
  expect(problemsOf({ static_resources: { clusters: [adsCluster, adsCluster] } })).toEqual([
    'static_resources.clusters[1].name: is "xds", which is taken already',
  ]);
});

test('what only tunes is accepted and named', () => {
  const decoded = decodeBootstrap({ watchdogs: {}, stats_flush_interval: '1s' });
  expect(decoded.ok).toBe(true);
  expect(decoded.problems.map(({ path, severity }) => `${severity} ${path}`)).toEqual([
    'warning stats_flush_interval',
    'warning watchdogs',
  ]);
});

test('what would change traffic is refused', () => {
  expect(problemsOf({ overload_manager: { actions: [{ name: 'x' }] } })).toEqual([expect.stringMatching(/^overload_manager\.actions\[0\]\.name: is "x", must be one of /)]);
});

test('what holds for all clusters', () => {
  const cluster_manager = {
    local_cluster_name: 'edge',
    outlier_detection: { event_log_path: '/dev/stderr' },
    upstream_bind_config: { source_address: { address: '10.0.0.1', port_value: 0 } },
  };
  expect(decodeBootstrap({ cluster_manager })).toMatchObject({
    ok: true,
    problems: [],
    value: { clusterManager: { localClusterName: 'edge', outlierEventLogPath: '/dev/stderr', localAddress: { host: '10.0.0.1', port: 0 }, loadStatsConfig: undefined } },
  });
});

test('reports of load go to servers that can be reached', () => {
  const cluster = (lrs_server: object) => ({ ...adsCluster, name: 'app', lrs_server });
  const api = (cluster_name: string) => ({ api_type: 'GRPC', transport_api_version: 'V3', grpc_services: [{ envoy_grpc: { cluster_name } }] });
  expect(problemsOf({ static_resources: { clusters: [cluster({ self: {} })] } })).toEqual(['static_resources.clusters[0].lrs_server: says self, but no server is asked for resources']);
  expect(problemsOf({ static_resources: { clusters: [cluster({ api_config_source: api('gone') })] } })).toEqual([
    'static_resources.clusters[0].lrs_server.api_config_source.grpc_services[0]: names cluster "gone", which is no static cluster with addresses',
  ]);
  expect(problemsOf({ static_resources: { clusters: [cluster({ path_config_source: { path: '/x' } })] } })).toEqual([
    'static_resources.clusters[0].lrs_server: is a file, must be a server: self, ads or api_config_source',
  ]);
  const good = { clusters: [adsCluster, cluster({ api_config_source: api('xds') })] };
  expect(problemsOf({ cluster_manager: { load_stats_config: api('xds') }, static_resources: good })).toEqual([]);
});

test('says that requests of the admin server are not logged', () => {
  const access_log = [{ name: 'l', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog' } }];
  const decoded = decodeBootstrap({ admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, access_log } });
  expect(decoded.problems.map(({ severity, path }) => `${severity} ${path}`)).toEqual(['warning admin.access_log']);
});
