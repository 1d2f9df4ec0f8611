import { expect, test } from 'vitest';
import { dottedName } from './stat-names.ts';

test.each([
  ['envoy_http_downstream_rq_total', { envoy_http_conn_manager_prefix: 'edge' }, 'http.edge.downstream_rq_total'],
  ['envoy_cluster_upstream_cx_active', { envoy_cluster_name: 'ns/a' }, 'cluster.ns/a.upstream_cx_active'],
  ['envoy_cluster_upstream_rq_xx', { envoy_cluster_name: 'a', envoy_response_code_class: '5' }, 'cluster.a.upstream_rq_5xx'],
  ['envoy_cluster_upstream_rq', { envoy_cluster_name: 'a', envoy_response_code: '503' }, 'cluster.a.upstream_rq_503'],
  ['envoy_cluster_manager_active_clusters', {}, 'cluster_manager.active_clusters'],
  ['envoy_listener_downstream_cx_total', { envoy_listener_address: '0.0.0.0:80' }, 'listener.0.0.0.0_80.downstream_cx_total'],
  ['envoy_http_cors_origin_valid', { envoy_http_conn_manager_prefix: 'edge' }, 'http.edge.cors.origin_valid'],
  ['envoy_http_local_rate_limit_enforced', { envoy_local_http_ratelimit_prefix: 'edge' }, 'edge.http_local_rate_limit.enforced'],
  ['envoy_cluster_grpc_success', { envoy_cluster_name: 'a', envoy_grpc_bridge_service: 'shop.Cart', envoy_grpc_bridge_method: 'Add' }, 'cluster.a.grpc.shop.Cart.Add.success'],
  ['envoy_cluster_outlier_detection_ejections_active', { envoy_cluster_name: 'a' }, 'cluster.a.outlier_detection.ejections_active'],
  ['envoy_cluster_health_check_attempt', { envoy_cluster_name: 'a' }, 'cluster.a.health_check.attempt'],
  ['envoy_cluster_circuit_breakers_default_rq_open', { envoy_cluster_name: 'a' }, 'cluster.a.circuit_breakers.default.rq_open'],
  ['envoy_http2_rx_reset', {}, 'http2.rx_reset'],
  ['envoy_vhost_vcluster_upstream_rq_xx', { envoy_virtual_host: 'shop', envoy_virtual_cluster: 'reads', envoy_response_code_class: '2' }, 'vhost.shop.vcluster.reads.upstream_rq_2xx'],
  ['envoy_vhost_route_upstream_rq', { envoy_virtual_host: 'shop', envoy_route: 'cart', envoy_response_code: '503' }, 'vhost.shop.route.cart.upstream_rq_503'],
  ['envoy_cluster_http2_tx_reset', { envoy_cluster_name: 'a' }, 'cluster.a.http2.tx_reset'],
  ['envoy_listener_ssl_handshake', { envoy_listener_address: 'edge' }, 'listener.edge.ssl.handshake'],
  ['envoy_cluster_ssl_versions', { envoy_cluster_name: 'a', envoy_ssl_version: 'TLSv1.3' }, 'cluster.a.ssl.versions.TLSv1.3'],
  ['envoy_listener_server_ssl_socket_factory_ssl_context_update_by_sds', { envoy_listener_address: 'edge' }, 'listener.edge.server_ssl_socket_factory.ssl_context_update_by_sds'],
  ['envoy_server_live', {}, 'server.live'],
  ['sluice_config_resources_accepted_total', { kind: 'a' }, 'sluice_config_resources_accepted_total.kind.a'],
])('%s %j is %s', (name, labels, dotted) => {
  expect(dottedName(name, labels)).toBe(dotted);
});
