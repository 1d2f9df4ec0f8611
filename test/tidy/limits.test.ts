/**
 * Every limit and timeout that a configuration may set is reached by a test, which sees a counter move. What counts as one is told by
 * its name; a new field is either entered here with its test, or with the reason why there is nothing to reach.
 */
import { expect, test } from 'vitest';
import { files, read } from './tree.ts';

interface Held {
  readonly test: string;
  readonly counter: string;
}

const src = 'packages/proxy/src/';
const by = (test: string, counter: string): Held => ({ test: `${src}${test}.test.ts`, counter });
const manager = (counter: string): Held => by('limits/manager-limits', `envoy_http_${counter}`);
const route = (counter: string): Held => by('limits/route-limits', counter);
const cluster = (counter: string): Held => by('limits/cluster-limits', `envoy_cluster_${counter}`);
const http2 = (counter: string): Held => by('limits/http2-limits', `envoy_http2_${counter}`);

/** `<file>: <field>` → the test that reaches it and the counter that it sees moving, or why there is none. */
const limits: Readonly<Record<string, Held | string>> = {
  // Listeners.
  'listener: listener_filters_timeout': by('accept', 'envoy_listener_downstream_pre_cx_timeout'),
  'listener: per_connection_buffer_limit_bytes': by('limits/waiting-bytes', 'envoy_http_downstream_flow_control_paused_reading_total'),
  'tls-inspector: max_client_hello_size': by('accept', 'envoy_tls_inspector_client_hello_too_large'),
  'filter-chain: transport_socket_connect_timeout': by('tls/downstream-tls', 'downstream_cx_transport_socket_connect_timeout'),
  'certificate-validation-context: max_verify_depth': by('tls/downstream-tls', 'fail_verify_error'),
  'downstream-tls-context: session_timeout': 'how long a session can be resumed; then the handshake is a whole one',
  'upstream-tls-context: max_session_keys': 'sessions that are kept; further ones are whole handshakes',
  'overload-manager: saturation_threshold': by('overload/overload', 'envoy_overload'),
  'overload-manager: scaling_threshold': by('overload/overload', 'envoy_overload'),
  'overload-manager: max_active_downstream_connections': by('overload/overload', 'downstream_global_cx_overflow'),
  'overload-manager: max_heap_size_bytes': by('overload/overload', 'envoy_overload'),
  'connection-limit: max_connections': by('network-filters/gates/gates', 'limited_connections'),
  'tcp-proxy-config: idle_timeout': by('network-filters/tcp-proxy/tcp-proxy', 'envoy_tcp_idle_timeout'),
  'tcp-proxy-config: max_downstream_connection_duration': by('network-filters/tcp-proxy/tcp-proxy', 'max_downstream_connection_duration'),
  'tcp-proxy-config: max_connect_attempts': by('network-filters/tcp-proxy/tcp-proxy', 'upstream_cx_connect_attempts_exceeded'),
  // Connection managers.
  'http-connection-manager: stream_idle_timeout': manager('downstream_rq_idle_timeout'),
  'http-connection-manager: stream_flush_timeout': http2('tx_flush_timeout'),
  'http-connection-manager: request_timeout': manager('downstream_rq_timeout'),
  'http-connection-manager: request_headers_timeout': manager('downstream_rq_header_timeout'),
  'http-connection-manager: delayed_close_timeout': manager('downstream_cx_delayed_close_timeout'),
  'http-connection-manager: drain_timeout': by('downstream/request-conditions', 'downstream_cx_max_duration_reached'),
  'http-connection-manager: max_request_headers_kb': manager('downstream_rq_too_large'),
  'http-protocol-options: idle_timeout': manager('downstream_cx_idle_timeout'),
  'http-protocol-options: max_connection_duration': manager('downstream_cx_max_duration_reached'),
  'http-protocol-options: max_headers_count': manager('downstream_rq_too_large'),
  'http-protocol-options: max_requests_per_connection': manager('downstream_cx_max_requests_reached'),
  'http-protocol-options: max_stream_duration': manager('downstream_rq_max_duration_reached'),
  'http2-protocol-options: max_concurrent_streams': http2('tx_reset'),
  'http2-protocol-options: max_consecutive_inbound_frames_with_empty_payload': http2('inbound_empty_frames_flood'),
  'http2-protocol-options: max_inbound_priority_frames_per_stream': http2('inbound_priority_frames_flood'),
  'http2-protocol-options: max_inbound_window_update_frames_per_data_frame_sent': http2('inbound_window_update_frames_flood'),
  'http2-protocol-options: max_outbound_control_frames': http2('outbound_control_flood'),
  'http2-protocol-options: max_outbound_frames': http2('outbound_flood'),
  'http2-protocol-options: timeout': http2('keepalive_timeout'),
  // Routes.
  'route-action: timeout': route('envoy_cluster_upstream_rq_timeout'),
  'route-action: idle_timeout': route('envoy_http_downstream_rq_idle_timeout'),
  'route-action: flush_timeout': http2('tx_flush_timeout'),
  'route-action: max_stream_duration': route('envoy_http_downstream_rq_max_duration_reached'),
  'route-action: max_grpc_timeout': route('envoy_http_downstream_rq_max_duration_reached'),
  'route-action: grpc_timeout_offset': 'moves a timeout',
  'max-stream-duration: max_stream_duration': route('envoy_http_downstream_rq_max_duration_reached'),
  'max-stream-duration: grpc_timeout_header_max': route('envoy_http_downstream_rq_max_duration_reached'),
  'max-stream-duration: grpc_timeout_header_offset': 'moves a timeout',
  'retry-policy: num_retries': route('envoy_cluster_upstream_rq_retry_limit_exceeded'),
  'retry-policy: per_try_timeout': route('envoy_cluster_upstream_rq_per_try_timeout'),
  'retry-policy: per_try_idle_timeout': route('envoy_cluster_upstream_rq_per_try_idle_timeout'),
  'retry-policy: host_selection_retry_max_attempts': 'the last host found is taken, as by Envoy, which counts nothing',
  'body-buffer-limit: per_request_buffer_limit_bytes': route('envoy_cluster_retry_or_shadow_abandoned'),
  'body-buffer-limit: request_body_buffer_limit': by('retry', 'envoy_cluster_retry_or_shadow_abandoned'),
  'route-configuration: max_direct_response_body_size_bytes': 'a configuration beyond it is refused',
  'rate-limit: limit': 'what a limit service is told',
  // Clusters.
  'cluster: connect_timeout': by('tls/upstream-tls', 'upstream_cx_connect_timeout'),
  'cluster: per_connection_buffer_limit_bytes': by('limits/waiting-bytes', 'envoy_cluster_upstream_flow_control_paused_reading_total'),
  'cluster-protocol-options: max_requests_per_connection': cluster('upstream_cx_max_requests'),
  'upstream-http-protocol-options: idle_timeout': cluster('upstream_cx_idle_timeout'),
  'upstream-http-protocol-options: max_connection_duration': cluster('upstream_cx_max_duration_reached'),
  'upstream-http-protocol-options: max_headers_count': cluster('upstream_cx_protocol_error'),
  'upstream-http-protocol-options: max_requests_per_connection': cluster('upstream_cx_max_requests'),
  'upstream-http-protocol-options: max_response_headers_kb': cluster('upstream_cx_protocol_error'),
  'upstream-http-protocol-options: max_stream_duration': cluster('upstream_rq_max_duration_reached'),
  'circuit-breakers: max_connections': cluster('upstream_cx_overflow'),
  'circuit-breakers: max_pending_requests': cluster('upstream_rq_pending_overflow'),
  'circuit-breakers: max_requests': cluster('upstream_rq_pending_overflow'),
  'circuit-breakers: max_retries': cluster('upstream_rq_retry_overflow'),
  'circuit-breakers: retry_budget': cluster('upstream_rq_retry_overflow'),
  'circuit-breakers: budget_percent': cluster('upstream_rq_retry_overflow'),
  'circuit-breakers: max_connection_pools': cluster('upstream_cx_pool_overflow'),
  'circuit-breakers: per_host_thresholds': cluster('upstream_cx_overflow'),
  'circuit-breakers: thresholds': cluster('upstream_rq_pending_overflow'),
  'common-lb-config: healthy_panic_threshold': by('host-health', 'lb_healthy_panic'),
  'outlier-detection: max_ejection_percent': by('host-health', 'ejections_overflow'),
  'outlier-detection: failure_percentage_threshold': 'what makes an outlier; ejections are counted by cause',
  'outlier-detection: max_ejection_time_jitter': 'spreads a time',
  'outlier-detection: max_ejection_time': 'how long a host stays away at most; then it is back',
  'health-check: timeout': by('host-health', 'health_check_network_failure'),
  'dns-settings: max_interval': 'the longest rest between two questions',
  'retry-back-off: max_interval': 'the longest rest between two tries',
  'dns-resolver: query_timeout_seconds': by('limits/name-limits', 'envoy_dns_cares_timeout'),
  'config-source: initial_fetch_timeout': { test: 'packages/cli/src/proxy/config-service/config-services.test.ts', counter: 'init_fetch_timeout' },
  // Filters.
  'buffer-config: max_request_bytes': route('envoy_http_downstream_rq_too_large'),
  'ext-authz-config: max_request_bytes': by('filters/ext-authz/grpc-checker', 'envoy_http_ext_authz'),
  'decompressor-library: max_inflate_ratio': by('filters/decompressor/decompressor-filter', 'zlib_data_error'),
  'fault-config: max_active_faults': by('filters/fault/fault-filter', 'envoy_http_fault_faults_overflow'),
  'fault-config: limit_kbps': by('filters/fault/rate-limit', 'envoy_http_fault_response_rl_injected'),
  'fault-config: response_rate_limit': by('filters/fault/rate-limit', 'envoy_http_fault_response_rl_injected'),
  'local-ratelimit-config: max_tokens': by('filters/local-ratelimit/local-ratelimit-filter', 'rate_limited'),
  'local-ratelimit-config: max_dynamic_descriptors': 'what is counted longest ago is forgotten',
  'on-demand-config: timeout': by('config/demands', 'sluice_on_demand_timeout_total'),
  'ratelimit-config: timeout': by('filters/ratelimit/ratelimit-filter', 'envoy_cluster_ratelimit_error'),
  'ratelimit-config: rate_limit_service': 'a service, and no limit',
  'jwt-provider-config: max_lifetime': by('filters/jwt-authn/jwt-authn-filter', 'envoy_http_jwt_authn_denied'),
  'jwt-keys-config: cache_duration': 'when keys are fetched again',
  'jwt-keys-config: failed_refetch_duration': 'when keys are fetched again',
  'jwt-keys-config: max_interval': 'the longest rest between two tries',
  'jwt-keys-config: num_retries': by('filters/jwt-authn/jwt-authn-filter', 'jwks_fetch_failed'),
  'grpc-service: timeout': by('filters/ext-authz/grpc-checker', 'envoy_http_ext_authz_error'),
  'server-uri: timeout': by('filters/ext-authz/ext-authz-filter', 'envoy_http_ext_authz_error'),
  'tracing: max_path_tag_length': 'cuts a text',
  'queue-config: queue_depth': by('filters/queue/queue-filter', 'sluice_queue_refused_total'),
  'queue-config: timeout_seconds': by('filters/queue/queue-filter', 'sluice_queue_timed_out_total'),
  'queue-config: response_start_timeout_seconds': by('filters/queue/queue-filter', 'sluice_queue_timed_out_total'),
  'queue-config: idle_timeout_seconds': by('filters/queue/queue-filter', 'sluice_queue_timed_out_total'),
};

