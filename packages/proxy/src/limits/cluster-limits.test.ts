/** What a cluster allows requests, its connections and its hosts. */
import { describe } from 'vitest';
import { ask, answering, askTimes, silent, slow, testLimits } from '../testing/limit-case.ts';

const brief = '0.05s';
const protocolOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const withOptions = (common: object): object => ({
  typed_extension_protocol_options: {
    [protocolOptions]: { '@type': `type.googleapis.com/${protocolOptions}`, common_http_protocol_options: common, explicit_http_config: { http_protocol_options: {} } },
  },
});
const thresholds = (fields: object): object => ({ circuit_breakers: { thresholds: [fields] } });
const unwell = answering('HTTP/1.1 503 Unwell\r\ncontent-length: 0\r\n\r\n');
const retrying = { route: { cluster: 'backend', retry_policy: { retry_on: '5xx', num_retries: 2, retry_back_off: { base_interval: '0.001s' } } } };
const lines = (count: number): string => Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join('');
const refused = '503 UO upstream_reset_before_response_started{overflow}';

describe('circuit breakers', () => {
  testLimits([
    { limit: 'Thresholds.max_connections', options: { cluster: thresholds({ max_connections: 1 }), upstream: slow }, reach: askTimes(2), log: '200 - via_upstream', counter: 'envoy_cluster_upstream_cx_overflow' },
    {
      limit: 'Thresholds.max_pending_requests',
      options: { cluster: thresholds({ max_connections: 1, max_pending_requests: 1 }), upstream: slow },
      reach: askTimes(3),
      log: refused,
      counter: 'envoy_cluster_upstream_rq_pending_overflow',
    },
    { limit: 'Thresholds.max_requests', options: { cluster: thresholds({ max_requests: 1 }), upstream: slow }, reach: askTimes(2), log: refused, counter: 'envoy_cluster_upstream_rq_pending_overflow' },
    { limit: 'Thresholds.max_retries', options: { cluster: thresholds({ max_retries: 0 }), route: retrying, upstream: unwell }, log: '503 UO via_upstream', counter: 'envoy_cluster_upstream_rq_retry_overflow' },
    {
      limit: 'RetryBudget.budget_percent',
      options: { cluster: thresholds({ retry_budget: { budget_percent: { value: 0 }, min_retry_concurrency: 0 } }), route: retrying, upstream: unwell },
      log: '503 UO via_upstream',
      counter: 'envoy_cluster_upstream_rq_retry_overflow',
    },
    {
      limit: 'Thresholds.max_connection_pools',
      options: { cluster: thresholds({ max_connection_pools: 0 }) },
      log: '503 UH no_healthy_upstream',
      counter: 'envoy_cluster_upstream_cx_pool_overflow',
    },
    {
      limit: 'CircuitBreakers.per_host_thresholds',
      options: { cluster: { circuit_breakers: { per_host_thresholds: [{ max_connections: 1 }] } }, upstream: slow },
      reach: askTimes(2),
      log: '200 - via_upstream',
      counter: 'envoy_cluster_upstream_cx_overflow',
    },
  ]);
});

describe('connections', () => {
  testLimits([
    { limit: 'HttpProtocolOptions.idle_timeout (cluster)', options: { cluster: withOptions({ idle_timeout: brief }) }, log: '200 - via_upstream', counter: 'envoy_cluster_upstream_cx_idle_timeout' },
    { limit: 'HttpProtocolOptions.max_connection_duration (cluster)', options: { cluster: withOptions({ max_connection_duration: brief }) }, log: '200 - via_upstream', counter: 'envoy_cluster_upstream_cx_max_duration_reached' },
    { limit: 'HttpProtocolOptions.max_requests_per_connection (cluster)', options: { cluster: withOptions({ max_requests_per_connection: 1 }) }, log: '200 - via_upstream', counter: 'envoy_cluster_upstream_cx_max_requests' },
    { limit: 'Cluster.max_requests_per_connection', options: { cluster: { max_requests_per_connection: 1 } }, reach: ask, log: '200 - via_upstream', counter: 'envoy_cluster_upstream_cx_max_requests' },
  ]);
});

describe('responses', () => {
  const wrong = '502 UPE upstream_reset_before_response_started{protocol_error}';
  testLimits([
    {
      limit: 'HttpProtocolOptions.max_headers_count (cluster)',
      options: { cluster: withOptions({ max_headers_count: 5 }), upstream: answering(`HTTP/1.1 200 OK\r\n${lines(6)}content-length: 0\r\n\r\n`) },
      log: wrong,
      counter: 'envoy_cluster_upstream_cx_protocol_error',
    },
    {
      limit: 'HttpProtocolOptions.max_response_headers_kb (cluster)',
      options: { cluster: withOptions({ max_response_headers_kb: 1 }), upstream: answering(`HTTP/1.1 200 OK\r\nx-large: ${'a'.repeat(1024)}\r\ncontent-length: 0\r\n\r\n`) },
      log: wrong,
      counter: 'envoy_cluster_upstream_cx_protocol_error',
    },
    {
      limit: 'HttpProtocolOptions.max_stream_duration (cluster)',
      options: { cluster: withOptions({ max_stream_duration: brief }), upstream: silent },
      log: '504 UMSDR upstream_max_stream_duration_reached',
      counter: 'envoy_cluster_upstream_rq_max_duration_reached',
    },
  ]);
});
