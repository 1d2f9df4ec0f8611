/** From an accepted connection to the chain that serves it, over real sockets. */
import { Buffer } from 'node:buffer';
import { connectionManagerJson, listenerJson, routesJson, socketAddress, staticClusterJson, typed, type Json } from '@sluice/resources/testing';
import { describe, expect, test } from 'vitest';
import { startBootstrap, startRawUpstream, type RawPeer } from './testing/index.ts';

const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';

/** A connection manager that says which chain it is in. */
const saying = (body: string, fields: Json = {}) => ({
  name: 'http',
  typed_config: connectionManagerJson({
    route_config: routesJson('r', [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: body } } }]),
    ...fields,
  }),
});
const echo = { name: 'echo', typed_config: typed('envoy.extensions.filters.network.echo.v3.Echo') };
const bytes = (response: string) => ({ name: 'bytes', typed_config: typed('envoy.extensions.filters.network.direct_response.v3.Config', { response: { inline_string: response } }) });
const inspector = (name: string, fields: Json = {}) => {
  const messages: Record<string, string> = { tls_inspector: 'TlsInspector', http_inspector: 'HttpInspector', proxy_protocol: 'ProxyProtocol', original_dst: 'OriginalDst' };
  return { name, typed_config: typed(`envoy.extensions.filters.listener.${name}.v3.${messages[name]}`, fields) };
};
const listener = (name: string, fields: Json) => ({ name, address: socketAddress('127.0.0.1', 0), ...fields });
const logTo = (format: string) => ({
  name: 'log',
  typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: '/dev/null', log_format: { text_format_source: { inline_string: `${format}\n` } } }),
});
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const ask = async (client: RawPeer, body: string) => {
  client.write(get);
  await client.readUntil(body);
};

describe('a chain is chosen', () => {
  test('by the protocol that the first bytes show, which are then served', async () => {
    await using proxy = await startBootstrap({
      listeners: [
        listener('main', {
          listener_filters: [inspector('http_inspector')],
          filter_chains: [{ filter_chain_match: { application_protocols: ['http/1.1'], transport_protocol: 'raw_buffer' }, filters: [saying('as http')] }],
          default_filter_chain: { filters: [echo] },
        }),
      ],
    });
    await ask(await proxy.connect('main'), 'as http');
    const other = await proxy.connect('main');
    other.write('\0not http');
    await other.readUntil('\0not http');
    other.end();
    expect((await other.readToEnd()).length).toBe(0);
    expect(proxy.metric('envoy_http_inspector_http11_found')).toBe(1);
    expect(proxy.metric('envoy_http_inspector_http_not_found')).toBe(1);
  });

  test('by where the client is, without waiting for its first byte', async () => {
    await using proxy = await startBootstrap({
      listeners: [
        listener('main', {
          filter_chains: [
            { filter_chain_match: { source_prefix_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] }, filters: [bytes('local')] },
            { filters: [bytes('any')] },
          ],
        }),
      ],
    });
    expect((await (await proxy.connect('main')).readToEnd()).toString()).toBe('local');
  });

  test('or none, which closes the connection, is counted and logged', async () => {
    await using proxy = await startBootstrap({
      listeners: [
        listener('main', {
          access_log: [logTo('%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %REQ(:METHOD)%')],
          filter_chains: [{ filter_chain_match: { destination_port: 1 }, filters: [echo] }],
        }),
      ],
    });
    const client = await proxy.connect('main');
    await client.readToEnd();
    await until(() => proxy.logLines.length > 0);
    expect(proxy.logLines).toEqual(['NR filter_chain_not_found 127.0.0.1 -']);
    expect(proxy.metric('envoy_listener_no_filter_chain_match')).toBe(1);
    expect(proxy.metric('envoy_listener_downstream_cx_active')).toBe(0);
  });

  test('and two that cannot be told apart are refused where they stand', async () => {
    await using proxy = await startBootstrap({});
    const chains = [{ filter_chain_match: { server_names: ['a.test', 'b.test'] }, filters: [echo] }, { filter_chain_match: { server_names: ['B.test'] }, filters: [echo] }];
    expect(await proxy.offerListeners([listener('main', { filter_chains: chains, listener_filters: [inspector('tls_inspector')] }) as { name: string }])).toEqual([
      'filter_chains[1].filter_chain_match: matches connections that filter_chains[0] matches, and neither more nor less exactly',
    ]);
  });

  test('by names only with an inspector, so that one is added, and said', async () => {
    await using proxy = await startBootstrap({
      listeners: [
        listener('main', {
          filter_chains: [{ filter_chain_match: { server_names: ['a.test'] }, filters: [echo] }],
          default_filter_chain: { filters: [bytes('nobody')] },
        }),
      ],
    });
    expect(proxy.problems.map(({ message, severity }) => `${severity} ${message}`)).toEqual([
      'warning has no tls_inspector, which filter chains need that match by what TLS shows; one is added',
    ]);
    const client = await proxy.connect('main');
    client.write('plain');
    expect((await client.readToEnd()).toString()).toBe('nobody');
    expect(proxy.metric('envoy_tls_inspector_tls_not_found')).toBe(1);
  });
});

