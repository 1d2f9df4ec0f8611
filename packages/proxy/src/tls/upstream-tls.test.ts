/** TLS towards hosts, from configuration. */
import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer, type ServerOptions } from 'node:https';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority, type TestCertificate } from '../testing/certificates.ts';
import { backendCluster, startTlsProxy, tlsListener, upstreamTls, type Json, type TlsProxy } from '../testing/tls-fixture.ts';
import { typeUrls } from '@sluice/resources';

let authority: TestAuthority;
let host: TestCertificate;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await TestAuthority.create();
  host = await authority.issue({ dns: ['b.test'], ip: ['127.0.0.1'] });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const bigBody = randomBytes(4 * 1024 * 1024);

/** What a host has seen of its connection. */
const describeConnection: RequestListener = (request, response) => {
  const socket = request.socket as TLSSocket;
  const hash = createHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  request.on('end', () => {
    if (request.url === '/big') {
      response.end(bigBody);
      return;
    }
    response.end(JSON.stringify({ httpVersion: request.httpVersion, sni: socket.servername, reused: socket.isSessionReused(), client: socket.getPeerCertificate()?.subjectaltname, body: hash.digest('hex') }));
  });
};

async function listen(server: Server | ReturnType<typeof createSecureServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const startHost = (options: ServerOptions = {}, identity = host): Promise<number> =>
  listen(createServer({ key: identity.privateKey, cert: identity.certificate, ALPNProtocols: ['http/1.1'], ...options }, describeConnection));

async function start(cluster: Json, secrets: readonly Json[] = []): Promise<TlsProxy> {
  const proxy = await startTlsProxy({ listeners: [tlsListener(undefined)], clusters: [cluster], secrets });
  cleanups.push(() => proxy.stop());
  return proxy;
}

function ask({ address }: TlsProxy, path = '/', headers: Readonly<Record<string, string>> = {}, body?: Buffer): Promise<{ status: number; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
  const sent = httpRequest({ host: address.host, port: address.port, path, method: body ? 'POST' : 'GET', agent: false, headers: { host: 'b.test', ...headers } }, (response: IncomingMessage) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

async function seen(proxy: TlsProxy, headers: Readonly<Record<string, string>> = {}): Promise<Json> {
  return JSON.parse((await ask(proxy, '/', headers)).body.toString()) as Json;
}

const trusting = (fields: Json = {}, more: Json = {}): Json =>
  upstreamTls({ common_tls_context: { validation_context: { trusted_ca: { inline_string: authority.certificate }, ...fields } }, sni: 'b.test', ...more });

const httpOptions = (fields: Json): Json => ({
  typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions', ...fields } },
});

test('a host is asked by the name that is configured, over a connection that is used again', async () => {
  const proxy = await start(backendCluster(await startHost(), { transport_socket: trusting() }));
  expect(await seen(proxy)).toMatchObject({ sni: 'b.test', reused: false });
  await seen(proxy);
  expect(proxy.metric('envoy_cluster_ssl_handshake', { envoy_cluster_name: 'backend' })).toBe(1);
  expect(proxy.metric('envoy_cluster_ssl_versions', { envoy_ssl_version: 'TLSv1.2' })).toBe(1);
});

test('large bodies come whole in both directions', async () => {
  const proxy = await start(backendCluster(await startHost(), { transport_socket: trusting() }));
  const body = randomBytes(4 * 1024 * 1024);
  expect(JSON.parse((await ask(proxy, '/', {}, body)).body.toString())).toMatchObject({ body: createHash('sha256').update(body).digest('hex') });
  expect((await ask(proxy, '/big')).body.equals(bigBody)).toBe(true);
});

test('sessions are taken up again by the next connection', async () => {
  const once = httpOptions({ explicit_http_config: { http_protocol_options: {} }, common_http_protocol_options: { max_requests_per_connection: 1 } });
  const proxy = await start(backendCluster(await startHost(), { transport_socket: trusting(), ...once }));
  expect(await seen(proxy)).toMatchObject({ reused: false });
  expect(await seen(proxy)).toMatchObject({ reused: true });
  expect(proxy.metric('envoy_cluster_ssl_session_reused')).toBe(1);
  const none = await start(backendCluster(await startHost(), { transport_socket: trusting({}, { max_session_keys: 0 }), ...once }));
  await seen(none);
  expect(await seen(none)).toMatchObject({ reused: false });
});

describe('a host that is not to be trusted costs 503 UF, and is counted', () => {
  test.each<[string, () => Promise<TestCertificate>, Json, Json, string, RegExp]>([
    ['with a certificate of another authority', async () => (await TestAuthority.create('CN=other')).issue({ dns: ['b.test'] }), {}, {}, 'fail_verify_error', /CERTIFICATE_VERIFY_FAILED/],
    ['with one that has expired', () => authority.issue({ dns: ['b.test'], fromDays: -3, toDays: -1 }), {}, {}, 'fail_verify_error', /cert_has_expired/],
    ['with one for another name', () => authority.issue({ dns: ['c.test'] }), { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'b.test' } }] }, {}, 'fail_verify_san', /verify_SAN_list/],
    ['with one for another name than was asked for', () => authority.issue({ dns: ['c.test'] }), {}, { auto_sni_san_validation: true }, 'fail_verify_san', /verify_SAN_list/],
    ['with one that is not pinned', () => authority.issue({ dns: ['b.test'] }), { verify_certificate_spki: [Buffer.alloc(32).toString('base64')] }, {}, 'fail_verify_cert_hash', /verify_certificate_hash/],
  ])('%s', async (_, issue, validation, more, counter, reason) => {
    const proxy = await start(backendCluster(await startHost({}, await issue()), { transport_socket: trusting(validation, more) }));
    expect((await ask(proxy)).status).toBe(503);
    await expect.poll(() => proxy.lines.length).toBe(1);
    expect(proxy.lines[0]).toMatch(/^503 UF TLS_error:\|/);
    expect(proxy.lines[0]).toMatch(reason);
    expect(proxy.metric(`envoy_cluster_ssl_${counter}`)).toBe(1);
    expect(proxy.metric('envoy_cluster_upstream_cx_connect_fail')).toBe(1);
  });

  test('that speaks no TLS at all', async () => {
    const proxy = await start(backendCluster(await listen(createHttpServer(() => {})), { transport_socket: trusting() }));
    expect((await ask(proxy)).status).toBe(503);
    expect(proxy.metric('envoy_cluster_ssl_connection_error')).toBe(1);
  });

  test('that does not shake hands in time', async () => {
    const silent = createNetServer((socket) => void socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => silent.close());
    const proxy = await start(backendCluster((silent.address() as AddressInfo).port, { transport_socket: trusting(), connect_timeout: '0.1s' }));
    expect((await ask(proxy)).status).toBe(503);
    expect(proxy.metric('envoy_cluster_upstream_cx_connect_timeout')).toBe(1);
  });
});

