import { expect, test } from 'vitest';
import { decodeListener } from './listener.ts';
import { connectionManagerJson, listenerJson, routerFilterJson, routesJson, routeTo, socketAddress, typed, typedStruct } from './testing/sample-resources.ts';

const routes = { route_config: routesJson('r', [routeTo('app')]) };

function errorsOf(json: unknown, options = {}): string[] {
  const { problems } = decodeListener(json, '', options);
  return problems.filter(({ severity }) => severity === 'error').map(({ path, message }) => `${path}: ${message}`);
}

const managerPath = 'filter_chains[0].filters[0].typed_config';

test('a listener without a name is called by its address', () => {
  const decoded = decodeListener({ ...listenerJson('', routes, socketAddress('0.0.0.0', 8080)), name: undefined });
  expect(decoded).toMatchObject({ ok: true, value: { name: '0.0.0.0:8080' } });
});

test('routes come inline or by name', () => {
  const rds = { rds: { route_config_name: 'table', config_source: { ads: {}, initial_fetch_timeout: '0s' } } };
  const decoded = decodeListener(listenerJson('a', rds));
  expect(decoded).toMatchObject({
    ok: true,
    value: {
      filterChains: [
        { filters: [{ config: { routes: { kind: 'rds', routeConfigName: 'table', configSource: { kind: 'ads', initialFetchTimeoutMs: 0 } } } }] },
      ],
    },
  });
  expect(errorsOf(listenerJson('a', {}))).toEqual([
    `${managerPath}: must have one of route_config, rds, scoped_routes`,
  ]);
});

test('the router must be the last filter, and the only one of its kind', () => {
  expect(errorsOf(listenerJson('a', { ...routes, http_filters: [] }))).toEqual([
    `${managerPath}.http_filters: must end with the router, envoy.extensions.filters.http.router.v3.Router`,
  ]);
  expect(errorsOf(listenerJson('a', { ...routes, http_filters: [routerFilterJson, routerFilterJson] }))).toEqual([
    `${managerPath}.http_filters[0]: is the router, which must be the last`,
  ]);
});

test('our own filters travel in a TypedStruct and are decoded by whoever brings them', () => {
  const queue = { name: 'queue', typed_config: typedStruct('sluice.filters.http.queue.v1.Queue', { container_concurrency: 10 }) };
  const listener = listenerJson('a', { ...routes, http_filters: [queue, routerFilterJson] });
  const decoded = decodeListener(listener, '', {
    extensions: { httpFilters: { 'sluice.filters.http.queue.v1.Queue': (json) => ({ seen: json }) } },
  });
  expect(decoded).toMatchObject({
    ok: true,
    value: {
      filterChains: [
        { filters: [{ config: { httpFilters: [{ name: 'queue', config: { seen: { container_concurrency: 10 } } }, {}] } }] },
      ],
    },
  });
  expect(errorsOf(listener)).toEqual([
    `${managerPath}.http_filters[0].typed_config.@type: is sluice.filters.http.queue.v1.Queue, which is not known; known are envoy.extensions.filters.http.router.v3.Router`,
  ]);
});

test('an unknown filter that says it is optional is left out with a warning', () => {
  const stats = { name: 'stats', is_optional: true, typed_config: typed('stats.PluginConfig') };
  const decoded = decodeListener(listenerJson('a', { ...routes, http_filters: [stats, routerFilterJson] }));
  expect(decoded).toMatchObject({
    ok: true,
    value: { filterChains: [{ filters: [{ config: { httpFilters: [{ name: 'envoy.filters.http.router' }] } }] }] },
    problems: [{ severity: 'warning', path: `${managerPath}.http_filters[0].typed_config` }],
  });
});

