/** TLS towards clients, from configuration, over both ways of reading. */
import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { validateBootstrap } from '../config/validate-bootstrap.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import { TestAuthority, type TestCertificate } from '../testing/certificates.ts';
import { backendCluster, downstreamTls, managerJson, startTlsProxy, tlsListener, type Json, type TlsProxy } from '../testing/tls-fixture.ts';

let authority: TestAuthority;
let server: TestCertificate;
let upstream: Server;
let upstreamPort: number;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await TestAuthority.create();
  server = await authority.issue({ dns: ['a.test'] });
});

beforeEach(async () => {
  upstream = createServer((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => {
      if (request.url === '/big') {
        response.end(bigBody);
        return;
      }
      response.setHeader('x-body', hash.digest('hex'));
      response.end(JSON.stringify(request.headers));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  upstreamPort = (upstream.address() as AddressInfo).port;
  cleanups.push(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const bigBody = randomBytes(4 * 1024 * 1024);

function inline({ certificate, privateKey }: TestCertificate): Json {
  return { certificate_chain: { inline_string: certificate }, private_key: { inline_string: privateKey } };
}

async function start(context: Json, options: { accept?: 'reused' | 'events'; manager?: Json; listener?: Json; bootstrap?: Json; secrets?: readonly Json[] } = {}): Promise<TlsProxy> {
  const proxy = await startTlsProxy(
    { listeners: [tlsListener(downstreamTls(context), options.manager, options.listener)], clusters: [backendCluster(upstreamPort)], secrets: options.secrets ?? [] },
    { accept: options.accept ?? 'reused' },
    options.bootstrap,
  );
  cleanups.push(() => proxy.stop());
  return proxy;
}

const ca = () => ({ ca: authority.certificate });
const common = (fields: Json = {}) => ({ common_tls_context: { tls_certificates: [inline(server)], ...fields } });

describe.each(['reused', 'events'] as const)('over %s', (accept) => {
  test('a client is answered over TLS 1.3, told apart in logs and headers, and counted', async () => {
    const proxy = await start(common(), { accept });
    const answer = await proxy.request({ ...ca() });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ 'x-forwarded-proto': 'https' });
    await expect.poll(() => proxy.lines).toEqual(['200 - - TLSv1.3 - a.test']);
    expect(proxy.metric('envoy_listener_ssl_handshake', { envoy_listener_address: 'front' })).toBe(1);
    expect(proxy.metric('envoy_listener_ssl_versions', { envoy_ssl_version: 'TLSv1.3' })).toBe(1);
    expect(proxy.metric('envoy_listener_ssl_ciphers', { envoy_ssl_cipher: 'TLS_AES_128_GCM_SHA256' })).toBe(1);
    expect(proxy.metric('envoy_listener_ssl_no_certificate')).toBe(1);
  });

  test('large bodies come whole in both directions, past a client that reads slowly', async () => {
    const proxy = await start(common(), { accept });
    const body = randomBytes(4 * 1024 * 1024);
    const upload = await proxy.request({ ...ca(), method: 'POST' }, body);
    expect(upload.headers['x-body']).toBe(createHash('sha256').update(body).digest('hex'));
    const socket = connectTls({ ...proxy.address, ...ca(), servername: 'a.test' });
    cleanups.push(() => socket.destroy());
    socket.write('GET /big HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      socket.pause();
      if (chunks.length % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      socket.resume();
    }
    const whole = Buffer.concat(chunks);
    expect(whole.subarray(whole.indexOf('\r\n\r\n') + 4).equals(bigBody)).toBe(true);
  });

  test('a client that agrees on h2 is served HTTP/2', async () => {
    const proxy = await start(common({ alpn_protocols: ['h2', 'http/1.1'] }), { accept });
    const session = connectHttp2(`https://127.0.0.1:${proxy.address.port}`, { ...ca(), servername: 'a.test' });
    cleanups.push(() => session.destroy());
    const stream = session.request({ ':path': '/', ':authority': 'a.test' });
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    stream.on('response', (head) => resolve(head[':status']));
    stream.resume();
    expect(await promise).toBe(200);
    const old = await proxy.request({ ...ca(), ALPNProtocols: ['http/1.1'] } as object);
    expect(old.status).toBe(200);
    expect(proxy.metric('envoy_http_downstream_rq_total')).toBe(2);
  });

  test('what a listener filter has read of the handshake is not lost', async () => {
    const inspector = { name: 'tls_inspector', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' } };
    const proxy = await start(common(), { accept, listener: { listener_filters: [inspector] } });
    expect((await proxy.request(ca())).status).toBe(200);
  });
});

test('each name has its certificate, and a chain of its own', async () => {
  const b = await authority.issue({ dns: ['*.b.test'] });
  const c = await authority.issue({ subject: 'CN=c.test' });
  const proxy = await start({ common_tls_context: { tls_certificates: [inline(server), inline(b), inline(c)] } });
  const namesFor = async (servername: string) => {
    const socket = connectTls({ ...proxy.address, ...ca(), servername, rejectUnauthorized: false });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };
  expect([await namesFor('x.b.test'), await namesFor('X.B.TEST'), await namesFor('c.test'), await namesFor('a.test'), await namesFor('y.x.b.test')]).toEqual(['*.b.test', '*.b.test', 'c.test', 'a.test', 'a.test']);
});

test('chains are chosen by the name that is asked for, each with its own TLS', async () => {
  const b = await authority.issue({ dns: ['b.test'] });
  const chainFor = (name: string, certificate: TestCertificate, body: string): Json => ({
    filter_chain_match: { server_names: [name] },
    filters: [{ name: 'http', typed_config: managerJson({ route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: body } } }] }] } }) }],
    transport_socket: downstreamTls({ common_tls_context: { tls_certificates: [inline(certificate)] } }),
  });
  const inspector = { name: 'tls_inspector', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' } };
  const proxy = await start(common(), { listener: { listener_filters: [inspector], filter_chains: [chainFor('a.test', server, 'A'), chainFor('b.test', b, 'B')] } });
  expect((await proxy.request({ ...ca(), servername: 'a.test' })).body.toString()).toBe('A');
  expect((await proxy.request({ ...ca(), servername: 'b.test' })).body.toString()).toBe('B');
  await expect(proxy.request({ ...ca(), servername: 'c.test' })).rejects.toThrow();
  expect(proxy.metric('envoy_listener_no_filter_chain_match')).toBe(1);
});