test('names may be matched by kind, wildcard and expression', async () => {
  const port = await startHost({}, await authority.issue({ dns: ['*.b.test'], uri: ['spiffe://test/ns/a/sa/b'] }));
  for (const matcher of [
    { san_type: 'DNS', matcher: { exact: 'x.b.test' } },
    { san_type: 'URI', matcher: { safe_regex: { regex: 'spiffe://test/ns/[a-z]+/sa/b' } } },
  ]) {
    const proxy = await start(backendCluster(port, { transport_socket: trusting({ match_typed_subject_alt_names: [matcher] }) }));
    expect((await ask(proxy)).status).toBe(200);
  }
});

test('we show a certificate where the host wants one', async () => {
  const own = await authority.issue({ uri: ['spiffe://test/proxy'] });
  const common = { validation_context: { trusted_ca: { inline_string: authority.certificate } }, tls_certificates: [{ certificate_chain: { inline_string: own.certificate }, private_key: { inline_string: own.privateKey } }] };
  const proxy = await start(backendCluster(await startHost({ requestCert: true, rejectUnauthorized: true, ca: authority.certificate }), { transport_socket: upstreamTls({ common_tls_context: common, sni: 'b.test' }) }));
  expect(await seen(proxy)).toMatchObject({ client: 'URI:spiffe://test/proxy' });
});

