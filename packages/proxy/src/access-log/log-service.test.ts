/** Access logs that go to services, over real sockets. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { readFields } from '../grpc/proto-reader.ts';
import { openTestClient, startBootstrap, startGrpcService, startTestUpstream, type GrpcAnswer, type GrpcQuestion } from '../testing/index.ts';
import { countEntries } from './service-logs.ts';

const type = (name: string) => ({ '@type': `type.googleapis.com/${name}` });
const at = (port: number) => ({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } });
const http2 = { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { ...type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'), explicit_http_config: { http2_protocol_options: {} } } };
const cluster = (name: string, port: number, more: object = {}) => ({ name, type: 'STATIC', load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [at(port)] }] }, ...more });
const common = (more: object = {}) => ({ log_name: 'edge', grpc_service: { envoy_grpc: { cluster_name: 'logs' } }, transport_api_version: 'V3', ...more });
const grpcLog = (more: object = {}, fields: object = {}) => ({ name: 'als', typed_config: { ...type('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'), common_config: common(more), ...fields } });

interface WorldOptions {
  readonly accessLog: object;
  readonly answer?: (question: GrpcQuestion) => GrpcAnswer | undefined;
  /** Serves connections in place of requests. */
  readonly isTcp?: boolean;
  readonly manager?: object;
}

