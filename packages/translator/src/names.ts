/**
 * Every name that stands in a resource and that somebody else relies on: proxies, the autoscaler through load
 * reports, people reading a dump.
 */

/** Which proxies get the same resources; `node.cluster` of a proxy says which it is in. */
export const nodeGroups = {
  gateway: 'sluice-gateway',
  activator: 'sluice-activator',
  /** gRPC clients that take xDS themselves. */
  proxyless: 'sluice-proxyless',
} as const;

export type NodeGroup = (typeof nodeGroups)[keyof typeof nodeGroups];

/** The group of proxies beside plain programs of one namespace. */
export function sidecarGroup(namespace: string): string {
  return `${sidecarGroupPrefix}${namespace}`;
}

/** Undefined when it is another group. */
export function namespaceOfSidecars(group: string): string | undefined {
  return group.startsWith(sidecarGroupPrefix) ? group.slice(sidecarGroupPrefix.length) : undefined;
}

const sidecarGroupPrefix = 'sluice-sidecar/';

/** The table of names for programs that send requests to the proxy beside them. */
export const sidecarRouteTable = 'outbound_services';

export const listenerNames = {
  externalHttp: 'external_http',
  externalHttps: 'external_https',
  internalHttp: 'internal_http',
  internalHttps: 'internal_https',
  activatorHttp1: 'activator_http1',
  activatorH2c: 'activator_h2c',
  activatorHttps: 'activator_https',
} as const;

export const routeConfigurationNames = {
  external: 'external_services',
  /** Of those for outside, the ones that a certificate is shown for. */
  externalTls: 'external_tls_services',
  internal: 'internal_services',
  activator: 'activator_services',
} as const;

/**
 * A virtual host as discovery calls it: `table/domain`, as Envoy asks for it. A domain has no slash, so the last one ends the
 * table's name.
 */
export function virtualHostResourceName(table: string, domain: string): string {
  return `${table}/${domain}`;
}

/** Of TLS between gateways, activators and pods. */
export const internalSecretNames = {
  /** Who vouches for the others. */
  authorities: 'system-internal-tls/authorities',
  /** What activators show. */
  routing: 'system-internal-tls/routing',
} as const;

/** By these the activator learns which revision a request is for, whatever its host. */
export const revisionHeaders = {
  revision: 'Knative-Serving-Revision',
  namespace: 'Knative-Serving-Namespace',
} as const;

/**
 * What components of the mesh tell each other in headers. From a client each would be a lie: that its request has
 * been counted, which host the program is to see, that nobody real is asking.
 */
export const internalHeaders = ['K-Proxy-Request', 'K-Original-Host', 'K-Kubelet-Probe'] as const;

/** By this header the activator's filter tells its router to which cluster a request goes. It ends there. */
export const activatorClusterHeader = 'Sluice-Activator-Cluster';

/** How a prober asks which content of an Ingress is in force, and is told. */
export const networkProbe = { header: 'K-Network-Probe', ofIngress: 'probe' } as const;
export const networkHash = { header: 'K-Network-Hash', asked: 'override' } as const;

/** The metadata of a cluster that says which revision it is. */
export const revisionMetadataKey = 'sluice.revision';

/** The cluster of a revision, and its endpoints: `namespace/revision`, as load reports name it; of a Service `namespace/service:port`. */
export function clusterName(target: { readonly key: string }): string {
  return target.key;
}

/** Filters that are only there where a route of Kubernetes' own kinds speaks to them. */
export const edgeFilterNames = { cors: 'envoy.filters.http.cors', session: 'envoy.filters.http.stateful_session' } as const;

export const typeNames = {
  httpConnectionManager:
    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  router: 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
  fileAccessLog: 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
  httpProtocolOptions: 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  upstreamTls: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  downstreamTls: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  cors: 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors',
  corsPolicy: 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
  statefulSession: 'type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
  statefulSessionPerRoute: 'type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute',
  cookieSession: 'type.googleapis.com/envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
  headerSession: 'type.googleapis.com/envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState',
  rbac: 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
  tcpProxy: 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  tlsInspector: 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  typedStruct: 'type.googleapis.com/xds.type.v3.TypedStruct',
  openTelemetry: 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
  previousHosts: 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  activatorFilter: 'type.googleapis.com/sluice.filters.http.activator.v1.Activator',
} as const;
