/** The engine as shipped: route table, cluster, circuit breakers, counters, request id; no part is switched off. */

export interface SluiceYamlOptions {
  readonly port: number;
  readonly backendPort: number;
  /** Requests below `/echo` go there, so that bytes can be verified. Default: nowhere. */
  readonly echoPort?: number;
  /** Virtual hosts of ten routes each with a header to match, before the request's own. Default 0. */
  readonly virtualHosts?: number;
  /** Files in PEM; absent for plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** A file for an access log in Envoy's default format. Default: none. */
  readonly accessLog?: string;
  /** Traces so many percent of the requests, with the process's own tracer. Default: none. */
  readonly tracedPercent?: number;
  /** HTTP filters before the router, as JSON. */
  readonly filters?: readonly object[];
}

const typeUrl = (name: string) => `type.googleapis.com/${name}`;

/** JSON, which is YAML too. */
export function sluiceYaml(options: SluiceYamlOptions): string {
  const { port, backendPort, echoPort } = options;
  const manager = {
    '@type': typeUrl('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'bench',
    route_config: { name: 'local', virtual_hosts: virtualHosts(options) },
    http_filters: [...(options.filters ?? []), { name: 'envoy.filters.http.router', typed_config: { '@type': typeUrl('envoy.extensions.filters.http.router.v3.Router') } }],
    ...(options.tracedPercent !== undefined && { tracing: { random_sampling: { value: options.tracedPercent } } }),
    ...(options.accessLog && {
      access_log: [{ name: 'envoy.access_loggers.file', typed_config: { '@type': typeUrl('envoy.extensions.access_loggers.file.v3.FileAccessLog'), path: options.accessLog } }],
    }),
  };
  const clusters = [staticCluster('backend', backendPort), ...(echoPort === undefined ? [] : [staticCluster('echo', echoPort)])];
  const listener = {
    name: 'main',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }], ...transportSocket(options) }],
  };
  return JSON.stringify({ static_resources: { listeners: [listener], clusters } }, null, 1);
}

function virtualHosts({ echoPort, virtualHosts: count = 0 }: SluiceYamlOptions): object[] {
  const toEcho = echoPort === undefined ? [] : [{ match: { prefix: '/echo' }, route: { cluster: 'echo' } }];
  const others = Array.from({ length: count }, (_, index) => ({
    name: `host-${index}`,
    domains: [`host-${index}.example`],
    routes: Array.from({ length: 10 }, (_, route) => ({
      match: { prefix: '/', ...(route < 9 && { headers: [{ name: 'x-variant', string_match: { exact: `variant-${route}` } }] }) },
      route: { cluster: 'backend' },
    })),
  }));
  return [...others, { name: 'all', domains: ['*'], routes: [...toEcho, { match: { prefix: '/' }, route: { cluster: 'backend' } }] }];
}

function staticCluster(name: string, port: number): object {
  const endpoint = { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } };
  return { name, type: 'STATIC', load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] } };
}

function transportSocket({ tls }: SluiceYamlOptions): object {
  if (!tls) return {};
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': typeUrl('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3' },
          tls_certificates: [{ certificate_chain: { filename: tls.certificate }, private_key: { filename: tls.key } }],
        },
      },
    },
  };
}