async function start({ accessLog, answer = () => ({ message: Buffer.alloc(0) }), isTcp = false, manager }: WorldOptions) {
  const questions: GrpcQuestion[] = [];
  const service = await startGrpcService((question) => {
    questions.push(question);
    return answer(question);
  });
  const upstream = await startTestUpstream('h1', (_request, response) => response.end('hello'));
  const hcm = {
    ...type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'edge',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ name: 'everything', match: { prefix: '/' }, route: { cluster: 'backend' } }] }] },
    http_filters: [{ name: 'router', typed_config: type('envoy.extensions.filters.http.router.v3.Router') }],
    access_log: [accessLog],
    ...manager,
  };
  const tcp = { ...type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'), stat_prefix: 'edge', cluster: 'backend', access_log: [accessLog] };
  const proxy = await startBootstrap({
    bootstrap: { node: { id: 'proxy-1', cluster: 'group' } },
    listeners: [{ name: 'main', address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, filter_chains: [{ filters: [{ name: 'f', typed_config: isTcp ? tcp : hcm }] }] }],
    clusters: [cluster('backend', upstream.address.port), cluster('logs', service.address.port, { typed_extension_protocol_options: http2 })],
  });
  const client = openTestClient('h1', proxy.addressOf('main'));
  return {
    proxy,
    client,
    questions,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

/** What stands at a path of field numbers. */
function inside(bytes: Buffer, ...path: readonly number[]): Buffer[] {
  const [first, ...rest] = path;
  if (first === undefined) return [bytes];
  return [...readFields(bytes)].filter(({ field }) => field === first).flatMap((one) => inside(one.bytes, ...rest));
}

const texts = (bytes: Buffer, ...path: readonly number[]) => inside(bytes, ...path).map((one) => one.toString());

test('requests are told to the access log service, some at once, with who tells', async () => {
  await using world = await start({ accessLog: grpcLog({ buffer_flush_interval: '0.2s' }, { additional_request_headers_to_log: ['X-Tenant', 'x-none'] }) });
  for (const path of ['/a', '/b', '/c']) await world.client.ask({ path, headers: { 'x-tenant': 'blue' } });
  await expect.poll(() => world.questions.flatMap(({ message }) => texts(message, 2, 1, 3, 5)), { timeout: 10_000 }).toEqual(['/a', '/b', '/c']);
  const [{ path, message }] = world.questions as [GrpcQuestion];
  expect(path).toBe('/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs');
  expect([texts(message, 1, 1, 1), texts(message, 1, 1, 2), texts(message, 1, 2)]).toEqual([['proxy-1'], ['group'], ['edge']]);
  // One entry of the map: the header that is there.
  expect([texts(message, 2, 1, 3, 13, 1)[0], texts(message, 2, 1, 3, 13, 2)[0]]).toEqual(['x-tenant', 'blue']);
  expect(texts(message, 2, 1, 1, 19)[0]).toBe('everything');
  await expect.poll(() => world.proxy.metric('envoy_access_logs_grpc_access_log_logs_written')).toBe(3);
});

test('entries leave when they are many, however long they might wait', async () => {
  await using world = await start({ accessLog: grpcLog({ buffer_flush_interval: '3600s', buffer_size_bytes: 0 }) });
  await world.client.ask({ path: '/a' });
  await world.client.ask({ path: '/b' });
  await expect.poll(() => world.questions.map(({ message }) => texts(message, 2, 1, 3, 5)), { timeout: 10_000 }).toEqual([['/a'], ['/b']]);
});

test('what nobody takes is counted, and requests go on', async () => {
  await using world = await start({ accessLog: grpcLog({ buffer_size_bytes: 0 }), answer: () => ({ status: 14, text: 'full' }) });
  expect((await world.client.ask({})).status).toBe(200);
  await expect.poll(() => world.proxy.metric('envoy_access_logs_grpc_access_log_logs_dropped'), { timeout: 10_000 }).toBe(1);
  expect(world.proxy.metric('envoy_access_logs_grpc_access_log_logs_written')).toBe(0);
});

test('a service that ends the stream without a word has taken its entries', async () => {
  await using world = await start({ accessLog: grpcLog({ buffer_size_bytes: 0 }), answer: () => ({ body: Buffer.alloc(0) }) });
  await world.client.ask({});
  await expect.poll(() => world.proxy.metric('envoy_access_logs_grpc_access_log_logs_written'), { timeout: 10_000 }).toBe(1);
});

test('what waits is sent when the proxy ends', async () => {
  await using world = await start({ accessLog: grpcLog({ buffer_flush_interval: '3600s' }) });
  await world.client.ask({ path: '/last' });
  world.client[Symbol.dispose]();
  await world.proxy.proxy.close();
  await expect.poll(() => world.questions.flatMap(({ message }) => texts(message, 2, 1, 3, 5)), { timeout: 10_000 }).toEqual(['/last']);
});

test('a log has its filter also where it goes to a service', async () => {
  const filter = { header_filter: { header: { name: ':path', string_match: { exact: '/told' } } } };
  await using world = await start({ accessLog: { ...grpcLog({ buffer_flush_interval: '0.2s' }), filter } });
  for (const path of ['/untold', '/told']) await world.client.ask({ path });
  await expect.poll(() => world.questions.flatMap(({ message }) => texts(message, 2, 1, 3, 5)), { timeout: 10_000 }).toEqual(['/told']);
});

test('connections of tcp_proxy are entries of their own kind', async () => {
  const accessLog = { name: 'als', typed_config: { ...type('envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig'), common_config: common({ buffer_size_bytes: 0 }) } };
  await using world = await start({ accessLog, isTcp: true });
  const peer = await world.proxy.connect('main');
  peer.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  const answer = await peer.readToEnd();
  peer.end();
  await expect.poll(() => world.questions, { timeout: 10_000 }).toHaveLength(1);
  const [entry] = inside(world.questions[0]?.message as Buffer, 3, 1) as [Buffer];
  const sizes = Object.fromEntries([...readFields(inside(entry, 2)[0] as Buffer)].map(({ field, number }) => [field, number]));
  expect(sizes).toEqual({ 1: 46, 2: answer.length });
  expect(texts(entry, 1, 15)).toEqual(['backend']);
});

test('OpenTelemetry gets records with what formats say, and who tells', async () => {
  const text = (value: string) => ({ string_value: value });
  const typed_config = {
    ...type('envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig'),
    common_config: common({ buffer_size_bytes: 0 }),
    body: text('%REQ(:METHOD)% %REQ(:PATH)%'),
    attributes: { values: [{ key: 'status', value: text('%RESPONSE_CODE%') }, { key: 'deep', value: { kvlist_value: { values: [{ key: 'n', value: { int_value: '-1' } }] } } }] },
    resource_attributes: { values: [{ key: 'zone', value: text('%a%') }] },
    stat_prefix: 'otel',
  };
  await using world = await start({ accessLog: { name: 'otel', typed_config } });
  await world.client.ask({ path: '/a' });
  await expect.poll(() => world.questions, { timeout: 10_000 }).toHaveLength(1);
  const [{ path, message }] = world.questions as [GrpcQuestion];
  expect(path).toBe('/opentelemetry.proto.collector.logs.v1.LogsService/Export');
  expect(texts(message, 1, 1, 1, 1)).toEqual(['log_name', 'cluster_name', 'node_name', 'zone']);
  expect(texts(message, 1, 1, 1, 2, 1)).toEqual(['edge', 'group', 'proxy-1', '%a%']);
  const [record] = inside(message, 1, 2, 2) as [Buffer];
  expect(texts(record, 5, 1)).toEqual(['GET /a']);
  expect([texts(record, 6, 1), texts(record, 6, 2, 1)]).toEqual([['status', 'deep'], ['200']]);
  // -1 in two's complement: ten bytes behind their tag.
  expect(inside(record, 6, 2, 6, 1, 2)[0]?.toString('hex')).toBe('18ffffffffffffffffff01');
  await expect.poll(() => world.proxy.metric('envoy_access_logs_open_telemetry_access_log_logs_written', { envoy_access_log_prefix: 'otel' })).toBe(1);
});

test.each([
  ['a format that is none', { ...type('envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig'), common_config: common(), body: { string_value: '%NONSENSE%' } }, /typed_config\.body\.string_value.*NONSENSE/],
  ['no name', { ...type('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'), common_config: common({ log_name: '' }) }, /typed_config\.common_config\.log_name/],
  ['a service by its own address', { ...type('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'), common_config: common({ grpc_service: { google_grpc: { target_uri: 'a:1', stat_prefix: 'a' } } }) }, /grpc_service\.google_grpc/],
  ['no time to wait', { ...type('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'), common_config: common({ buffer_flush_interval: '0s' }) }, /buffer_flush_interval/],
  ['bytes in a log', { ...type('envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig'), common_config: common(), body: { bytes_value: 'YQ==' } }, /body\.bytes_value/],
])('refuses %s', async (_title, typed_config, problem) => {
  await expect(start({ accessLog: { name: 'log', typed_config } })).rejects.toThrow(problem);
});

test('entries are counted by their frames', () => {
  const long = Buffer.alloc(300, 1);
  expect(countEntries(Buffer.concat([Buffer.of(0x0a, 2, 1, 1), Buffer.of(0x0a, 0), Buffer.of(0x12, 0xac, 0x02), long]))).toBe(3);
});