describe('a chain', () => {
  test('that serves in the middle, or does not serve at its end, is refused', async () => {
    await using proxy = await startBootstrap({});
    const offer = (filters: readonly object[]) => proxy.offerListeners([listener('main', { filter_chains: [{ filters }] }) as { name: string }]);
    expect(await offer([echo, saying('x')])).toEqual(['filter_chains[0].filters[0]: is echo, which serves connections and must be the last']);
    expect(await offer([saying('x'), echo])).toEqual(['filter_chains[0].filters[0]: is http, which serves connections and must be the last']);
  });

  test('without filters closes its connections', async () => {
    await using proxy = await startBootstrap({ listeners: [listener('main', { filter_chains: [{}] })] });
    await (await proxy.connect('main')).readToEnd();
    await until(() => proxy.metric('envoy_listener_downstream_cx_destroy') === 1);
    expect(proxy.metric('envoy_listener_downstream_cx_active')).toBe(0);
  });
});

describe('a PROXY header', () => {
  const format = '%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_ADDRESS% %FILTER_CHAIN_NAME%';
  const withHeader = (fields: Json = {}) =>
    listener('main', {
      listener_filters: [inspector('proxy_protocol', fields)],
      filter_chains: [{ name: 'only', filters: [saying('served', { access_log: [logTo(format)] })] }],
    });
  const line = 'PROXY TCP4 192.0.2.9 198.51.100.1 4711 443\r\n';

  test('says who the client is, in pieces or whole', async () => {
    await using proxy = await startBootstrap({ listeners: [withHeader()] });
    const client = await proxy.connect('main');
    client.write(line.slice(0, 9));
    await until(() => proxy.metric('envoy_listener_downstream_pre_cx_active') === 1);
    client.write(line.slice(9));
    await ask(client, 'served');
    const whole = await proxy.connect('main');
    whole.write(line + get);
    await whole.readUntil('served');
    await until(() => proxy.logLines.length === 2);
    expect(new Set(proxy.logLines)).toEqual(new Set(['192.0.2.9:4711 127.0.0.1 198.51.100.1:443 only']));
    expect(proxy.metric('envoy_proxy_proto_versions_found', { envoy_proxy_protocol_version: 'v1' })).toBe(2);
  });

  test('that is missing or broken closes the connection', async () => {
    await using proxy = await startBootstrap({ listeners: [withHeader()] });
    for (const first of [get, 'PROXY TCP9 nonsense\r\n']) {
      const client = await proxy.connect('main');
      client.write(first);
      await client.readToEnd();
    }
    expect(proxy.metric('envoy_proxy_proto_not_found_disallowed')).toBe(1);
    expect(proxy.metric('envoy_proxy_proto_versions_error')).toBe(1);
    expect(proxy.metric('envoy_listener_downstream_listener_filter_error')).toBe(2);
  });

  test('may be missing where that is allowed', async () => {
    await using proxy = await startBootstrap({ listeners: [withHeader({ allow_requests_without_proxy_protocol: true })] });
    await ask(await proxy.connect('main'), 'served');
    await until(() => proxy.logLines.length === 1);
    expect(proxy.logLines[0]).toMatch(/^127\.0\.0\.1:\d+ 127\.0\.0\.1 127\.0\.0\.1:\d+ only$/);
  });

  test('of a version that is not wanted closes the connection', async () => {
    await using proxy = await startBootstrap({ listeners: [withHeader({ disallowed_versions: ['V1'] })] });
    const client = await proxy.connect('main');
    client.write(line);
    await client.readToEnd();
    expect(proxy.metric('envoy_proxy_proto_versions_disallowed', { envoy_proxy_protocol_version: 'v1' })).toBe(1);
  });
});

