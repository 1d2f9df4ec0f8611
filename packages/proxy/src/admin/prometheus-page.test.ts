/** The page for Prometheus keeps to its format, whatever the proxy has lived through; and what is counted of connections. */
import { createServer, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestAuthority } from '../testing/certificates.ts';
import { prometheusFaults } from '../testing/prometheus-check.ts';
import { connectRaw } from '../testing/raw-peer.ts';
import { backendCluster, downstreamTls, startTlsProxy, tlsListener, type TlsProxy } from '../testing/tls-fixture.ts';

let upstream: Server;
let authority: TestAuthority;
let proxy: TlsProxy;

const routes = [
  { match: { prefix: '/none' }, route: { cluster: 'nowhere' } },
  { match: { prefix: '/gone' }, redirect: { path_redirect: '/' } },
  { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
  { match: { prefix: '/' }, route: { cluster: 'backend' }, stat_prefix: 'all' },
];
const virtual_clusters = [{ name: 'reads', headers: [{ name: ':method', string_match: { exact: 'GET' } }] }];
const route_config = { validate_clusters: false, virtual_hosts: [{ name: 'a "quoted" \\ name', domains: ['*'], routes, virtual_clusters }] };

beforeAll(async () => {
  authority = await TestAuthority.create();
  const { certificate, privateKey } = await authority.issue({ dns: ['a.test'] });
  const tls_certificates = [{ certificate_chain: { inline_string: certificate }, private_key: { inline_string: privateKey } }];
  upstream = createServer((request, response) => {
    response.statusCode = request.url === '/teapot' ? 418 : 200;
    response.end('hello');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const manager = { route_config };
  const resources = {
    listeners: [tlsListener(downstreamTls({ common_tls_context: { tls_certificates, alpn_protocols: ['h2', 'http/1.1'] } }), { ...manager, stat_prefix: 'tls' }), { ...tlsListener(undefined, { ...manager, stat_prefix: 'plain' }), name: 'plain', stat_prefix: 'plain' }],
    clusters: [backendCluster((upstream.address() as AddressInfo).port), { ...backendCluster(1), name: 'dead' }],
  };
  proxy = await startTlsProxy(resources, {}, { admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } } });
  await serveEverything();
});

afterAll(async () => {
  await proxy.stop();
  upstream.closeAllConnections();
  upstream.close();
});

/** HTTP/1 over TLS and plain, HTTP/2, answers of the upstream and our own, and a client that makes no sense. */
async function serveEverything(): Promise<void> {
  for (const path of ['/', '/none', '/gone', '/dead', '/teapot']) await proxy.request({ ca: authority.certificate, path });
  const session = connectHttp2(`https://127.0.0.1:${proxy.address.port}`, { ca: authority.certificate, servername: 'a.test' });
  const stream = session.request({ ':path': '/', ':method': 'GET' });
  stream.resume();
  await new Promise((resolve) => stream.on('close', resolve));
  await new Promise<void>((resolve) => session.close(resolve));
  const peer = await connectRaw({ host: '127.0.0.1', port: proxy.running.proxy.listeners()[1]?.port ?? 0 });
  peer.write('nonsense\r\n\r\n');
  await peer.readToEnd();
  peer.socket.destroy();
}

const page = async () => {
  const { host, port } = proxy.running.adminAddress ?? { host: '', port: 0 };
  return (await fetch(`http://${host}:${port}/stats/prometheus`)).text();
};

test('the page is in order after all kinds of traffic', async () => {
  const text = await page();
  expect(text.length).toBeGreaterThan(10_000);
  expect(text).toContain('envoy_virtual_host="a \\"quoted\\" \\\\ name"');
  expect(prometheusFaults(text)).toEqual([]);
});

test.each([
  ['# HELP a x\n# TYPE a counter\na 1\n# HELP b x\n# TYPE b gauge\nb 1\na{c="1"} 2\n', /not of the family/],
  ['# HELP a x\n# TYPE a counter\n# HELP a x\n# TYPE a counter\na 1\n', /twice/],
  ['# HELP a x\n# TYPE a counter\na{b="c"d"} 1\n', /bad labels/],
  ['# HELP a x\n# TYPE a counter\na 1\na 1\n', /twice/],
  ['# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n', /not cumulative/],
  ['# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n', /\+Inf/],
])('the checker finds what is wrong: %j', (text, fault) => {
  expect(prometheusFaults(text).join('; ')).toMatch(fault);
});

test('connections are told apart by protocol, by TLS, and by who ended them', async () => {
  await expect.poll(() => proxy.metric('envoy_http_downstream_cx_destroy'), { timeout: 10_000 }).toBe(7);
  const of = (name: string, prefix: string) => proxy.metric(`envoy_http_downstream_cx_${name}`, { envoy_http_conn_manager_prefix: prefix });
  expect(['http1_total', 'http2_total', 'ssl_total', 'destroy'].map((name) => of(name, 'tls'))).toEqual([5, 1, 6, 6]);
  expect(['http1_total', 'http2_total', 'ssl_total', 'destroy_local', 'protocol_error'].map((name) => of(name, 'plain'))).toEqual([1, 0, 0, 1, 1]);
  expect(['http1_active', 'http2_active', 'ssl_active', 'active'].map((name) => of(name, 'tls'))).toEqual([0, 0, 0, 0]);
  expect(of('rx_bytes_total', 'plain')).toBe('nonsense\r\n\r\n'.length);
  expect(of('tx_bytes_total', 'tls')).toBeGreaterThan(6 * 50);
  expect(['http1_total', 'http2_total'].map((name) => proxy.metric(`envoy_http_downstream_rq_${name}`))).toEqual([6, 1]);
  // All but the one that made no sense.
  expect(proxy.metric('envoy_http_rq_total')).toBe(6);
  const backend = { envoy_cluster_name: 'backend' };
  expect(proxy.metric('envoy_cluster_upstream_cx_http1_total', backend)).toBe(proxy.metric('envoy_cluster_upstream_cx_total', backend));
  expect(proxy.metric('envoy_cluster_upstream_cx_rx_bytes_total', backend)).toBeGreaterThan(3 * 'hello'.length);
  expect(proxy.metric('envoy_cluster_upstream_cx_tx_bytes_total', backend)).toBeGreaterThan(3 * 'GET / HTTP/1.1\r\n\r\n'.length);
});

test('virtual clusters and routes with a stat_prefix have numbers of their own', () => {
  const of = (scope: string, name: string, labels: Readonly<Record<string, string>> = {}) => proxy.metric(`envoy_vhost_${scope}_upstream_rq${name}`, labels);
  expect(of('route', '_total', { envoy_route: 'all' })).toBe(3);
  expect(of('route', '', { envoy_response_code: '418' })).toBe(1);
  expect(of('route', '_xx', { envoy_response_code_class: '2' })).toBe(2);
  expect(of('vcluster', '_xx', { envoy_virtual_cluster: 'reads', envoy_response_code_class: '5' })).toBeGreaterThan(0);
  expect(of('vcluster', '_completed', { envoy_virtual_cluster: 'reads' })).toBeGreaterThan(3);
});
