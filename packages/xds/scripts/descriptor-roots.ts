/**
 * Which messages each descriptor holds. A descriptor has the named messages and all they refer to; what
 * travels inside an `Any` is not referred to, so it is named here itself.
 */
import { extensionRoots } from './extension-roots.ts';
import { envoy, type RootFile } from './root-file.ts';

/** Names of the sets are the names of the generated modules. A set leaves out what the sets it extends have. */
export interface DescriptorSet {
  readonly name: string;
  readonly roots: readonly RootFile[];
}

export const descriptorSets: readonly DescriptorSet[] = [
  {
    // All that a sidecar needs: it takes its configuration from the environment and only reports load.
    name: 'load',
    roots: [
      envoy('service/load_stats/v3/lrs', 'LoadStatsRequest', 'LoadStatsResponse'),
      {
        file: 'sluice/load/v1/load.proto',
        messages: ['sluice.load.v1.StreamLoadRequest', 'sluice.load.v1.StreamLoadResponse'],
      },
    ],
  },
  {
    // What a proxy that takes its configuration over xDS, and the service that gives it, read and write.
    name: 'core',
    roots: [
      envoy(
        'service/discovery/v3/discovery',
        'DiscoveryRequest',
        'DiscoveryResponse',
        'DeltaDiscoveryRequest',
        'DeltaDiscoveryResponse',
        'Resource',
      ),
      envoy('config/listener/v3/listener', 'Listener'),
      envoy('config/route/v3/route', 'RouteConfiguration'),
      envoy('config/route/v3/scoped_route', 'ScopedRouteConfiguration'),
      envoy('config/cluster/v3/cluster', 'Cluster'),
      envoy('config/endpoint/v3/endpoint', 'ClusterLoadAssignment'),
      envoy('config/core/v3/extension', 'TypedExtensionConfig'),
      envoy('extensions/transport_sockets/tls/v3/secret', 'Secret'),
      envoy('extensions/transport_sockets/tls/v3/tls', 'DownstreamTlsContext', 'UpstreamTlsContext'),
      envoy('extensions/transport_sockets/raw_buffer/v3/raw_buffer', 'RawBuffer'),
      envoy(
        'extensions/filters/network/http_connection_manager/v3/http_connection_manager',
        'HttpConnectionManager',
      ),
      envoy('extensions/filters/network/tcp_proxy/v3/tcp_proxy', 'TcpProxy'),
      envoy('extensions/filters/listener/tls_inspector/v3/tls_inspector', 'TlsInspector'),
      envoy('extensions/filters/listener/http_inspector/v3/http_inspector', 'HttpInspector'),
      envoy('extensions/filters/listener/proxy_protocol/v3/proxy_protocol', 'ProxyProtocol'),
      envoy('extensions/filters/listener/original_dst/v3/original_dst', 'OriginalDst'),
      envoy('extensions/filters/http/router/v3/router', 'Router'),
      envoy('extensions/filters/http/local_ratelimit/v3/local_rate_limit', 'LocalRateLimit'),
      envoy('extensions/filters/http/cors/v3/cors', 'Cors', 'CorsPolicy'),
      envoy('extensions/filters/http/fault/v3/fault', 'HTTPFault'),
      envoy('extensions/filters/http/rbac/v3/rbac', 'RBAC', 'RBACPerRoute'),
      envoy('extensions/filters/http/health_check/v3/health_check', 'HealthCheck'),
      envoy('extensions/upstreams/http/v3/http_protocol_options', 'HttpProtocolOptions'),
      envoy('extensions/access_loggers/file/v3/file', 'FileAccessLog'),
      envoy('extensions/access_loggers/stream/v3/stream', 'StdoutAccessLog', 'StderrAccessLog'),
      envoy('extensions/load_balancing_policies/round_robin/v3/round_robin', 'RoundRobin'),
      envoy('extensions/load_balancing_policies/least_request/v3/least_request', 'LeastRequest'),
      envoy('extensions/load_balancing_policies/random/v3/random', 'Random'),
      envoy('extensions/load_balancing_policies/ring_hash/v3/ring_hash', 'RingHash'),
      envoy('extensions/load_balancing_policies/maglev/v3/maglev', 'Maglev'),
      envoy('extensions/load_balancing_policies/pick_first/v3/pick_first', 'PickFirst'),
      envoy('extensions/load_balancing_policies/wrr_locality/v3/wrr_locality', 'WrrLocality'),
      envoy(
        'extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin',
        'ClientSideWeightedRoundRobin',
      ),
      envoy('extensions/request_id/uuid/v3/uuid', 'UuidRequestIdConfig'),
      envoy('config/trace/v3/opentelemetry', 'OpenTelemetryConfig'),
      { file: 'xds/type/v3/typed_struct.proto', messages: ['xds.type.v3.TypedStruct'] },
      { file: 'udpa/type/v1/typed_struct.proto', messages: ['udpa.type.v1.TypedStruct'] },
    ],
  },
  {
    // What a proxy may be told by other control planes than ours.
    name: 'extensions',
    roots: extensionRoots,
  },
  {
    // What only people and tools ask for: bootstrap files, dumps, client status.
    name: 'admin',
    roots: [
      envoy('config/bootstrap/v3/bootstrap', 'Bootstrap'),
      envoy('admin/v3/config_dump', 'ConfigDump'),
      envoy(
        'admin/v3/config_dump_shared',
        'ListenersConfigDump',
        'ClustersConfigDump',
        'RoutesConfigDump',
        'SecretsConfigDump',
        'EndpointsConfigDump',
        'EcdsConfigDump',
      ),
      envoy('admin/v3/clusters', 'Clusters'),
      envoy('admin/v3/server_info', 'ServerInfo'),
      envoy('service/status/v3/csds', 'ClientStatusRequest', 'ClientStatusResponse'),
      envoy('service/accesslog/v3/als', 'StreamAccessLogsMessage'),
    ],
  },
];
