/**
 * What the proxy beside a plain program is told: a static bootstrap (`envoy.config.bootstrap.v3`), made of what the pod declares. Inbound listeners with
 * statistics of their own, explicit ways out, and the port where kubelets ask. Pure.
 */
import { adminPort, inboundPortsFrom, statusPort } from './names.ts';
import type { PodContainer, PodPort } from './pod.ts';
import type { Outbound, PodSettings } from './pod-settings.ts';
import type { RewrittenProbe } from './probes.ts';

type Config = Readonly<Record<string, unknown>>;

/** A program's port, and the proxy's in front of it. */
export interface InboundPort {
  readonly port: number;
  readonly proxyPort: number;
  readonly isHttp: boolean;
  readonly name: string;
}

/** The TCP ports that the programs declare, as far as they are to be led through. */
export function inboundPortsOf(containers: readonly PodContainer[], { inboundPorts, excludedInboundPorts }: PodSettings): InboundPort[] {
  const declared = new Map<number, PodPort>();
  for (const port of containers.flatMap(({ ports = [] }) => ports)) {
    if ((port.protocol ?? 'TCP') === 'TCP' && !declared.has(port.containerPort)) declared.set(port.containerPort, port);
  }
  const wanted = (inboundPorts ?? [...declared.keys()]).filter((port) => !excludedInboundPorts.includes(port));
  return [...new Set(wanted)].map((port, index) => ({
    port,
    proxyPort: inboundPortsFrom + index,
    isHttp: isHttp(declared.get(port)?.name ?? ''),
    name: `mesh-${port}`,
  }));
}

/** By the name of the port, as Istio chooses protocols; what says nothing is passed on as it comes. */
function isHttp(name: string): boolean {
  return /^(http|http2|h2c|grpc|grpc-web)(-|$)/.test(name);
}

export function proxyBootstrap(inbound: readonly InboundPort[], outbound: readonly Outbound[], probes: readonly RewrittenProbe[]): Config {
  return {
    admin: { address: address('127.0.0.1', adminPort) },
    static_resources: {
      listeners: [statusListener(probes), ...inbound.map(inboundListener), ...outbound.map(outboundListener)],
      clusters: [
        cluster('admin', adminPort),
        ...inbound.map(({ port }) => cluster(`inbound_${port}`, port)),
        ...outbound.map(({ port, host, targetPort }) => ({ ...cluster(`outbound_${port}`, targetPort, host), type: 'STRICT_DNS' })),
        ...probes.map(probeCluster),
      ],
    },
  };
}

function statusListener(probes: readonly RewrittenProbe[]): Config {
  const checked = probes.filter(({ target }) => target.kind !== 'http');
  const routes = [
    { match: { path: '/sluice/ready' }, direct_response: { status: 200, body: { inline_string: 'ready\n' } } },
    { match: { path: '/metrics' }, route: { cluster: 'admin', prefix_rewrite: '/stats/prometheus' } },
    ...probes.flatMap(({ path, target, timeoutMs, ...probe }) =>
      target.kind === 'http' ? [{ match: { path }, route: { cluster: probeClusterName(probe), prefix_rewrite: target.path, timeout: seconds(timeoutMs) } }] : [],
    ),
  ];
  const healthChecks = checked.map((probe) =>
    filter('health_check', 'envoy.extensions.filters.http.health_check.v3.HealthCheck', {
      pass_through_mode: false,
      headers: [{ name: ':path', string_match: { exact: probe.path } }],
      cluster_min_healthy_percentages: { [probeClusterName(probe)]: { value: 100 } },
    }),
  );
  return listener('status', '0.0.0.0', statusPort, httpManager('status', routes, healthChecks));
}

function inboundListener({ port, proxyPort, isHttp: speaksHttp }: InboundPort): Config {
  const name = `inbound_${port}`;
  const route = { match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } };
  return listener(name, '0.0.0.0', proxyPort, speaksHttp ? httpManager(name, [route]) : tcpProxy(name));
}

/** Nobody outside the pod is to go out by it. */
function outboundListener({ port, host, targetPort }: Outbound): Config {
  const name = `outbound_${port}`;
  const route = { match: { prefix: '/' }, route: { cluster: name, host_rewrite_literal: targetPort === 80 ? host : `${host}:${targetPort}`, timeout: '0s' } };
  return listener(name, '127.0.0.1', port, httpManager(name, [route]));
}

function listener(name: string, host: string, port: number, networkFilter: Config): Config {
  return { name, address: address(host, port), filter_chains: [{ filters: [networkFilter] }] };
}

function httpManager(name: string, routes: readonly Config[], filters: readonly Config[] = []): Config {
  return filter('http_connection_manager', 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: name,
    route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
    http_filters: [...filters, filter('router', 'envoy.extensions.filters.http.router.v3.Router', {})],
  });
}

function tcpProxy(name: string): Config {
  return filter('tcp_proxy', 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: name, cluster: name });
}

function filter(name: string, type: string, config: Config): Config {
  const area = type.includes('.filters.http.') ? 'http' : 'network';
  return { name: `envoy.filters.${area}.${name}`, typed_config: { '@type': `type.googleapis.com/${type}`, ...config } };
}

function probeClusterName({ container, probe }: Pick<RewrittenProbe, 'container' | 'probe'>): string {
  return `probe_${container}_${probe}`;
}

function probeCluster(probe: RewrittenProbe): Config {
  const { target, timeoutMs, periodMs } = probe;
  const base = cluster(probeClusterName(probe), target.port);
  switch (target.kind) {
    case 'http': {
      // As a kubelet does: whose certificate it is does not matter to whether the program is well.
      const tls = { name: 'envoy.transport_sockets.tls', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext' } };
      return target.isTls ? { ...base, transport_socket: tls } : base;
    }
    case 'tcp':
      return { ...base, health_checks: [{ ...checkTimes(timeoutMs, periodMs), tcp_health_check: {} }] };
    case 'grpc': {
      const http2 = { '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions', explicit_http_config: { http2_protocol_options: {} } };
      const check = target.service === '' ? {} : { service_name: target.service };
      return {
        ...base,
        typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2 },
        health_checks: [{ ...checkTimes(timeoutMs, periodMs), grpc_health_check: check }],
      };
    }
  }
}

/** One answer decides: the kubelet counts failures itself. Nobody sends requests to these clusters, which must not slow the checks down. */
function checkTimes(timeoutMs: number, periodMs: number): Config {
  const interval = seconds(periodMs);
  return { timeout: seconds(timeoutMs), interval, no_traffic_interval: interval, unhealthy_threshold: 1, healthy_threshold: 1 };
}

function cluster(name: string, port: number, host = '127.0.0.1'): Config {
  const endpoint = { endpoint: { address: address(host, port) } };
  return { name, type: 'STATIC', connect_timeout: '5s', load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] } };
}

function address(host: string, port: number): Config {
  return { socket_address: { address: host, port_value: port } };
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