describe('HTTP/2 in TLS', () => {
  const startHttp2 = (allowHTTP1: boolean) =>
    listen(createSecureServer({ key: host.privateKey, cert: host.certificate, allowHTTP1 }, (request, response) => response.end(JSON.stringify({ httpVersion: request.httpVersion }))));

  test('is spoken where it is configured', async () => {
    const proxy = await start(backendCluster(await startHttp2(false), { transport_socket: trusting(), ...httpOptions({ explicit_http_config: { http2_protocol_options: {} } }) }));
    expect(await seen(proxy)).toMatchObject({ httpVersion: '2.0' });
  });

  test('is spoken where the host chooses it, and HTTP/1.1 where it does not', async () => {
    const auto = httpOptions({ auto_config: {} });
    const both = await start(backendCluster(await startHttp2(true), { transport_socket: trusting(), ...auto }));
    expect(await Promise.all([seen(both), seen(both)])).toMatchObject([{ httpVersion: '2.0' }, { httpVersion: '2.0' }]);
    expect(both.metric('envoy_cluster_ssl_handshake')).toBe(1);
    const old = await start(backendCluster(await startHost(), { transport_socket: trusting(), ...auto }));
    expect(await seen(old)).toMatchObject({ httpVersion: '1.1' });
    expect(await seen(old)).toMatchObject({ httpVersion: '1.1' });
  });

  test('a host that cannot be reached is said to be so to all who wait', async () => {
    const proxy = await start(backendCluster(1, { transport_socket: trusting(), ...httpOptions({ auto_config: {} }) }));
    expect((await Promise.all([ask(proxy), ask(proxy)])).map(({ status }) => status)).toEqual([503, 503]);
  });
});

test('the name that is asked for follows from the request where that is wanted, and the certificate must be for it', async () => {
  const wild = await authority.issue({ dns: ['*.b.test'] });
  const auto = httpOptions({ explicit_http_config: { http_protocol_options: {} }, upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true } });
  const transport = upstreamTls({ common_tls_context: { validation_context: { trusted_ca: { inline_string: authority.certificate } } } });
  const proxy = await start(backendCluster(await startHost({}, wild), { transport_socket: transport, ...auto }));
  expect(await seen(proxy, { host: 'x.b.test:8443' })).toMatchObject({ sni: 'x.b.test' });
  expect(await seen(proxy, { host: 'y.b.test' })).toMatchObject({ sni: 'y.b.test' });
  expect((await ask(proxy, '/', { host: 'c.test' })).status).toBe(503);
  expect(proxy.metric('envoy_cluster_ssl_handshake')).toBe(2);
});

test('hosts are spoken to as their metadata says', async () => {
  const secured = await startHost();
  const plain = await listen(createHttpServer((_, response) => response.end('{"sni":"none"}')));
  const endpoint = (port: number, mode: string) => ({
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
    metadata: { filter_metadata: { 'envoy.transport_socket_match': { mode } } },
  });
  const proxy = await start({
    name: 'backend',
    load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint(secured, 'tls'), endpoint(plain, 'plain')] }] },
    transport_socket_matches: [
      { name: 'tls', match: { mode: 'tls' }, transport_socket: trusting() },
      { name: 'plain', match: {}, transport_socket: { name: 'envoy.transport_sockets.raw_buffer' } },
    ],
  });
  const names = [await seen(proxy), await seen(proxy)].map(({ sni }) => sni);
  expect(names.toSorted()).toEqual(['b.test', 'none']);
});