test('a transport socket that is not known is refused, and raw bytes need none', () => {
  const withSocket = (transport_socket: object) => ({
    ...listenerJson('a', routes),
    filter_chains: [{ transport_socket, filters: [{ name: 'http', typed_config: connectionManagerJson(routes) }] }],
  });
  const path = 'filter_chains[0].transport_socket.typed_config';
  expect(errorsOf(withSocket({ name: 'tls' }))).toEqual([`${path}: is required`]);
  expect(errorsOf(withSocket({ name: 'x', typed_config: typed('envoy.extensions.transport_sockets.tap.v3.Tap') }))).toMatchObject([
    expect.stringContaining(`${path}.@type: is envoy.extensions.transport_sockets.tap.v3.Tap, which is not known`),
  ]);
  const raw = { name: 'x', typed_config: typed('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer') };
  for (const socket of [raw, { name: 'envoy.transport_sockets.raw_buffer' }]) {
    expect(decodeListener(withSocket(socket))).toMatchObject({ ok: true, value: { filterChains: [{ transportSocket: undefined }] } });
  }
});

test('chains and the frame around them have versions of their own', () => {
  const versionsOf = (listener: object) => {
    const decoded = decodeListener(listener);
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
    return { frame: decoded.value.frameVersion, chains: decoded.value.filterChains.map(({ version }) => version) };
  };
  const plain = listenerJson('a', routes);
  const before = versionsOf(plain);
  const other = listenerJson('a', { ...routes, server_name: 'other' });
  expect(versionsOf(other).frame).toBe(before.frame);
  expect(versionsOf(other).chains).not.toEqual(before.chains);
  const reframed = versionsOf({ ...plain, tcp_backlog_size: 7 });
  expect(reframed.frame).not.toBe(before.frame);
  expect(reframed.chains).toEqual(before.chains);
});

test.each([
  ['example.*', 'is "example.*": a wildcard stands only as *. before a domain'],
  ['*', 'is "*": a wildcard stands only as *. before a domain'],
  ['*.*.com', 'is "*.*.com": a wildcard stands only as *. before a domain'],
])('a chain cannot ask for %s', (name, problem) => {
  const [chain] = listenerJson('a', routes)['filter_chains'] as object[];
  const listener = { ...listenerJson('a', routes), filter_chains: [{ ...chain, filter_chain_match: { server_names: [name] } }] };
  expect(errorsOf(listener)).toEqual([`filter_chains[0].filter_chain_match.server_names[0]: ${problem}`]);
});

test.each([
  ['/dev/stdout', { kind: 'stdout' }],
  ['/var/log/access.log', { kind: 'file', path: '/var/log/access.log' }],
])('an access log to %s', (path, sink) => {
  const log = { name: 'file', typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path }) };
  const decoded = decodeListener(listenerJson('a', { ...routes, access_log: [log] }));
  expect(decoded).toMatchObject({ ok: true, value: { filterChains: [{ filters: [{ config: { accessLogs: [{ sink }] } }] }] } });
});

test('values that are only right as they are by default may be spelt out', () => {
  const spelt = { forward_client_cert_details: 'SANITIZE', path_with_escaped_slashes_action: 'KEEP_UNCHANGED' };
  expect(errorsOf({ ...listenerJson('a', { ...routes, ...spelt }), bind_to_port: true })).toEqual([]);
});

test('HTTP/2 beside HTTP/1, alone, or not at all', () => {
  const configOf = (fields: object) => {
    const decoded = decodeListener(listenerJson('a', { ...routes, ...fields }));
    return decoded.ok ? decoded.value.filterChains[0]?.filters[0]?.config : undefined;
  };
  expect(configOf({})).toMatchObject({ codecType: 'AUTO', http2ProtocolOptions: { concurrentStreamsMax: 1024, headerTableBytesMax: 4096 } });
  expect(configOf({ codec_type: 'HTTP2', http2_protocol_options: { max_concurrent_streams: 100 } })).toMatchObject({
    codecType: 'HTTP2',
    http2ProtocolOptions: { concurrentStreamsMax: 100 },
  });
  expect(errorsOf(listenerJson('a', { ...routes, codec_type: 'HTTP3' }))).toEqual([`${managerPath}.codec_type: is HTTP3, must be AUTO, HTTP1 or HTTP2`]);
  expect(errorsOf(listenerJson('a', { ...routes, http2_protocol_options: { max_concurrent_streams: 0 } }))[0]).toContain(
    `${managerPath}.http2_protocol_options.max_concurrent_streams`,
  );
});
