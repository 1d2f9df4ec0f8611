/** Hosts that are told by PROXY headers for whom a connection is: over real sockets, byte by byte, and by our own listeners. */
import { Buffer } from 'node:buffer';
import { connectionManagerJson, listenerJson, routesJson, routeTo, socketAddress, staticClusterJson, typed, type Json } from '@sluice/resources/testing';
import { describe, expect, test } from 'vitest';
import { TestAuthority } from '../testing/certificates.ts';
import { startBootstrap, startRawUpstream, type RawPeer } from '../testing/index.ts';
import { downstreamTls, upstreamTls } from '../testing/tls-fixture.ts';

const rawBuffer = { name: 'envoy.transport_sockets.raw_buffer' };
const proxied = (config: Json, inner: Json = rawBuffer): Json => ({
  transport_socket: {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    typed_config: typed('envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport', { config, transport_socket: inner }),
  },
});
const http = listenerJson('main', { route_config: routesJson('main', [routeTo('app')]) });
const tcpProxy = { name: 'tcp', typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: 'tcp', cluster: 'app' }) };
const proxyProtocol = (fields: Json = {}) => ({ name: 'proxy', typed_config: typed('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol', fields) });
const tcp = (listenerFilters: readonly Json[] = []) => ({ name: 'main', address: socketAddress('127.0.0.1', 0), listener_filters: listenerFilters, filter_chains: [{ filters: [tcpProxy] }] });
const signature = '0d0a0d0a000d0a515549540a';
const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** Answers every request; gives the lines that connections begin with. */
function answering(lines: string[]): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    lines.push(await peer.readUntil('\r\n'));
    while (await peer.readHead().catch(() => undefined)) peer.write(ok);
  };
}

describe('version 1', () => {
  test('begins each connection, and each client has its own', async () => {
    const lines: string[] = [];
    await using upstream = await startRawUpstream(answering(lines));
    await using proxy = await startBootstrap({ listeners: [http], clusters: [staticClusterJson('app', [`127.0.0.1:${upstream.address.port}`], proxied({ version: 'V1' }))] });
    const { port } = proxy.addressOf('main');
    const clients = [await proxy.connect('main'), await proxy.connect('main')];
    for (const client of [...clients, ...clients]) {
      client.write(get);
      await client.readHead();
    }
    expect(lines).toEqual(clients.map(({ socket }) => `PROXY TCP4 127.0.0.1 127.0.0.1 ${socket.localPort} ${port}\r\n`));
  });

  test('of our own errands is UNKNOWN', async () => {
    const lines: string[] = [];
    await using upstream = await startRawUpstream(answering(lines));
    const check = { timeout: '5s', interval: '60s', unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: '/' } };
    const cluster = staticClusterJson('app', [`127.0.0.1:${upstream.address.port}`], { ...proxied({}), health_checks: [check] });
    await using proxy = await startBootstrap({ clusters: [cluster] });
    while (proxy.metric('envoy_cluster_health_check_success') === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(lines).toEqual(['PROXY UNKNOWN\r\n']);
  });

  test('keeps to the limit of connections: that of a client at rest makes room, one at work does not', async () => {
    const lines: string[] = [];
    await using upstream = await startRawUpstream(async (peer) => {
      lines.push(await peer.readUntil('\r\n'));
      for (;;) {
        const head = await peer.readHead().catch(() => '');
        if (head === '') return;
        if (!head.includes('/hold')) peer.write(ok);
      }
    });
    const fields = { ...proxied({}), circuit_breakers: { thresholds: [{ max_connections: 1 }] } };
    await using proxy = await startBootstrap({ listeners: [http], clusters: [staticClusterJson('app', [`127.0.0.1:${upstream.address.port}`], fields)] });
    const [one, two, three] = [await proxy.connect('main'), await proxy.connect('main'), await proxy.connect('main')];
    one.write(get);
    await one.readHead();
    two.write(get.replace('/', '/hold'));
    while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    three.write(get);
    expect(await three.readHead()).toContain('503 ');
    expect(proxy.metric('envoy_cluster_upstream_cx_overflow')).toBe(1);
    expect(lines).toHaveLength(2);
  });
});

describe('version 2', () => {
  test('says the addresses and TLVs that came in a header, those that are to pass', async () => {
    await using upstream = await startRawUpstream(async (peer) => peer.write(`${(await peer.readBytes(35)).toString('hex')} ${await peer.readUntil('!')}`));
    const cluster = staticClusterJson('app', [`127.0.0.1:${upstream.address.port}`], proxied({ version: 'V2', pass_through_tlvs: { match_type: 'INCLUDE', tlv_type: [0xea] } }));
    await using proxy = await startBootstrap({ listeners: [tcp([proxyProtocol({ pass_through_tlvs: {} })])], clusters: [cluster] });
    const client = await proxy.connect('main');
    client.write(Buffer.from(`${signature}211100190a0102030a04050604d201bb010003616263ea000476706365`, 'hex'));
    client.write('hello!');
    expect(await client.readUntil('!')).toBe(`${signature}211100130a0102030a04050604d201bbea000476706365 hello!`);
  });

  test('of our own errands is LOCAL', async () => {
    const seen: string[] = [];
    await using upstream = await startRawUpstream(async (peer) => {
      seen.push((await peer.readBytes(16)).toString('hex'), await peer.readUntil('ping'));
      peer.write('pong');
    });
    const question = { send: { text: '70696e67' }, receive: [{ text: '706f6e67' }] };
    const check = { timeout: '5s', interval: '60s', unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: question };
    const cluster = staticClusterJson('app', [`127.0.0.1:${upstream.address.port}`], { ...proxied({ version: 'V2' }), health_checks: [check] });
    await using proxy = await startBootstrap({ clusters: [cluster] });
    while (proxy.metric('envoy_cluster_health_check_success') === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen).toEqual([`${signature}20000000`, 'ping']);
  });
});

