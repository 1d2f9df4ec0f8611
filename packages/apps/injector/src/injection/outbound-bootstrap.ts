/**
 * What the proxy beside a plain program is told of what the program sends. Three ways lead out: ports that are named one by one, redirected
 * connections, and requests that the program sends to the proxy because it is told to (`http_proxy`). Where the last two lead, a config service says;
 * without one, redirected connections just go on to where they were going. Pure.
 */
import { address, cluster, http2Options, httpManager, listener, tcpProxy, type Config, type Places } from './bootstrap-parts.ts';
import { captureOutboundPort, httpProxyPort, sidecarGroupPrefix, sidecarRouteTable } from './names.ts';
import type { InjectablePod } from './pod.ts';
import type { Outbound, PodSettings } from './pod-settings.ts';

export interface OutboundParts {
  readonly listeners: readonly Config[];
  readonly clusters: readonly Config[];
  /** Beside these, of the bootstrap itself. */
  readonly rest: Config;
}

/** How long a proxy that starts waits for the config service. Chosen: programs shall not wait long for somebody who may be away. */
const firstWordTimeout = '3s';

export function outboundParts(pod: InjectablePod, namespace: string, settings: PodSettings, places: Places): OutboundParts {
  const { outbound, configService } = settings;
  const captures = capturesOutbound(settings);
  return {
    listeners: [...outbound.map((one) => namedListener(one, places)), ...(captures ? [captureListener(places)] : []), ...(configService ? [httpProxyListener(places)] : [])],
    clusters: [
      ...outbound.map(({ port, host, targetPort }) => ({ ...cluster(`outbound_${port}`, targetPort, host), type: 'STRICT_DNS' })),
      ...(captures ? [passthroughCluster] : []),
      ...(configService ? [configServiceCluster(configService)] : []),
    ],
    rest: configService ? { node: nodeOf(pod, namespace), dynamic_resources: dynamicResources(captures) } : {},
  };
}

export function capturesOutbound({ capture, outboundCapture }: PodSettings): boolean {
  return capture === 'iptables' && outboundCapture.includedCidrs.length > 0;
}

/** Nobody outside the pod is to go out by it. */
function namedListener({ port, host, targetPort }: Outbound, { inside }: Places): Config {
  const name = `outbound_${port}`;
  const route = { match: { prefix: '/' }, route: { cluster: name, host_rewrite_literal: targetPort === 80 ? host : `${host}:${targetPort}`, timeout: '0s' } };
  return listener(name, inside[0], port, httpManager(name, [route]));
}

/** What programs send arrives here from where it was going, and goes on there, or to what the config service says is there. */
function captureListener(places: Places): Config {
  return {
    ...insideListener('outbound', captureOutboundPort, tcpProxy(passthrough, 'outbound'), places),
    use_original_dst: true,
    listener_filters: [{ name: 'envoy.filters.listener.original_dst', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst' } }],
    traffic_direction: 'OUTBOUND',
  };
}

const passthrough = 'passthrough';
const passthroughCluster: Config = { name: passthrough, type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '5s' };

function httpProxyListener(places: Places): Config {
  const rds = { route_config_name: sidecarRouteTable, config_source: discovered };
  return { ...insideListener('outbound_http_proxy', httpProxyPort, httpManager('outbound_http_proxy', { rds }), places), traffic_direction: 'OUTBOUND' };
}

function insideListener(name: string, port: number, networkFilter: Config, { inside: [first, ...others], port: portOf }: Places): Config {
  return {
    ...listener(name, first, portOf(port), networkFilter),
    ...(others.length > 0 ? { additional_addresses: others.map((host) => ({ address: address(host, portOf(port)) })) } : {}),
  };
}

const configServiceName = 'config-service';
const discovered = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: firstWordTimeout };

function configServiceCluster({ host, port }: NonNullable<PodSettings['configService']>): Config {
  return { ...cluster(configServiceName, port, host), type: 'STRICT_DNS', typed_extension_protocol_options: http2Options };
}

function dynamicResources(captures: boolean): Config {
  return {
    ads_config: { api_type: 'DELTA_GRPC', transport_api_version: 'V3', grpc_services: [{ envoy_grpc: { cluster_name: configServiceName } }] },
    cds_config: discovered,
    // Listeners are for redirected connections.
    ...(captures ? { lds_config: discovered } : {}),
  };
}

/** Its id is an argument: a pod gets its name only after it was injected. */
function nodeOf({ metadata = {}, spec = {} }: InjectablePod, namespace: string): Config {
  return {
    cluster: `${sidecarGroupPrefix}${namespace}`,
    metadata: { namespace, service_account: spec.serviceAccountName ?? 'default', labels: metadata.labels ?? {} },
  };
}