describe('a client that says nothing', () => {
  const silent = (fields: Json) =>
    listener('main', { listener_filters: [inspector('tls_inspector')], listener_filters_timeout: '0.05s', filter_chains: [{ filters: [bytes('served')] }], ...fields });

  test('is closed when its time is up', async () => {
    await using proxy = await startBootstrap({ listeners: [silent({})] });
    expect((await (await proxy.connect('main')).readToEnd()).toString()).toBe('');
    expect(proxy.metric('envoy_listener_downstream_pre_cx_timeout')).toBe(1);
    expect(proxy.metric('envoy_listener_downstream_cx_active')).toBe(0);
  });

  test('or served by what is known, where that is asked for', async () => {
    await using proxy = await startBootstrap({ listeners: [silent({ continue_on_listener_filters_timeout: true })] });
    expect((await (await proxy.connect('main')).readToEnd()).toString()).toBe('served');
    expect(proxy.metric('envoy_listener_downstream_pre_cx_timeout')).toBe(1);
  });

  test('or too much at once, in its first message of TLS, is closed', async () => {
    await using proxy = await startBootstrap({ listeners: [silent({ listener_filters: [inspector('tls_inspector', { max_client_hello_size: 300 })] })] });
    const client = await proxy.connect('main');
    client.write(Buffer.from([22, 3, 1, 1, 100, 1, 0, 1, 96]));
    expect((await client.readToEnd()).toString()).toBe('');
    expect(proxy.metric('envoy_tls_inspector_client_hello_too_large')).toBe(1);
  });

  test('and goes leaves nothing behind', async () => {
    await using proxy = await startBootstrap({ listeners: [silent({ listener_filters_timeout: '0s' })] });
    const client = await proxy.connect('main');
    client.write(Buffer.from([22]));
    await until(() => proxy.metric('envoy_listener_downstream_pre_cx_active') === 1);
    client.end();
    await client.readToEnd();
    expect(proxy.metric('envoy_listener_downstream_listener_filter_remote_close')).toBe(1);
    expect(proxy.metric('envoy_tls_inspector_connection_closed')).toBe(1);
    expect(proxy.proxy.activeConnections).toBe(0);
  });
});

