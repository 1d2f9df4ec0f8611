/**
 * Metrics under Envoy's dotted names: `envoy_cluster_upstream_rq_xx{envoy_cluster_name="a",envoy_response_code_class="2"}`
 * is `cluster.a.upstream_rq_2xx`. Dashboards and people's habits know these names; Prometheus knows the others.
 */
import type { LabelValues } from '@sluice/kernel';

interface Scope {
  /** How the names of its metrics begin. */
  readonly prefix: string;
  /** Its word in dotted names. */
  readonly word: string;
  /** The label that says which one; undefined for what there is one of. */
  readonly label: string | undefined;
  /** The label stands before the word: `edge.http_local_rate_limit.enforced`. */
  readonly isLabelFirst?: boolean;
}

const scopes: readonly Scope[] = [
  { prefix: 'envoy_http_inspector_', word: 'http_inspector', label: undefined },
  { prefix: 'envoy_http_local_rate_limit_', word: 'http_local_rate_limit', label: 'envoy_local_http_ratelimit_prefix', isLabelFirst: true },
  { prefix: 'envoy_control_plane_', word: 'control_plane', label: undefined },
  { prefix: 'envoy_access_logs_grpc_access_log_', word: 'access_logs.grpc_access_log', label: undefined },
  { prefix: 'envoy_access_logs_open_telemetry_access_log_', word: 'access_logs.open_telemetry_access_log', label: 'envoy_access_log_prefix' },
  { prefix: 'envoy_extension_config_discovery_http_filter_', word: 'extension_config_discovery.http_filter', label: 'envoy_ecds_name' },
  { prefix: 'envoy_sds_', word: 'sds', label: 'envoy_sds_name' },
  { prefix: 'envoy_http_', word: 'http', label: 'envoy_http_conn_manager_prefix' },
  { prefix: 'envoy_rbac_', word: 'rbac', label: 'envoy_rbac_prefix', isLabelFirst: true },
  { prefix: 'envoy_local_rate_limit_', word: 'local_rate_limit', label: 'envoy_local_ratelimit_prefix' },
  { prefix: 'envoy_connection_limit_', word: 'connection_limit', label: 'envoy_connection_limit_prefix' },
  { prefix: 'envoy_tcp_', word: 'tcp', label: 'envoy_tcp_prefix' },
  { prefix: 'envoy_tls_inspector_', word: 'tls_inspector', label: undefined },
  { prefix: 'envoy_proxy_proto_', word: 'proxy_proto', label: 'envoy_proxy_protocol_prefix' },
  { prefix: 'envoy_http2_', word: 'http2', label: undefined },
  { prefix: 'envoy_cluster_manager_cds_', word: 'cluster_manager.cds', label: undefined },
  { prefix: 'envoy_cluster_manager_', word: 'cluster_manager', label: undefined },
  { prefix: 'envoy_cluster_', word: 'cluster', label: 'envoy_cluster_name' },
  { prefix: 'envoy_listener_manager_lds_', word: 'listener_manager.lds', label: undefined },
  { prefix: 'envoy_listener_manager_', word: 'listener_manager', label: undefined },
  { prefix: 'envoy_listener_', word: 'listener', label: 'envoy_listener_address' },
  { prefix: 'envoy_load_reporter_', word: 'load_reporter', label: undefined },
  { prefix: 'envoy_overload_', word: 'overload', label: 'envoy_overload_name' },
  { prefix: 'envoy_dns_cares_', word: 'dns.cares', label: undefined },
  { prefix: 'envoy_vhost_', word: 'vhost', label: 'envoy_virtual_host' },
  { prefix: 'envoy_server_', word: 'server', label: undefined },
];