test('hosts are checked over the same TLS', async () => {
  const check = { timeout: '1s', interval: '1s', unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: '/' } };
  const good = await start(backendCluster(await startHost(), { transport_socket: trusting(), health_checks: [check] }));
  expect((await ask(good)).status).toBe(200);
  expect(good.metric('envoy_cluster_health_check_success')).toBeGreaterThan(0);
  const other = await (await TestAuthority.create('CN=other')).issue({ dns: ['b.test'] });
  const bad = await start(backendCluster(await startHost({}, other), { transport_socket: trusting(), health_checks: [check], common_lb_config: { healthy_panic_threshold: { value: 0 } } }));
  expect((await ask(bad)).status).toBe(503);
  expect(bad.metric('envoy_cluster_health_check_network_failure')).toBeGreaterThan(0);
});

describe('secrets', () => {
  const fetched = upstreamTls({ sni: 'b.test', common_tls_context: { validation_context_sds_secret_config: { name: 'roots', sds_config: { ads: {} } } } });
  const roots = (certificate: string) => ({ name: 'roots', validation_context: { trusted_ca: { inline_string: certificate } } });
  const update = (proxy: TlsProxy, value: Json, version: string) =>
    proxy.running.applier.onUpdate({ typeUrl: typeUrls.secret, version, changed: [{ name: 'roots', version, value }], removed: [] });

  test('requests wait for the secrets of a new cluster, and a changed secret counts for new connections', async () => {
    const once = httpOptions({ explicit_http_config: { http_protocol_options: {} }, common_http_protocol_options: { max_requests_per_connection: 1 } });
    const proxy = await start(backendCluster(await startHost(), { transport_socket: fetched, ...once }));
    const early = ask(proxy);
    await expect.poll(() => proxy.metric('envoy_cluster_upstream_rq_pending_active')).toBe(1);
    expect(update(proxy, roots(authority.certificate), '1')).toEqual([]);
    expect((await early).status).toBe(200);
    update(proxy, roots((await TestAuthority.create('CN=other')).certificate), '2');
    expect((await ask(proxy)).status).toBe(503);
    expect(proxy.metric('envoy_cluster_client_ssl_socket_factory_ssl_context_update_by_sds')).toBe(1);
  });

  test('a secret that does not come lets requests fail', async () => {
    const proxy = await start(backendCluster(await startHost(), { transport_socket: fetched }));
    const early = ask(proxy);
    proxy.running.applier.onMissing(typeUrls.secret, 'roots');
    expect((await early).status).toBe(503);
    await expect.poll(() => proxy.lines).toEqual([expect.stringContaining('503 UF TLS_error:|Secret_is_not_supplied_by_SDS')]);
    expect(proxy.metric('envoy_cluster_client_ssl_socket_factory_upstream_context_secrets_not_ready')).toBe(1);
  });

  test('one that is no good is refused, and the last good one stays', async () => {
    const proxy = await start(backendCluster(await startHost(), { transport_socket: fetched }));
    update(proxy, roots(authority.certificate), '1');
    expect(update(proxy, roots('no certificate'), '2')).toMatchObject([{ name: 'roots', problems: [{ path: 'validation_context.trusted_ca' }] }]);
    expect((await ask(proxy)).status).toBe(200);
  });

  test('the bootstrap may give them, and one that is not there is a mistake', async () => {
    const own = upstreamTls({ sni: 'b.test', common_tls_context: { validation_context_sds_secret_config: { name: 'roots' } } });
    const proxy = await start(backendCluster(await startHost(), { transport_socket: own }), [roots(authority.certificate)]);
    expect((await ask(proxy)).status).toBe(200);
    await expect(start(backendCluster(1, { transport_socket: own }))).rejects.toThrow('roots');
  });
});
