/** What a connection manager and its listener allow clients. */
import { describe } from 'vitest';
import { get, send, silent, testLimits } from '../testing/limit-case.ts';

const brief = '0.05s';
const lines = (count: number): string => Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join('');

describe('time', () => {
  testLimits([
    {
      limit: 'HttpConnectionManager.stream_idle_timeout',
      options: { manager: { stream_idle_timeout: brief }, upstream: silent },
      log: '408 SI stream_idle_timeout',
      counter: 'envoy_http_downstream_rq_idle_timeout',
    },
    {
      limit: 'HttpConnectionManager.request_timeout',
      options: { manager: { request_timeout: brief } },
      reach: send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab'),
      log: '408 DT request_overall_timeout',
      counter: 'envoy_http_downstream_rq_timeout',
    },
    {
      limit: 'HttpConnectionManager.request_headers_timeout',
      options: { manager: { request_headers_timeout: brief } },
      reach: send('GET / HTTP/1.1\r\nhost: a\r\n'),
      log: '408 DT request_header_timeout',
      counter: 'envoy_http_downstream_rq_header_timeout',
    },
    {
      limit: 'HttpConnectionManager.delayed_close_timeout',
      options: { manager: { delayed_close_timeout: brief } },
      // It hears the answer and the end, and does not end its own side.
      reach: send('GET / HTTP/9.9\r\n\r\n'),
      log: '505 DPE low_version',
      counter: 'envoy_http_downstream_cx_delayed_close_timeout',
    },
    {
      limit: 'HttpProtocolOptions.idle_timeout',
      options: { manager: { common_http_protocol_options: { idle_timeout: brief } } },
      reach: send(get),
      log: '200 - via_upstream',
      counter: 'envoy_http_downstream_cx_idle_timeout',
    },
    {
      limit: 'HttpProtocolOptions.max_connection_duration',
      options: { manager: { drain_timeout: brief, common_http_protocol_options: { max_connection_duration: brief } } },
      reach: send(get),
      log: '200 - via_upstream',
      counter: 'envoy_http_downstream_cx_max_duration_reached',
    },
    {
      limit: 'HttpProtocolOptions.max_stream_duration',
      options: { manager: { common_http_protocol_options: { max_stream_duration: brief } }, upstream: silent },
      log: '504 DT max_duration_timeout',
      counter: 'envoy_http_downstream_rq_max_duration_reached',
    },
  ]);
});

describe('size and number', () => {
  testLimits([
    {
      limit: 'HttpProtocolOptions.max_requests_per_connection',
      options: { manager: { common_http_protocol_options: { max_requests_per_connection: 1 } } },
      reach: send(get),
      log: '200 - via_upstream',
      counter: 'envoy_http_downstream_cx_max_requests_reached',
    },
    {
      limit: 'HttpProtocolOptions.max_headers_count',
      options: { manager: { common_http_protocol_options: { max_headers_count: 5 } } },
      reach: send(`GET / HTTP/1.1\r\nhost: a\r\n${lines(5)}\r\n`),
      log: '431 DPE http1.too_many_headers',
      counter: 'envoy_http_downstream_rq_too_large',
    },
    {
      limit: 'HttpConnectionManager.max_request_headers_kb',
      options: { manager: { max_request_headers_kb: 1 } },
      reach: send(`GET / HTTP/1.1\r\nhost: a\r\nx-large: ${'a'.repeat(1024)}\r\n\r\n`),
      log: '431 DPE http1.headers_too_large',
      counter: 'envoy_http_downstream_rq_too_large',
    },
  ]);
});