/** The dotted name. Labels that no scope explains follow in the name as `.label.value`. */
export function dottedName(name: string, labels: LabelValues): string {
  const scope = scopes.find(({ prefix }) => name.startsWith(prefix));
  const left = new Map(Object.entries(labels));
  const parts: string[] = [];
  let rest = name;
  if (scope) {
    parts.push(scope.word);
    rest = name.slice(scope.prefix.length);
    const value = scope.label === undefined ? undefined : left.get(scope.label);
    if (value !== undefined) parts[scope.isLabelFirst ? 'unshift' : 'push'](value.replaceAll(':', '_'));
    if (scope.label !== undefined) left.delete(scope.label);
  }
  if (scope?.word === 'http') rest = withRoutesOf(withScope(rest, filterScopes), left);
  if (scope?.word === 'cluster') rest = withScope(rest, clusterScopes).replace(/^retry_upstream_/, 'retry.upstream_').replace(/^circuit_breakers_(default|high)_/, 'circuit_breakers.$1.');
  if (scope?.word === 'listener') rest = withScope(rest, listenerScopes);
  if (scope?.word === 'vhost') rest = withRouted(rest, left);
  if (rest.startsWith('ssl.')) rest = withAgreed(rest, left);
  if (scope?.word === 'cluster' && rest.startsWith('grpc_')) rest = withGrpcMethod(rest, left);
  parts.push(withResponseCode(rest, left));
  for (const [label, value] of left) parts.push(label, value.replaceAll(':', '_'));
  return parts.join('.');
}

/** Filters have a scope of their own within their connection manager's: `http.edge.cors.origin_valid`. */
function withScope(name: string, words: readonly string[]): string {
  const word = words.find((scope) => name.startsWith(`${scope}_`));
  return word === undefined ? name : `${word}.${name.slice(word.length + 1)}`;
}

/** How a route table comes is told of each: `http.edge.rds.shop.update_success`. */
function withRoutesOf(name: string, labels: Map<string, string>): string {
  const routes = labels.get('envoy_rds_route_config');
  if (routes === undefined || !name.startsWith('rds_')) return name;
  labels.delete('envoy_rds_route_config');
  return `rds.${routes.replaceAll(':', '_')}.${name.slice('rds_'.length)}`;
}

const filterScopes = ['cors', 'fault', 'rbac', 'buffer', 'compressor', 'ext_authz', 'jwt_authn', 'health_check', 'tracing'];

/** What watches a cluster's hosts: `cluster.a.outlier_detection.ejections_active`. */
const clusterScopes = ['outlier_detection', 'health_check', 'http2', 'ssl', 'client_ssl_socket_factory'];

const listenerScopes = ['ssl', 'server_ssl_socket_factory'];

/** What handshakes agree on is part of the name: `listener.edge.ssl.versions.TLSv1.3`. */
function withAgreed(name: string, labels: Map<string, string>): string {
  const agreed = ['envoy_ssl_version', 'envoy_ssl_cipher'].flatMap((label) => labels.get(label) ?? []);
  labels.delete('envoy_ssl_version');
  labels.delete('envoy_ssl_cipher');
  return [name, ...agreed].join('.');
}

/** Kinds of requests and routes of a virtual host: `vhost.shop.vcluster.reads.upstream_rq_total`. */
function withRouted(name: string, labels: Map<string, string>): string {
  const [scope, label] = name.startsWith('vcluster_') ? ['vcluster', 'envoy_virtual_cluster'] : ['route', 'envoy_route'];
  const own = labels.get(label) ?? '';
  labels.delete(label);
  return [scope, own.replaceAll(':', '_'), name.slice(scope.length + 1)].join('.');
}

/** Numbers of gRPC calls, with their method where it has its own: `cluster.a.grpc.shop.Cart.Add.success`. */
function withGrpcMethod(name: string, labels: Map<string, string>): string {
  const method = ['envoy_grpc_bridge_service', 'envoy_grpc_bridge_method'].flatMap((label) => labels.get(label) ?? []);
  labels.delete('envoy_grpc_bridge_service');
  labels.delete('envoy_grpc_bridge_method');
  return ['grpc', ...method, name.slice('grpc_'.length)].join('.');
}

/** Status codes and their classes are part of the name: `upstream_rq_2xx`, `upstream_rq_503`. */
function withResponseCode(name: string, labels: Map<string, string>): string {
  const codeClass = labels.get('envoy_response_code_class');
  if (codeClass !== undefined && name.endsWith('_xx')) {
    labels.delete('envoy_response_code_class');
    return `${name.slice(0, -2)}${codeClass}xx`;
  }
  const code = labels.get('envoy_response_code');
  if (code === undefined) return name;
  labels.delete('envoy_response_code');
  return `${name}_${code}`;
}