const isLimit = /(?:^|_)(?:timeout|max|maximum|limit|kb|duration|thresholds?|budget|retries|attempts|depth)(?:_|$)/;
/** How decoders read a number, a time, or a message of them. */
const reading = /\.?\b(?:uint32|durationMs|positiveMs|integer|number|percent|list|read|required)\(\s*'([a-z0-9_]+)'/g;

function fieldsOf(file: string): string[] {
  const name = file.slice(file.lastIndexOf('/') + 1, -'.ts'.length);
  return [...read(file).matchAll(reading)].map(([, field = '']) => field).filter((field) => isLimit.test(field)).map((field) => `${name}: ${field}`);
}

function camelCase(field: string): string {
  return field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

test('all limits of configurations are known', () => {
  const sources = files.filter((file) => /^packages\/(?:resources|proxy)\/src\/.*\.ts$/.test(file) && !/\.test\.ts$|\/testing\//.test(file));
  const found = new Set(sources.flatMap(fieldsOf));
  expect([...found].filter((field) => !(field in limits))).toEqual([]);
});

test('each is reached by a test that sees a counter move', () => {
  const wrong: string[] = [];
  for (const [limit, held] of Object.entries(limits)) {
    if (typeof held === 'string') continue;
    const text = files.includes(held.test) ? read(held.test) : '';
    const [, field = ''] = limit.split(': ');
    if (!text.includes(field) && !text.includes(camelCase(field))) wrong.push(`${held.test} does not set ${limit}`);
    if (!text.includes(held.counter)) wrong.push(`${held.test} does not look at ${held.counter}`);
  }
  expect(wrong).toEqual([]);
});
