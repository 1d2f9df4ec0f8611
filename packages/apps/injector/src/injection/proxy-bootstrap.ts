/**
 * What the proxy beside a plain program is told: a static bootstrap (`envoy.config.bootstrap.v3`), made of what the pod declares. Inbound listeners with
 * statistics of their own, explicit ways out, and the port where kubelets ask. Pure.
 */
import { adminPort, captureOutboundPort, inboundPortsFrom, statusPort } from './names.ts';
import type { PodContainer, PodPort } from './pod.ts';
import type { Outbound, PodSettings } from './pod-settings.ts';
import type { RewrittenProbe } from './probes.ts';

type Config = Readonly<Record<string, unknown>>;

/** What of a pod's settings its proxy must know. */
type BootstrapSettings = Pick<PodSettings, 'outbound' | 'capture' | 'outboundCapture' | 'ipFamilies'>;

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

export function proxyBootstrap(inbound: readonly InboundPort[], probes: readonly RewrittenProbe[], settings: BootstrapSettings): Config {
  const { outbound } = settings;
  const captures = settings.capture === 'iptables' && settings.outboundCapture.includedCidrs.length > 0;
  const anywhere = anyAddress(settings);
  return {
    admin: { address: address('127.0.0.1', adminPort) },
    static_resources: {
      listeners: [
        statusListener(probes, anywhere),
        ...inbound.map((one) => inboundListener(one, anywhere)),
        ...outbound.map(outboundListener),
        ...(captures ? [captureListener(settings)] : []),
      ],
      clusters: [
        cluster('admin', adminPort),
        ...inbound.map(({ port }) => cluster(`inbound_${port}`, port)),
        ...outbound.map(({ port, host, targetPort }) => ({ ...cluster(`outbound_${port}`, targetPort, host), type: 'STRICT_DNS' })),
        ...(captures ? [passthroughCluster] : []),
        ...probes.map(probeCluster),
      ],
    },
  };
}

function statusListener(probes: readonly RewrittenProbe[], host: string): Config {
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
  return listener('status', host, statusPort, httpManager('status', routes, healthChecks));
}

function inboundListener({ port, proxyPort, isHttp: speaksHttp }: InboundPort, host: string): Config {
  const name = `inbound_${port}`;
  const route = { match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } };
  return listener(name, host, proxyPort, speaksHttp ? httpManager(name, [route]) : tcpProxy(name));
}

/** Nobody outside the pod is to go out by it. */
function outboundListener({ port, host, targetPort }: Outbound): Config {
  const name = `outbound_${port}`;
  const route = { match: { prefix: '/' }, route: { cluster: name, host_rewrite_literal: targetPort === 80 ? host : `${host}:${targetPort}`, timeout: '0s' } };
  return listener(name, '127.0.0.1', port, httpManager(name, [route]));
}

/** What programs send arrives here from where it was going, and goes on there. Nobody outside the pod is to go out by it. */
function captureListener({ ipFamilies }: BootstrapSettings): Config {
  const loopbacks = ipFamilies.map((family) => (family === 'IPv4' ? '127.0.0.1' : '::1'));
  const [first = '127.0.0.1', ...others] = loopbacks;
  const originalDst = { name: 'envoy.filters.listener.original_dst', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst' } };
  return {
    ...listener('outbound', first, captureOutboundPort, tcpProxy(passthrough, 'outbound')),
    ...(others.length > 0 ? { additional_addresses: others.map((host) => ({ address: address(host, captureOutboundPort) })) } : {}),
    listener_filters: [originalDst],
    traffic_direction: 'OUTBOUND',
  };
}

const passthrough = 'passthrough';
const passthroughCluster: Config = { name: passthrough, type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '5s' };

/** One socket takes both families, where a pod has both. */
function anyAddress({ ipFamilies }: BootstrapSettings): string {
  return ipFamilies.includes('IPv6') ? '::' : '0.0.0.0';
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

function tcpProxy(cluster: string, name = cluster): Config {
  return filter('tcp_proxy', 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: name, cluster });
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