describe('clients with certificates', () => {
  const mutual = (validation: Json = {}, more: Json = {}): Json => ({
    ...common({ validation_context: { trusted_ca: { inline_string: authority.certificate }, ...validation } }),
    require_client_certificate: true,
    ...more,
  });
  const withCertificate = ({ certificate, privateKey }: TestCertificate) => ({ ...ca(), cert: certificate, key: privateKey });

  test('a good one is let in, and known', async () => {
    const proxy = await start(mutual({ match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://test/' } }] }));
    const client = await authority.issue({ uri: ['spiffe://test/client'] });
    expect((await proxy.request(withCertificate(client))).status).toBe(200);
    await expect.poll(() => proxy.lines).toEqual(['200 - - TLSv1.3 spiffe://test/client a.test']);
    expect(proxy.metric('envoy_listener_ssl_no_certificate')).toBe(0);
  });

  test.each<[string, (other: TestAuthority) => Promise<object>, string]>([
    ['none', async () => ca(), 'fail_verify_no_cert'],
    ['one of another authority', async (other) => withCertificate(await other.issue({ uri: ['spiffe://test/client'] })), 'fail_verify_error'],
    ['one that has expired', async () => withCertificate(await authority.issue({ uri: ['spiffe://test/client'], fromDays: -3, toDays: -1 })), 'fail_verify_error'],
    ['one for another name', async () => withCertificate(await authority.issue({ uri: ['spiffe://other/client'] })), 'fail_verify_san'],
    ['one for the name, of another kind', async () => withCertificate(await authority.issue({ dns: ['spiffe'] })), 'fail_verify_san'],
  ])('%s is turned away and counted', async (_, optionsOf, counter) => {
    const proxy = await start(mutual({ match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://test/' } }] }));
    const options = await optionsOf(await TestAuthority.create('CN=other root'));
    await expect(proxy.request(options)).rejects.toThrow();
    await expect.poll(() => proxy.metric(`envoy_listener_ssl_${counter}`)).toBe(1);
    expect(proxy.metric('envoy_http_downstream_rq_total')).toBe(0);
    await expect.poll(() => proxy.running.proxy.activeConnections).toBe(0);
  });

  test.each<[string, Json, RegExp | undefined, string | undefined]>([
    ['SANITIZE', {}, undefined, undefined],
    ['FORWARD_ONLY', {}, /^said by the client$/, undefined],
    ['ALWAYS_FORWARD_ONLY', {}, /^said by the client$/, 'said by the client'],
    ['SANITIZE_SET', { uri: true, dns: true, subject: true }, /^By=spiffe:\/\/test\/front;Hash=[0-9a-f]{64};Subject="O=b,CN=a";URI=spiffe:\/\/test\/client;DNS=client\.test$/, undefined],
    ['SANITIZE_SET', { cert: true, chain: true }, /^By=[^;]+;Hash=[0-9a-f]{64};Cert="-----BEGIN%20CERTIFICATE-----%0A[^"]+";Chain="-----BEGIN%20CERTIFICATE[^"]+"$/, undefined],
    ['APPEND_FORWARD', {}, /^said by the client,By=spiffe:\/\/test\/front;Hash=[0-9a-f]{64}$/, undefined],
  ])('are described to upstreams by %s with %o, and nobody describes one that was not shown', async (mode, parts, withOne, withNone) => {
    const front = await authority.issue({ dns: ['a.test'], uri: ['spiffe://test/front'] });
    const context = { common_tls_context: { tls_certificates: [inline(front)], validation_context: { trusted_ca: { inline_string: authority.certificate } } } };
    const proxy = await start(context, { manager: { forward_client_cert_details: mode, set_current_client_cert_details: parts } });
    const client = await authority.issue({ subject: 'CN=a, O=b', uri: ['spiffe://test/client'], dns: ['client.test'] });
    const said = async (options: object) => {
      const answer = await proxy.request({ ...options, headers: { 'X-Forwarded-Client-Cert': 'said by the client' } });
      return (JSON.parse(answer.body.toString()) as Record<string, string | undefined>)['x-forwarded-client-cert'];
    };
    if (withOne) expect(await said(withCertificate(client))).toMatch(withOne);
    else expect(await said(withCertificate(client))).toBeUndefined();
    expect(await said(ca())).toBe(withNone);
  });

  test('one that was revoked is turned away', async () => {
    const good = await authority.issue({ uri: ['spiffe://test/good'] });
    const revoked = await authority.issue({ uri: ['spiffe://test/revoked'] });
    const proxy = await start(mutual({ crl: { inline_string: await authority.revoke(revoked.serialNumber) } }));
    expect((await proxy.request(withCertificate(good))).status).toBe(200);
    await expect(proxy.request(withCertificate(revoked))).rejects.toThrow();
    await expect.poll(() => proxy.metric('envoy_listener_ssl_fail_verify_error')).toBe(1);
  });

  test('one that has expired is let in where that is allowed, but only under the right authority', async () => {
    const proxy = await start(mutual({ allow_expired_certificate: true }));
    const expired = { uri: ['spiffe://test/client'], fromDays: -3, toDays: -1 };
    expect((await proxy.request(withCertificate(await authority.issue(expired)))).status).toBe(200);
    const other = await TestAuthority.create('CN=test root');
    await expect(proxy.request(withCertificate(await other.issue(expired)))).rejects.toThrow();
  });

  test('certificates can be pinned, by hash and by key', async () => {
    const pinned = await authority.issue({ dns: ['pinned.test'] });
    const other = await authority.issue({ dns: ['pinned.test'] });
    const der = Buffer.from(pinned.certificate.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    const proxy = await start(mutual({ verify_certificate_hash: [createHash('sha256').update(der).digest('hex')] }));
    expect((await proxy.request(withCertificate(pinned))).status).toBe(200);
    await expect(proxy.request(withCertificate(other))).rejects.toThrow();
    await expect.poll(() => proxy.metric('envoy_listener_ssl_fail_verify_cert_hash')).toBe(1);
  });

  test('untrusted ones may stay where they are accepted, and clients without any', async () => {
    const proxy = await start(mutual({ trust_chain_verification: 'ACCEPT_UNTRUSTED' }, { require_client_certificate: false }));
    const other = await TestAuthority.create('CN=other root');
    expect((await proxy.request(withCertificate(await other.issue({ uri: ['spiffe://test/client'] })))).status).toBe(200);
    expect((await proxy.request(ca())).status).toBe(200);
  });

  test('a chain with an intermediate is followed', async () => {
    const proxy = await start(mutual());
    const between = await authority.intermediate();
    expect((await proxy.request(withCertificate(await between.issue({ uri: ['spiffe://test/client'] })))).status).toBe(200);
    const short = await start(mutual({ max_verify_depth: 0 }));
    await expect(short.request(withCertificate(await between.issue({ uri: ['spiffe://test/client'] })))).rejects.toThrow();
  });
});

test('sessions are taken up again, across restarts of the proxy where keys are shared, and not where that is off', async () => {
  const key = randomBytes(80).toString('base64');
  const resume = async (proxy: TlsProxy, session?: Buffer): Promise<{ reused: boolean; session: Buffer | undefined }> => {
    const socket: TLSSocket = connectTls({ ...proxy.address, ...ca(), servername: 'a.test', ...(session && { session }) });
    let fresh: Buffer | undefined;
    let reused = false;
    socket.on('secureConnect', () => (reused = socket.isSessionReused()));
    socket.on('session', (given) => (fresh = given));
    socket.write('GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n');
    for await (const _ of socket);
    return { reused, session: fresh };
  };
  const keyed = { ...common(), session_ticket_keys: { keys: [{ inline_bytes: key }] } };
  const first = await start(keyed);
  const { session } = await resume(first);
  expect((await resume(first, session)).reused).toBe(true);
  expect(first.metric('envoy_listener_ssl_session_reused')).toBe(1);
  const second = await start(keyed);
  expect((await resume(second, session)).reused).toBe(true);
  const off = await start({ ...common(), disable_stateless_session_resumption: true });
  const none = await resume(off);
  expect((await resume(off, none.session)).reused).toBe(false);
});

test('a client that offers only what is not spoken, or too old a version, is turned away and counted', async () => {
  const proxy = await start(common({ alpn_protocols: ['http/1.1'], tls_params: { tls_minimum_protocol_version: 'TLSv1_3' } }));
  await expect(proxy.request({ ...ca(), maxVersion: 'TLSv1.2' })).rejects.toThrow();
  await expect(proxy.request({ ...ca(), ALPNProtocols: ['ftp'] } as object)).rejects.toThrow();
  expect(proxy.metric('envoy_listener_ssl_connection_error')).toBe(2);
});

test('a client that does not shake hands in time is closed, and so is one that speaks no TLS', async () => {
  const chain = { filters: [{ name: 'http', typed_config: managerJson() }], transport_socket: downstreamTls(common()), transport_socket_connect_timeout: '0.1s' };
  const proxy = await start(common(), { listener: { filter_chains: [chain] } });
  const silent = connect(proxy.address);
  await new Promise((resolve) => silent.once('close', resolve));
  expect(proxy.metric('envoy_listener_downstream_cx_transport_socket_connect_timeout')).toBe(1);
  const plain = connect(proxy.address);
  plain.on('error', () => {});
  plain.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
  await new Promise((resolve) => plain.once('close', resolve));
  await expect.poll(() => proxy.running.proxy.activeConnections).toBe(0);
});

test('the admin server shows certificates and secrets, but nothing that is secret', async () => {
  const secret = { name: 'front', tls_certificate: inline(server) };
  const admin = { admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } } };
  const proxy = await start({ common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'front' }] } }, { secrets: [secret], bootstrap: admin });
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${proxy.running.adminAddress?.port}${path}`)).text();
  expect(JSON.parse(await get('/certs'))).toMatchObject({
    certificates: [{ ca_cert: [], cert_chain: [{ path: '<inline>', serial_number: server.serialNumber.replace(/^0+/, '').padStart(2, '0'), subject_alt_names: [{ dns: 'a.test' }], days_until_expiration: '29' }] }],
  });
  expect(await get('/stats?filter=days_until')).toBe('server.days_until_first_cert_expiring: 29\n');
  expect(await get('/stats?filter=ssl.handshake')).toContain('listener.front.ssl.handshake: 0\n');
  const dump = await get('/config_dump');
  expect(dump).toContain('SecretsConfigDump');
  expect(dump).toContain('-----BEGIN CERTIFICATE-----');
  expect(dump).not.toContain('PRIVATE KEY');
});

test('the sample with TLS is a bootstrap without problems where its files are, and says which are not', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const sample = readFileSync(new URL('../../testdata/tls.yaml', import.meta.url), 'utf8').replaceAll('/etc/sluice/tls', directory);
  const path = join(directory, 'tls.yaml');
  writeFileSync(path, sample);
  const missing = await validateBootstrap({ path }, standardFilters);
  expect(missing.problems.map((found) => found.path)).toContain('static_resources.secrets[0].tls_certificate.certificate_chain.filename');
  writeFileSync(join(directory, 'tls.crt'), server.certificate);
  writeFileSync(join(directory, 'tls.key'), server.privateKey);
  writeFileSync(join(directory, 'ca.crt'), authority.certificate);
  expect((await validateBootstrap({ path }, standardFilters)).problems).toEqual([]);
});

describe('certificates that change', () => {
  /** As Kubernetes mounts secrets: a link to a directory that is exchanged for another. */
  function mount(directory: string, { certificate, privateKey }: TestCertificate, version: string): void {
    const target = join(directory, version);
    mkdirSync(target);
    writeFileSync(join(target, 'tls.crt'), certificate);
    writeFileSync(join(target, 'tls.key'), privateKey);
    symlinkSync(version, join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, '..data'));
  }

  test('200 connections go on under load while the certificate is exchanged, and new ones get the new one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tls-'));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    mount(directory, server, 'v1');
    const files = { certificate_chain: { filename: join(directory, '..data', 'tls.crt') }, private_key: { filename: join(directory, '..data', 'tls.key') }, watched_directory: { path: directory } };
    const proxy = await start({ common_tls_context: { tls_certificates: [files] } });
    const sockets = Array.from({ length: 200 }, () => connectTls({ ...proxy.address, ...ca(), servername: 'a.test', rejectUnauthorized: false }));
    cleanups.push(() => sockets.forEach((socket) => socket.destroy()));
    const load = { isOver: false };
    let answers = 0;
    let lost = 0;
    const loads = sockets.map(async (socket) => {
      socket.on('error', () => (lost += 1));
      socket.on('close', () => (lost += load.isOver ? 0 : 1));
      while (!load.isOver) {
        socket.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
        const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
        if (!head.toString('latin1').startsWith('HTTP/1.1 200')) lost += 1;
        answers += 1;
        // As fast as they can, they would leave new connections no time on a busy machine: all of them are served by this one thread.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    await expect.poll(() => answers, { timeout: 15_000 }).toBeGreaterThan(400);
    const renewed = await authority.issue({ dns: ['a.test'], subject: 'CN=renewed' });
    mount(directory, renewed, 'v2');
    const subjectNow = async () => {
      const socket = connectTls({ ...proxy.address, ...ca(), servername: 'a.test' });
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    await expect.poll(subjectNow, { timeout: 15_000 }).toBe('renewed');
    const before = answers;
    await expect.poll(() => answers, { timeout: 15_000 }).toBeGreaterThan(before + 400);
    load.isOver = true;
    await Promise.all(loads);
    expect(lost).toBe(0);
    expect(proxy.metric('envoy_listener_server_ssl_socket_factory_ssl_context_update_by_sds')).toBe(1);
    // What does not fit together changes nothing.
    mkdirSync(join(directory, 'v3'));
    writeFileSync(join(directory, 'v3', 'tls.crt'), server.certificate);
    writeFileSync(join(directory, 'v3', 'tls.key'), renewed.privateKey);
    symlinkSync('v3', join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, '..data'));
    await expect.poll(() => proxy.metric('envoy_listener_server_ssl_socket_factory_ssl_context_update_failed'), { timeout: 15_000 }).toBe(1);
    expect(await subjectNow()).toBe('renewed');
  }, 60_000);
});
