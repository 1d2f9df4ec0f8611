/** The bootstraps of a soak: always the same service, and with each version different in what has to stay unnoticed. */
import type { Address } from '@sluice/kernel';

export interface SoakHosts {
  /** They speak HTTP/1.1. */
  readonly plain: readonly Address[];
  /** They speak HTTP/2 by prior knowledge. */
  readonly http2: readonly Address[];
}

/** `version` 0 is what it begins with. */
export function soakBootstrap(version: number, hosts: SoakHosts): string {
  // Endpoints come and go, one of them always there; the cluster itself changes more rarely, routes with every version.
  const rotated = (all: readonly Address[]) => all.filter((_, index) => version === 0 || all.length < 3 || index !== version % all.length);
  const clusterName = `plain-${Math.floor(version / 4) % 2}`;
  return JSON.stringify({
    static_resources: {
      listeners: [listener('edge', version, clusterName), ...(version % 3 === 1 ? [listener('guest', version, clusterName)] : [])],
      clusters: [
        cluster(clusterName, rotated(hosts.plain), { connect_timeout: `${1 + (Math.floor(version / 8) % 3)}s` }),
        cluster('http2', rotated(hosts.http2), {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        }),
      ],
    },
  });
}

/** What may be asked again without harm: before an answer has begun, and where nothing was sent for anything else. */
const retry = (retryOn: string) => ({
  retry_on: retryOn,
  num_retries: 4,
  retry_back_off: { base_interval: '0.005s', max_interval: '0.05s' },
  // One that has just failed is not asked again.
  retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' } }],
  host_selection_retry_max_attempts: 5,
});

/** Why a request that could have been saved was not: all that the proxy knows of it. */
const failedReads = {
  name: 'failed-reads',
  filter: {
    and_filter: {
      filters: [
        { status_code_filter: { comparison: { op: 'GE', value: { default_value: 500, runtime_key: 'soak.failed' } } } },
        { header_filter: { header: { name: ':method', string_match: { exact: 'GET' } } } },
      ],
    },
  },
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
    log_format: {
      text_format_source: {
        inline_string:
          '    proxy: %REQ(x-id)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% after %UPSTREAM_REQUEST_ATTEMPT_COUNT% tries and %DURATION% ms, the last of %UPSTREAM_CLUSTER% at %UPSTREAM_HOST%: %UPSTREAM_TRANSPORT_FAILURE_REASON%\n',
      },
    },
  },
};

function listener(name: string, version: number, plainCluster: string): object {
  const route = (match: object, cluster: string, retryOn: string) => ({ match, route: { cluster, timeout: '20s', retry_policy: retry(retryOn) } });
  const isGet = { headers: [{ name: ':method', string_match: { exact: 'GET' } }] };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'manager',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: name,
              codec_type: 'AUTO',
              upgrade_configs: [{ upgrade_type: 'websocket' }],
              // A listener that changes drains its connections.
              common_http_protocol_options: { idle_timeout: `${60 + (version % 5)}s` },
              access_log: [failedReads],
              route_config: {
                virtual_hosts: [
                  { name: `other-${version % 7}`, domains: [`other-${version % 7}.test`], routes: [{ match: { prefix: '/' }, direct_response: { status: 404 } }] },
                  {
                    name: 'soak',
                    domains: ['*'],
                    routes: [
                      route({ prefix: '/h2/', ...isGet }, 'http2', '5xx,reset,connect-failure,refused-stream'),
                      route({ prefix: '/h2/' }, 'http2', 'connect-failure,refused-stream'),
                      route({ prefix: '/ws/' }, plainCluster, 'connect-failure'),
                      route({ prefix: '/', ...isGet }, plainCluster, '5xx,reset,connect-failure'),
                      route({ prefix: '/' }, plainCluster, 'connect-failure'),
                    ],
                  },
                ],
              },
              http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
            },
          },
        ],
      },
    ],
  };
}

function cluster(name: string, hosts: readonly Address[], more: object): object {
  return {
    name,
    type: 'STATIC',
    lb_policy: 'ROUND_ROBIN',
    // Envoy's default of 3 repeated requests at once is less than there are clients here.
    circuit_breakers: { thresholds: [{ max_retries: 100 }] },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: hosts.map(({ host, port }) => ({ endpoint: { address: { socket_address: { address: host, port_value: port } } } })) }],
    },
    ...more,
  };
}
