/** Entries for Envoy's access log service, as its own descriptors read them. */
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { loadCodec, type JsonObject } from '@sluice/xds';
import { afterEach, expect, test, vi } from 'vitest';
import { startFollowedProxy } from './config-service/testing/followed-proxy.ts';
import { listenerOf, routesTo, startNamedUpstream, staticCluster } from './config-service/testing/service-resources.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const type = (name: string) => ({ '@type': `type.googleapis.com/${name}` });

/** Takes one message of each stream. */
async function startLogService(onMessage: (message: Buffer) => void): Promise<number> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      onMessage(Buffer.concat(pieces).subarray(5));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function listener(common_config: JsonObject): JsonObject & { readonly name: string } {
  const plain = listenerOf('edge', { route_config: routesTo('app', 'routes', { response_headers_to_add: [{ header: { key: 'x-zone', value: 'a' } }] }) });
  const [{ filters: [manager] }] = plain['filter_chains'] as unknown as [{ filters: [{ typed_config: JsonObject }] }];
  const http_filters = [
    {
      name: 'state',
      typed_config: {
        ...type('envoy.extensions.filters.http.set_filter_state.v3.Config'),
        on_request_headers: [{ object_key: 'tenant', factory_key: 'envoy.string', format_string: { text_format_source: { inline_string: 'blue' } } }],
      },
    },
    ...(manager.typed_config['http_filters'] as readonly JsonObject[]),
  ];
  const log = { ...type('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'), common_config, additional_response_headers_to_log: ['X-Zone'] };
  const typed_config = { ...manager.typed_config, http_filters, access_log: [{ name: 'als', typed_config: log }] };
  return { ...plain, filter_chains: [{ filters: [{ name: 'manager', typed_config }] }] };
}

test('an entry says in Envoy’s fields what has become of a request', async () => {
  const codec = await loadCodec('admin');
  const messages: JsonObject[] = [];
  const logs = await startLogService((message) => {
    const decoded = codec.decode('envoy.service.accesslog.v3.StreamAccessLogsMessage', message);
    if (decoded.ok) messages.push({ ...decoded.value.value, unknown: decoded.value.unknownFields });
    else messages.push({ problems: decoded.problems.map(({ message: said }) => said) });
  });
  const upstream = await startNamedUpstream('one');
  cleanups.push(() => upstream.stop());
  const http2 = { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { ...type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'), explicit_http_config: { http2_protocol_options: {} } } };
  const common = {
    log_name: 'edge',
    grpc_service: { envoy_grpc: { cluster_name: 'logs' } },
    transport_api_version: 'V3',
    buffer_size_bytes: 0,
    filter_state_objects_to_log: ['tenant', 'nothing'],
    custom_tags: [{ tag: 'team', literal: { value: 'shop' } }],
  };
  const clusters = [staticCluster('app', upstream.port), staticCluster('logs', logs, { typed_extension_protocol_options: http2 })];
  const proxy = await startFollowedProxy({ bootstrap: { node: { id: 'proxy-1', cluster: 'group' }, static_resources: { listeners: [listener(common)], clusters } } });
  cleanups.push(() => proxy.stop());
  expect(await proxy.get('edge', '/cart?item=1')).toBe('one');
  await vi.waitFor(() => expect(messages).toHaveLength(1), { timeout: 15_000, interval: 20 });
  expect(messages[0]).toMatchObject({
    unknown: 0,
    identifier: { node: { id: 'proxy-1', cluster: 'group' }, log_name: 'edge' },
    http_logs: {
      log_entry: [
        {
          common_properties: {
            sample_rate: 1,
            downstream_remote_address: { socket_address: { address: '127.0.0.1' } },
            upstream_remote_address: { socket_address: { address: '127.0.0.1', port_value: upstream.port } },
            upstream_cluster: 'app',
            filter_state_objects: { tenant: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'blue' } },
            custom_tags: { team: 'shop' },
            upstream_request_attempt_count: 1,
            access_log_type: 'DownstreamEnd',
          },
          protocol_version: 'HTTP11',
          request: { request_method: 'GET', scheme: 'http', path: '/cart?item=1' },
          response: { response_code: 200, response_body_bytes: 3, response_headers: { 'x-zone': 'a' }, response_code_details: 'via_upstream' },
        },
      ],
    },
  });
  const [entry] = (messages[0] as { http_logs: { log_entry: [{ common_properties: Record<string, string> }] } }).http_logs.log_entry;
  const { start_time: startTime = '', time_to_last_downstream_tx_byte: duration = '' } = entry.common_properties;
  expect(Math.abs(Date.parse(startTime) - Date.now())).toBeLessThan(60_000);
  expect(duration).toMatch(/^[\d.]+s$/);
});
