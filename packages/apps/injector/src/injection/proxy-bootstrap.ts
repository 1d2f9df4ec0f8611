/**
 * What the proxy beside a plain program is told: a static bootstrap (`envoy.config.bootstrap.v3`), made of what the pod declares. Inbound listeners with
 * statistics of their own, explicit ways out, and the port where kubelets ask. Pure.
 */
import { address, cluster, filter, http2Options, httpManager, listener, placesOf, seconds, tcpProxy, type Config, type Places } from './bootstrap-parts.ts';
import { adminPort, inboundPortsFrom, statusPort } from './names.ts';
import { outboundParts } from './outbound-bootstrap.ts';
import type { InjectablePod, PodContainer, PodPort } from './pod.ts';
import type { PodSettings } from './pod-settings.ts';
import type { RewrittenProbe } from './probes.ts';

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

/** @param pod as it is without a proxy @param namespace where it is to be */
export function proxyBootstrap(pod: InjectablePod, namespace: string, inbound: readonly InboundPort[], probes: readonly RewrittenProbe[], settings: PodSettings): Config {
  const places = placesOf(settings);
  const outbound = outboundParts(pod, namespace, settings, places);
  const adminHost = places.inside[0];
  return {
    admin: { address: address(adminHost, places.port(adminPort)) },
    ...outbound.rest,
    static_resources: {
      listeners: [statusListener(probes, places), ...inbound.map((one) => inboundListener(one, places)), ...outbound.listeners],
      clusters: [
        cluster('admin', places.port(adminPort), adminHost),
        ...inbound.map(({ port }) => cluster(`inbound_${port}`, places.port(port))),
        ...outbound.clusters,
        ...probes.map((probe) => probeCluster(probe, places)),
      ],
    },
  };
}

function statusListener(probes: readonly RewrittenProbe[], { anywhere, port }: Places): Config {
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
  return listener('status', anywhere, port(statusPort), httpManager('status', routes, healthChecks));
}

function inboundListener({ port, proxyPort, isHttp: speaksHttp }: InboundPort, places: Places): Config {
  const name = `inbound_${port}`;
  const route = { match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } };
  return listener(name, places.anywhere, places.port(proxyPort), speaksHttp ? httpManager(name, [route]) : tcpProxy(name));
}

function probeClusterName({ container, probe }: Pick<RewrittenProbe, 'container' | 'probe'>): string {
  return `probe_${container}_${probe}`;
}

function probeCluster(probe: RewrittenProbe, { port }: Places): Config {
  const { target, timeoutMs, periodMs } = probe;
  const base = cluster(probeClusterName(probe), port(target.port));
  switch (target.kind) {
    case 'http': {
      // As a kubelet does: whose certificate it is does not matter to whether the program is well.
      const tls = { name: 'envoy.transport_sockets.tls', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext' } };
      return target.isTls ? { ...base, transport_socket: tls } : base;
    }
    case 'tcp':
      return { ...base, health_checks: [{ ...checkTimes(timeoutMs, periodMs), tcp_health_check: {} }] };
    case 'grpc': {
      const check = target.service === '' ? {} : { service_name: target.service };
      return {
        ...base,
        typed_extension_protocol_options: http2Options,
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
