/** What a route allows requests and the tries of them. */
import { describe } from 'vitest';
import { answering, silent, testLimits } from '../testing/limit-case.ts';

const brief = '0.05s';
const unwell = answering('HTTP/1.1 503 Unwell\r\ncontent-length: 0\r\n\r\n');
/** A head, and then nothing. */
const halting = answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n');
const route = (fields: object): object => ({ route: { cluster: 'backend', ...fields } });
const grpcCall = { method: 'POST', headers: { 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': '10S' } };

describe('time', () => {
  testLimits([
    { limit: 'RouteAction.timeout', options: { route: route({ timeout: brief }), upstream: silent }, log: '504 UT upstream_response_timeout', counter: 'envoy_cluster_upstream_rq_timeout' },
    { limit: 'RouteAction.idle_timeout', options: { route: route({ idle_timeout: brief }), upstream: silent }, log: '408 SI stream_idle_timeout', counter: 'envoy_http_downstream_rq_idle_timeout' },
    {
      limit: 'RouteAction.MaxStreamDuration.max_stream_duration',
      options: { route: route({ max_stream_duration: { max_stream_duration: brief } }), upstream: silent },
      log: '504 DT max_duration_timeout',
      counter: 'envoy_http_downstream_rq_max_duration_reached',
    },
    {
      limit: 'RouteAction.MaxStreamDuration.grpc_timeout_header_max',
      options: { route: route({ max_stream_duration: { grpc_timeout_header_max: brief } }), upstream: silent },
      reach: (proxy) => proxy.request(grpcCall),
      log: '200 DT max_duration_timeout',
      counter: 'envoy_http_downstream_rq_max_duration_reached',
    },
    {
      limit: 'RouteAction.max_grpc_timeout',
      options: { route: route({ max_grpc_timeout: brief }), upstream: silent },
      reach: (proxy) => proxy.request(grpcCall),
      log: '200 DT max_duration_timeout',
      counter: 'envoy_http_downstream_rq_max_duration_reached',
    },
    {
      limit: 'RetryPolicy.per_try_timeout',
      options: { route: route({ retry_policy: { retry_on: 'refused-stream', per_try_timeout: brief } }), upstream: silent },
      log: '504 UT upstream_per_try_timeout',
      counter: 'envoy_cluster_upstream_rq_per_try_timeout',
    },
    {
      limit: 'RetryPolicy.per_try_idle_timeout',
      options: { route: route({ retry_policy: { retry_on: 'refused-stream', per_try_idle_timeout: brief } }), upstream: halting },
      log: '200 UT upstream_per_try_idle_timeout',
      counter: 'envoy_cluster_upstream_rq_per_try_idle_timeout',
    },
  ]);
});

describe('size and number', () => {
  const buffering = { name: 'buffer', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer', max_request_bytes: 4 } };
  testLimits([
    {
      limit: 'RetryPolicy.num_retries',
      options: { route: route({ retry_policy: { retry_on: '5xx', num_retries: 2, retry_back_off: { base_interval: '0.001s' } } }), upstream: unwell },
      log: '503 URX via_upstream',
      counter: 'envoy_cluster_upstream_rq_retry_limit_exceeded',
    },
    {
      limit: 'VirtualHost.per_request_buffer_limit_bytes',
      options: { virtualHost: { per_request_buffer_limit_bytes: 4 }, route: route({ retry_policy: { retry_on: '5xx' } }) },
      reach: (proxy) => proxy.request({ method: 'POST', body: '12345' }),
      log: '200 - via_upstream',
      counter: 'envoy_cluster_retry_or_shadow_abandoned',
    },
    {
      limit: 'Buffer.max_request_bytes',
      options: { filters: [buffering] },
      reach: (proxy) => proxy.request({ method: 'POST', body: '12345' }),
      log: '413 - request_payload_too_large',
      counter: 'envoy_http_downstream_rq_too_large',
    },
  ]);
});
