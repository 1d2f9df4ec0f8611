import { expect, test } from 'vitest';
import { decodeCluster } from './cluster.ts';
import { decodeClusterLoadAssignment } from './cluster-load-assignment.ts';
import { assignmentJson, edsClusterJson, endpointJson, staticClusterJson, typed } from './testing/sample-resources.ts';

function problemsOf(json: unknown): string[] {
  return decodeCluster(json).problems.map(({ path, message }) => `${path}: ${message}`);
}

test('an EDS cluster asks for its service name, or else its own', () => {
  expect(decodeCluster(edsClusterJson('a'))).toMatchObject({ ok: true, value: { discovery: { kind: 'EDS', serviceName: 'a' } } });
  const named = edsClusterJson('a', { eds_cluster_config: { service_name: 'b', eds_config: { ads: {} } } });
  expect(decodeCluster(named)).toMatchObject({ ok: true, value: { discovery: { serviceName: 'b' } } });
});

test('an assignment inside a cluster need not repeat its name', () => {
  const { load_assignment: _, ...bare } = staticClusterJson('a', []);
  expect(decodeCluster({ ...bare, load_assignment: { endpoints: [] } })).toMatchObject({ ok: true });
});

test('settings of one policy under another are a mistake', () => {
  expect(problemsOf(staticClusterJson('a', [], { least_request_lb_config: { choice_count: 3 } }))).toEqual([
    'least_request_lb_config: is set, but lb_policy is ROUND_ROBIN',
  ]);
});

test('protocol options of an upstream', () => {
  const options = (fields: Readonly<Record<string, unknown>>) =>
    staticClusterJson('a', [], {
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          fields,
        ),
      },
    });
  const http1 = { explicit_http_config: { http_protocol_options: {} }, common_http_protocol_options: { idle_timeout: '4s' } };
  expect(decodeCluster(options(http1))).toMatchObject({ ok: true, value: { http: { idleTimeoutMs: 4000 } } });
  expect(decodeCluster(options({ explicit_http_config: { http2_protocol_options: {} } }))).toMatchObject({
    ok: true,
    value: { http: { http2: { concurrentStreamsMax: 1024, streamWindowBytes: 16_777_216, keepalive: undefined } } },
  });
  expect(decodeCluster(options({ use_downstream_protocol_config: {} }))).toMatchObject({
    ok: true,
    value: { http: { http2: { concurrentStreamsMax: 1024 }, followsDownstream: true } },
  });
  expect(problemsOf(options({ explicit_http_config: { http3_protocol_options: {} } }))[0]).toContain('http3_protocol_options: is not supported');
});

test('options of HTTP/2', () => {
  const options = (http2_protocol_options: unknown) =>
    staticClusterJson('a', [], {
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          { explicit_http_config: { http2_protocol_options } },
        ),
      },
    });
  const all = {
    hpack_table_size: 0,
    max_concurrent_streams: 100,
    initial_stream_window_size: 65_535,
    initial_connection_window_size: 1_048_576,
    connection_keepalive: { interval: '30s', timeout: '5s' },
  };
  expect(decodeCluster(options(all))).toMatchObject({
    ok: true,
    problems: [],
    value: { http: { http2: {
      headerTableBytesMax: 0, concurrentStreamsMax: 100, streamWindowBytes: 65_535, connectionWindowBytes: 1_048_576,
      keepalive: { intervalMs: 30_000, timeoutMs: 5000, jitterRatio: 0.15, idleIntervalMs: 0 },
    } } },
  });
  expect(problemsOf(options({ initial_stream_window_size: 1000 }))[0]).toContain('initial_stream_window_size');
  expect(problemsOf(options({ max_concurrent_streams: 0 }))[0]).toContain('max_concurrent_streams');
  expect(problemsOf(options({ connection_keepalive: { interval: '1s' } }))[0]).toContain('connection_keepalive.timeout: is required');
  expect(problemsOf(options({ allow_metadata: true }))[0]).toContain('allow_metadata: is not supported');
  const budgets = { allow_connect: true, max_outbound_frames: 5, max_outbound_control_frames: 4, max_consecutive_inbound_frames_with_empty_payload: 3, max_inbound_priority_frames_per_stream: 2, max_inbound_window_update_frames_per_data_frame_sent: 1 };
  expect(decodeCluster(options(budgets))).toMatchObject({
    problems: [],
    value: { http: { http2: { allowsConnect: true, floods: { outboundFramesMax: 5, outboundControlFramesMax: 4, emptyFramesMax: 3, priorityFramesPerStreamMax: 2, windowUpdatesPerDataFrameMax: 1 } } } },
  });
});

test('the first threshold of a priority counts', () => {
  const thresholds = [{ max_requests: 1 }, { max_requests: 2 }, { priority: 'HIGH', max_requests: 3 }];
  expect(decodeCluster(staticClusterJson('a', [], { circuit_breakers: { thresholds } }))).toMatchObject({
    ok: true,
    value: { circuitBreakers: { default: { requestsMax: 1, retriesMax: 3 }, high: { requestsMax: 3 } } },
  });
});

test('health, weight and metadata of endpoints', () => {
  const endpoint = endpointJson('10.0.0.1:80', {
    health_status: 'UNHEALTHY',
    load_balancing_weight: 3,
    metadata: { filter_metadata: { 'envoy.lb': { canary: true } } },
  });
  expect(decodeClusterLoadAssignment(assignmentJson('a', [endpoint]))).toMatchObject({
    ok: true,
    value: {
      localities: [
        { endpoints: [{ address: { host: '10.0.0.1', port: 80 }, healthStatus: 'UNHEALTHY', weight: 3, metadata: { 'envoy.lb': { canary: true } } }] },
      ],
    },
  });
});

test('priorities leave no gap, and a locality stands once in each', () => {
  const locality = { region: 'r', zone: 'z' };
  const decoded = decodeClusterLoadAssignment({
    cluster_name: 'a',
    endpoints: [{ locality }, { locality }, { locality, priority: 2 }],
  });
  expect(decoded.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'endpoints[1].locality: stands twice with the same priority',
    'endpoints[2].priority: is 2, but nothing has priority 1',
  ]);
});

test('endpoints that do not say how they want to be spoken to take what their locality says', () => {
  const wish = (mode: string) => ({ filter_metadata: { 'envoy.transport_socket_match': { mode } } });
  const endpoints = [endpointJson('10.0.0.1:80'), endpointJson('10.0.0.2:80', { metadata: wish('plain') })];
  const decoded = decodeClusterLoadAssignment({ cluster_name: 'a', endpoints: [{ metadata: wish('mesh'), lb_endpoints: endpoints }] });
  expect(decoded.problems).toEqual([]);
  expect(decoded.ok && decoded.value.localities[0]?.endpoints.map(({ metadata }) => metadata['envoy.transport_socket_match'])).toEqual([{ mode: 'mesh' }, { mode: 'plain' }]);
});
