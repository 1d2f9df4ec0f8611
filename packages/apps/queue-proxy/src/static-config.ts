/**
 * The engine's configuration in this seat: one listener, the queue filter, and one cluster that is the program.
 * Written as resources, so that `/config_dump` shows it and the engine reads it as it reads any other.
 */
import { queueFilterName, queueFilterTypeUrl, type ConfigUpdate, type QueueFilterValue } from '@sluice/proxy';
import { typeUrls } from '@sluice/resources';
import type { QueueProxySettings } from './config.ts';

/** Name of the listener that takes requests. */
export const servingListener = 'queue';

const programCluster = 'app';

/** Connections to the program that may lie idle when it has no limit of its own. Knative's number. */
const IDLE_CONNECTIONS_MAX = 1000;

export function makeStaticConfig(settings: QueueProxySettings): readonly ConfigUpdate[] {
  return [
    update(typeUrls.cluster, programCluster, makeCluster(settings)),
    update(typeUrls.listener, servingListener, makeListener(settings)),
  ];
}

/**
 * The address to listen on. Everywhere but on a laptop a pod has a network of its own; there pods share one, each
 * with a loopback address, and a listener on all addresses would take the port from the others.
 */
export function listenHost(podIp: string): string {
  if (podIp.startsWith('127.')) return podIp;
  return podIp.includes(':') ? '::' : '0.0.0.0';
}

function update(typeUrl: string, name: string, value: unknown): ConfigUpdate {
  return { typeUrl, version: '1', changed: [{ name, version: '1', value }], removed: [] };
}

function makeCluster({ userPort, containerConcurrency }: QueueProxySettings): unknown {
  const connectionsMax = containerConcurrency > 0 ? containerConcurrency : IDLE_CONNECTIONS_MAX;
  return {
    name: programCluster,
    type: 'STATIC',
    connect_timeout: '5s',
    // The queue filter is the limit; this one must never be met, so it is far away.
    circuit_breakers: { thresholds: [{ max_connections: connectionsMax * 100, max_pending_requests: 1_000_000, max_requests: 1_000_000 }] },
    load_assignment: {
      cluster_name: programCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress('127.0.0.1', userPort) } }] }],
    },
  };
}

function makeListener(settings: QueueProxySettings): unknown {
  return {
    name: servingListener,
    address: socketAddress(listenHost(settings.identity.podIp), settings.servingPort),
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: makeManager(settings) }] }],
  };
}

function makeManager(settings: QueueProxySettings): unknown {
  const queue: QueueFilterValue = {
    container_concurrency: settings.containerConcurrency,
    timeout_seconds: settings.timeoutSeconds,
    response_start_timeout_seconds: settings.responseStartTimeoutSeconds,
    idle_timeout_seconds: settings.idleTimeoutSeconds,
  };
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: servingListener,
    // The program's own headers pass as they are: the sidecar is not there for its clients.
    server_header_transformation: 'PASS_THROUGH',
    generate_request_id: false,
    // The gateway has said who the client is; the sidecar's peer is only the last hop.
    use_remote_address: false,
    // How long a request may be silent is the revision's to say: see the queue filter.
    stream_idle_timeout: '0s',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    http_filters: [
      {
        name: queueFilterName,
        typed_config: { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: queueFilterTypeUrl, value: queue },
      },
      {
        name: 'envoy.filters.http.router',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
          suppress_envoy_headers: true,
        },
      },
    ],
    route_config: {
      name: programCluster,
      virtual_hosts: [
        {
          name: programCluster,
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: programCluster, timeout: '0s' } }],
        },
      ],
    },
  };
}

function socketAddress(address: string, port: number): unknown {
  return { socket_address: { address, port_value: port } };
}