describe.each(['V1', 'V2'])('a listener of ours that reads headers of %s', (version) => {
  const log = { name: 'log', typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: '/dev/null', log_format: { text_format_source: { inline_string: '%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %PROTOCOL% %DOWNSTREAM_TLS_VERSION%\n' } } }) };
  const answer = { match: { prefix: '/' }, direct_response: { status: 200 } };

  test.each(['plain', 'TLS and HTTP/1.1', 'TLS and HTTP/2', 'TLS, by what the host chooses'])('takes them from a cluster of %s', async (kind) => {
    const authority = await TestAuthority.create();
    const host = await authority.issue({ dns: ['b.test'] });
    const isTls = kind !== 'plain';
    const certificate = { certificate_chain: { inline_string: host.certificate }, private_key: { inline_string: host.privateKey } };
    const socket = downstreamTls({ common_tls_context: { tls_certificates: [certificate], alpn_protocols: ['h2', 'http/1.1'] } });
    const filters = [{ name: 'http', typed_config: connectionManagerJson({ route_config: routesJson('back', [answer]), access_log: [log] }) }];
    const back = { name: 'back', address: socketAddress('127.0.0.1', 0), listener_filters: [proxyProtocol()], filter_chains: [{ filters, ...(isTls && { transport_socket: socket }) }] };
    await using behind = await startBootstrap({ listeners: [back] });
    const trusting = upstreamTls({ sni: 'b.test', common_tls_context: { validation_context: { trusted_ca: { inline_string: authority.certificate } } } });
    const http2 = kind === 'TLS and HTTP/2' ? { explicit_http_config: { http2_protocol_options: {} } } : { auto_config: {} };
    const options = kind.includes('HTTP/2') || kind.includes('chooses') ? { typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed('envoy.extensions.upstreams.http.v3.HttpProtocolOptions', http2) } } : {};
    const cluster = staticClusterJson('app', [`127.0.0.1:${behind.addressOf('back').port}`], { ...proxied({ version }, isTls ? trusting : rawBuffer), ...options });
    await using proxy = await startBootstrap({ listeners: [http], clusters: [cluster] });
    const client = await proxy.connect('main');
    for (let count = 0; count < 2; count += 1) {
      client.write(get);
      expect(await client.readHead()).toContain('200 OK');
    }
    while (behind.logLines.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const protocol = kind === 'plain' || kind.includes('1.1') ? 'HTTP/1.1' : 'HTTP/2';
    const line = `127.0.0.1:${client.socket.localPort} 127.0.0.1:${proxy.addressOf('main').port} ${protocol} ${isTls ? 'TLSv1.2' : '-'}`;
    expect(behind.logLines).toEqual([line, line]);
    expect(behind.metric('envoy_proxy_proto_versions_found', { envoy_proxy_protocol_version: version.toLowerCase() })).toBeGreaterThan(0);
  });
});

test.each(['is not there', 'does not shake hands', 'goes during the handshake'])('a host behind TLS that %s fails as others do, and nothing is left of the connection', async (kind) => {
  const seen: string[] = [];
  const gone = await startRawUpstream(() => {});
  await gone[Symbol.asyncDispose]();
  await using upstream = await startRawUpstream(async (peer) => {
    seen.push(await peer.readUntil(' '), (await peer.readUntil('\r\n')).slice(0, 5), (await peer.readBytes(1)).toString('hex'));
    if (kind === 'goes during the handshake') peer.reset();
  });
  const { port } = kind === 'is not there' ? gone.address : upstream.address;
  const cluster = staticClusterJson('app', [`127.0.0.1:${port}`], { ...proxied({}, upstreamTls({ sni: 'b.test' })), connect_timeout: '0.5s' });
  await using proxy = await startBootstrap({ listeners: [http], clusters: [cluster] });
  const client = await proxy.connect('main');
  client.write(get);
  expect(await client.readHead()).toContain('503 ');
  await Promise.all(upstream.peers.map((peer) => peer.readToEnd()));
  // 22: a handshake begins.
  expect(seen).toEqual(kind === 'is not there' ? [] : ['PROXY ', 'TCP4 ', '16']);
  expect(proxy.metric(`envoy_cluster_upstream_cx_connect_${kind === 'does not shake hands' ? 'timeout' : 'fail'}`)).toBe(1);
  expect(proxy.metric('envoy_cluster_upstream_cx_active')).toBe(0);
});