describe('a listener that changes', () => {
  const chain = (port: number, filter: object) => ({ filter_chain_match: { source_ports: [port] }, filters: [filter] });
  const main = (chains: readonly object[], fallback: object, fields: Json = {}) => ({ name: 'main', address: socketAddress('127.0.0.1', 0), filter_chains: chains, default_filter_chain: { filters: [fallback] }, ...fields });

  test('in some chains keeps the connections of the others', async () => {
    await using proxy = await startBootstrap({});
    expect(await proxy.offerListeners([main([chain(1, echo)], echo)])).toEqual([]);
    const { port } = proxy.addressOf('main');
    const stays = await proxy.connect('main');
    stays.write('a');
    await stays.readUntil('a');
    expect(await proxy.offerListeners([main([chain(1, bytes('x')), chain(2, echo)], echo)])).toEqual([]);
    stays.write('b');
    await stays.readUntil('b');
    expect(proxy.addressOf('main').port).toBe(port);
    expect(await proxy.offerListeners([main([chain(1, bytes('x'))], bytes('other'))])).toEqual([]);
    expect((await stays.readToEnd()).length).toBe(0);
    expect((await (await proxy.connect('main')).readToEnd()).toString()).toBe('other');
  });

  test('gives connections that do not end by themselves their time, and no longer', async () => {
    await using upstream = await startRawUpstream((peer) => void peer.socket.pipe(peer.socket));
    const clusters = [staticClusterJson('app', [`127.0.0.1:${upstream.address.port}`])];
    const tcp = { name: 'tcp', typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: 'test', cluster: 'app' }) };
    await using proxy = await startBootstrap({ clusters, drain: { deadlineMs: 1000 } });
    await proxy.offerListeners([main([], tcp)]);
    const client = await proxy.connect('main');
    client.write('a');
    await client.readUntil('a');
    expect(await proxy.offerListeners([main([], echo)])).toEqual([]);
    client.write('b');
    await client.readUntil('b');
    await client.readToEnd();
    await until(() => proxy.metric('envoy_listener_downstream_cx_active') === 0);
  });

  test('in anything else drains all of them, on the same socket', async () => {
    await using proxy = await startBootstrap({});
    await proxy.offerListeners([main([], echo)]);
    const { port } = proxy.addressOf('main');
    const old = await proxy.connect('main');
    old.write('a');
    await old.readUntil('a');
    expect(await proxy.offerListeners([main([], echo, { listener_filters_timeout: '3s' })])).toEqual([]);
    await old.readToEnd();
    old.end();
    expect(proxy.addressOf('main').port).toBe(port);
    const fresh = await proxy.connect('main');
    fresh.write('b');
    await fresh.readUntil('b');
    await until(() => proxy.proxy.activeConnections === 1);
  });
});

test('listeners are counted as they come, change and go, and their numbers go with them', async () => {
  const named = (name: string, filter: object, fields: Json = {}) => ({ name, stat_prefix: name, address: socketAddress('127.0.0.1', 0), filter_chains: [{ filters: [filter] }], ...fields });
  await using proxy = await startBootstrap({});
  const counts = () => ['added', 'modified', 'in_place_updated', 'removed', 'create_success'].map((what) => proxy.metric(`envoy_listener_manager_listener_${what}`));
  await proxy.offerListeners([named('a', echo), named('b', echo)]);
  expect(counts()).toEqual([2, 0, 0, 0, 2]);
  await proxy.offerListeners([named('a', bytes('x')), named('b', echo)]);
  expect(counts()).toEqual([2, 1, 1, 0, 2]);
  await proxy.offerListeners([named('a', bytes('x'), { listener_filters_timeout: '1s' }), named('b', echo)]);
  expect(counts()).toEqual([2, 2, 1, 0, 3]);
  const held = await proxy.connect('b');
  held.write('x');
  await held.readUntil('x');
  await proxy.offerListeners([named('a', bytes('x'), { listener_filters_timeout: '1s' })]);
  expect(counts()).toEqual([2, 2, 1, 1, 3]);
  expect(proxy.metric('envoy_listener_manager_total_listeners_draining')).toBe(1);
  expect(proxy.metric('envoy_listener_downstream_cx_total', { envoy_listener_address: 'b' })).toBe(1);
  held.end();
  await held.readToEnd();
  await until(() => proxy.metric('envoy_listener_manager_total_listeners_draining') === 0);
  expect(proxy.metric('envoy_listener_manager_total_listeners_active')).toBe(1);
  expect(proxy.metric('envoy_listener_downstream_cx_total', { envoy_listener_address: 'b' })).toBe(0);
});

test('a plain listener goes straight to its chain, and other listeners see nothing of it', async () => {
  await using proxy = await startBootstrap({
    listeners: [listenerJson('plain', { route_config: routesJson('r', [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'plain' } } }]) })],
    clusters: [staticClusterJson('app', [])],
  });
  const client = await proxy.connect('plain');
  await ask(client, 'plain');
  expect(proxy.metric('envoy_listener_downstream_cx_total')).toBe(1);
  expect(proxy.metric('envoy_listener_downstream_cx_active')).toBe(1);
  client.end();
  await client.readToEnd();
  await until(() => proxy.metric('envoy_listener_downstream_cx_active') === 0);
});
