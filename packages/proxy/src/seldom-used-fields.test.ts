/** Fields that few configurations have, each by what it does to one request. */
import { expect, test } from 'vitest';
import { startBootstrap, startFilterProxy, type FilterFixtureOptions, type RawPeer } from './testing/index.ts';

/** The head of the answer to one request, and what the upstream was asked. */
async function ask(options: Partial<FilterFixtureOptions>, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly head: string; readonly asked: string }> {
  await using proxy = await startFilterProxy({ filters: [], ...options });
  const peer = await proxy.connect();
  const fields = Object.entries({ host: 'a.test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  peer.write(`GET /path HTTP/1.1\r\n${fields.join('')}\r\n`);
  return { head: await peer.readHead(), asked: proxy.upstreamHeads[0] ?? '' };
}

/** Answers with a name of its own. */
const withServer = async (peer: RawPeer): Promise<void> => {
  await peer.readHead();
  peer.write('HTTP/1.1 200 OK\r\nserver: theirs\r\ncontent-length: 0\r\n\r\n');
};

test.each([
  ['OVERWRITE', 'sluice'],
  ['APPEND_IF_ABSENT', 'theirs'],
  ['PASS_THROUGH', 'theirs'],
])('server_header_transformation %s', async (server_header_transformation, server) => {
  expect((await ask({ manager: { server_header_transformation }, upstream: withServer })).head).toContain(`server: ${server}\r\n`);
});

test('always_set_request_id_in_response', async () => {
  const manager = { generate_request_id: true, always_set_request_id_in_response: true };
  expect((await ask({ manager })).head).toMatch(/x-request-id: [0-9a-f]{8}-/);
});

test('cluster_not_found_response_code', async () => {
  const status = (code: string) => ask({ routes: [{ match: { prefix: '/' }, route: { cluster_header: 'x-cluster', cluster_not_found_response_code: code } }] }, { 'x-cluster': 'nobody' }).then(({ head }) => head.slice(9, 12));
  expect([await status('NOT_FOUND'), await status('INTERNAL_SERVER_ERROR')]).toEqual(['404', '500']);
});

test('host_rewrite_header', async () => {
  const route = { route: { cluster: 'backend', host_rewrite_header: 'x-host' } };
  expect((await ask({ route }, { 'x-host': 'b.test' })).asked).toContain('host: b.test\r\n');
});

test('scheme_redirect', async () => {
  const { head } = await ask({ routes: [{ match: { prefix: '/' }, redirect: { scheme_redirect: 'https' } }] });
  expect(head).toMatch(/^HTTP\/1\.1 301 .*location: https:\/\/a\.test\/path\r\n/s);
});

test('keep_empty_value', async () => {
  const route = (keep_empty_value: boolean) => ({ request_headers_to_add: [{ header: { key: 'x-empty', value: '%REQ(x-none)%' }, keep_empty_value }] });
  expect((await ask({ route: route(true) })).asked).toMatch(/x-empty: ?\r\n/);
  expect((await ask({ route: route(false) })).asked).not.toContain('x-empty');
});

test('alt_stat_name', async () => {
  await using proxy = await startFilterProxy({ cluster: { alt_stat_name: 'other' } });
  await proxy.request();
  expect(proxy.metric('envoy_cluster_upstream_rq_total', { envoy_cluster_name: 'other' })).toBe(1);
});

test('max_direct_response_body_size_bytes', async () => {
  const table = { max_direct_response_body_size_bytes: 3 };
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'long' } } }];
  await expect(startFilterProxy({ table, routes })).rejects.toThrow(/direct_response\.body/);
});

test.each([
  ['an expression in a log', { manager: { access_log: [{ name: 'l', filter: { extension_filter: { name: 'cel' } }, typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog' } }] } }, /access_log\[0\]\.filter\.extension_filter/],
  ['allow_chunked_length', { manager: { http_protocol_options: { allow_chunked_length: true } } }, /http_protocol_options\.allow_chunked_length/],
  ['an internal redirect', { route: { route: { cluster: 'backend', internal_redirect_policy: {} } } }, /internal_redirect_policy/],
  ['an internal redirect by its old name', { route: { route: { cluster: 'backend', internal_redirect_action: 'HANDLE_INTERNAL_REDIRECT' } } }, /internal_redirect_action/],
])('refuses %s with its path', async (_title, options, problem) => {
  await expect(startFilterProxy(options)).rejects.toThrow(problem);
});

test('operators about hosts, connections and what a resource says of itself', async () => {
  const logFormat = ['UPSTREAM_PROTOCOL', 'UPSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS', 'STREAM_ID', 'REQUEST_TX_DURATION', 'CLUSTER_METADATA(place:zone)', 'UPSTREAM_METADATA(place:zone)', 'UPSTREAM_TRANSPORT_FAILURE_REASON', 'CONNECTION_TERMINATION_DETAILS'].map((name) => `%${name}%`).join('|');
  await using proxy = await startFilterProxy({ logFormat, cluster: { metadata: { filter_metadata: { place: { zone: 'a' } } } } });
  await proxy.request({ headers: { 'x-request-id': 'one' } });
  expect(await proxy.nextLog()).toMatch(/^HTTP\/1\.1\|127\.0\.0\.1:\d+\|127\.0\.0\.1:\d+\|one\|\d+\|a\|-\|-\|-$/);
});

test('drain_type MODIFY_ONLY: clients stay while health checks are made to fail', async () => {
  const typeOf = (name: string) => ({ '@type': `type.googleapis.com/${name}` });
  const manager = {
    ...typeOf('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'edge',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }] }] },
    http_filters: [{ name: 'router', typed_config: typeOf('envoy.extensions.filters.http.router.v3.Router') }],
  };
  const listener = (name: string, drain_type: string) => ({ name, drain_type, address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, filter_chains: [{ filters: [{ name: 'm', typed_config: manager }] }] });
  await using proxy = await startBootstrap({ listeners: [listener('usual', 'DEFAULT'), listener('staying', 'MODIFY_ONLY')] });
  proxy.proxy.failHealthChecks(true);
  const head = async (name: string) => {
    const peer = await proxy.connect(name);
    peer.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    return peer.readHead();
  };
  expect(await head('usual')).toContain('connection: close');
  expect(await head('staying')).not.toContain('connection: close');
});
