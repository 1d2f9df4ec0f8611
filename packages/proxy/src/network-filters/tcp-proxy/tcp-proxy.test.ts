/** Bytes through a TCP proxy, over real sockets. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { endpointJson, socketAddress, staticClusterJson, typed, type Json } from '@sluice/resources/testing';
import { describe, expect, test } from 'vitest';
import { TestAuthority } from '../../testing/certificates.ts';
import { downstreamTls, upstreamTls } from '../../testing/tls-fixture.ts';
import { startBootstrap, startRawUpstream, type BootstrapFixture, type RawPeer } from '../../testing/index.ts';

const format = '%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %REQUESTED_SERVER_NAME%\n';
const log = { name: 'log', typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: '/dev/null', log_format: { text_format_source: { inline_string: format } } }) };
const tcpProxy = (fields: Json) => ({ name: 'tcp', typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: 'test', access_log: [log], ...fields }) });
const main = (fields: Json) => ({ name: 'main', address: socketAddress('127.0.0.1', 0), filter_chains: [{ filters: [tcpProxy(fields)] }] });
const cluster = (name: string, port: number, fields: Json = {}) => staticClusterJson(name, [`127.0.0.1:${port}`], fields);
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const echo = async (peer: RawPeer) => {
  peer.socket.pipe(peer.socket);
};
/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  await using upstream = await startRawUpstream(() => {});
  return upstream.address.port;
}
const nextLine = async (proxy: BootstrapFixture) => {
  await until(() => proxy.logLines.length > 0);
  return proxy.logLines[0];
};

describe('a TCP proxy', () => {
  test('passes bytes both ways, and the end of each side by itself', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      peer.write('welcome ');
      const all = await peer.readToEnd();
      peer.write(`got ${all.toString()}`);
      peer.end();
    });
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'app' })], clusters: [cluster('app', upstream.address.port)] });
    const client = await proxy.connect('main');
    await client.readUntil('welcome ');
    client.write('question');
    client.end();
    expect((await client.readToEnd()).toString()).toBe('got question');
    expect(await nextLine(proxy)).toBe('- 8 20 app 1 -');
    expect(proxy.metric('envoy_tcp_downstream_cx_total', { envoy_tcp_prefix: 'test' })).toBe(1);
    expect(proxy.metric('envoy_tcp_downstream_cx_rx_bytes_total')).toBe(8);
    expect(proxy.metric('envoy_cluster_upstream_cx_total')).toBe(1);
    expect(proxy.metric('envoy_cluster_upstream_cx_active')).toBe(0);
    expect(proxy.metric('envoy_tcp_downstream_cx_active')).toBe(0);
  });

  test('carries much in both directions unharmed', async () => {
    await using upstream = await startRawUpstream(echo);
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'app' })], clusters: [cluster('app', upstream.address.port)] });
    const client = await proxy.connect('main');
    const sent = Buffer.alloc(3_000_000);
    for (let at = 0; at < sent.length; at += 1) sent[at] = (at * 31) % 251;
    client.write(sent);
    expect((await client.readBytes(sent.length)).equals(sent)).toBe(true);
  });

  test('holds a client up whose host does not read, and goes on when it does', async () => {
    await using upstream = await startRawUpstream((peer) => void peer.socket.pause());
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'app' })], clusters: [cluster('app', upstream.address.port)] });
    const client = await proxy.connect('main');
    const total = 32 * 1024 * 1024;
    const piece = Buffer.alloc(65_536, 'x');
    for (let written = 0; written < total; written += piece.length) client.write(piece);
    // What the system's buffers take passes; then nothing moves any more.
    let left = -1;
    while (left !== client.socket.writableLength || left === total) {
      left = client.socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(left).toBeGreaterThan(total / 2);
    client.socket.end();
    const [peer] = upstream.peers;
    peer?.socket.resume();
    expect((await peer?.readToEnd())?.length).toBe(total);
  });

  test('tells a client whose host has reset the connection', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readUntil('now');
      peer.reset();
    });
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'app' })], clusters: [cluster('app', upstream.address.port)] });
    const client = await proxy.connect('main');
    client.write('now');
    await client.readToEnd();
    expect(client.wasReset).toBe(true);
  });

  test('that cannot connect says UF and URX', async () => {
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'app' })], clusters: [cluster('app', await deadPort())] });
    await (await proxy.connect('main')).readToEnd();
    expect(await nextLine(proxy)).toBe('UF,URX 0 0 app 1 -');
    expect(proxy.metric('envoy_cluster_upstream_cx_connect_fail')).toBe(1);
    expect(proxy.metric('envoy_cluster_upstream_cx_connect_attempts_exceeded')).toBe(1);
  });

  test('tries as many hosts as it may', async () => {
    await using upstream = await startRawUpstream(echo);
    const hosts = [endpointJson(`127.0.0.1:${await deadPort()}`), endpointJson(`127.0.0.1:${upstream.address.port}`)];
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'app', max_connect_attempts: 2 })], clusters: [staticClusterJson('app', hosts)] });
    for (let count = 0; count < 2; count += 1) {
      const client = await proxy.connect('main');
      client.write('there');
      await client.readUntil('there');
      client.end();
      await client.readToEnd();
    }
    await until(() => proxy.logLines.length === 2);
    expect(proxy.logLines.map((line) => line.split(' ')[4]).sort()).toEqual(['1', '2']);
  });

  test('without a host says UH, without a cluster NC, and with too many connections UO', async () => {
    await using upstream = await startRawUpstream(echo);
    const limit = { circuit_breakers: { thresholds: [{ max_connections: 1 }] } };
    const listeners = ['empty', 'missing', 'full'].map((name) => ({ ...main({ cluster: name }), name }));
    await using proxy = await startBootstrap({ listeners, clusters: [staticClusterJson('empty', []), cluster('full', upstream.address.port, limit)] });
    const holder = await proxy.connect('full');
    holder.write('x');
    await holder.readUntil('x');
    for (const name of ['empty', 'missing', 'full']) await (await proxy.connect(name)).readToEnd();
    await until(() => proxy.logLines.length === 3);
    expect(proxy.logLines).toEqual(['UH 0 0 empty 0 -', 'NC 0 0 missing 0 -', 'UO 0 0 full 0 -']);
    expect(proxy.metric('envoy_cluster_upstream_cx_none_healthy')).toBe(1);
    expect(proxy.metric('envoy_tcp_downstream_cx_no_route')).toBe(1);
    expect(proxy.metric('envoy_cluster_upstream_cx_overflow')).toBe(1);
  });

  test('closes what is idle, and what lasts too long', async () => {
    await using upstream = await startRawUpstream(echo);
    const listeners = [{ ...main({ cluster: 'app', idle_timeout: '0.1s' }), name: 'idle' }, { ...main({ cluster: 'app', max_downstream_connection_duration: '0.1s' }), name: 'long' }];
    await using proxy = await startBootstrap({ listeners, clusters: [cluster('app', upstream.address.port)] });
    await (await proxy.connect('idle')).readToEnd();
    await (await proxy.connect('long')).readToEnd();
    await until(() => proxy.logLines.length === 2);
    expect(proxy.logLines).toEqual(['- 0 0 app 1 -', 'DT 0 0 app 1 -']);
    expect(proxy.metric('envoy_tcp_idle_timeout')).toBe(1);
    expect(proxy.metric('envoy_tcp_max_downstream_connection_duration')).toBe(1);
  });

  test('shares clients among clusters by weight', async () => {
    await using one = await startRawUpstream((peer) => void peer.socket.end('1'));
    await using two = await startRawUpstream((peer) => void peer.socket.end('2'));
    const weighted_clusters = { clusters: [{ name: 'one', weight: 1 }, { name: 'two', weight: 3 }] };
    await using proxy = await startBootstrap({ listeners: [main({ weighted_clusters })], clusters: [cluster('one', one.address.port), cluster('two', two.address.port)] });
    let twos = 0;
    for (let count = 0; count < 60; count += 1) {
      const client = await proxy.connect('main');
      if ((await client.readToEnd()).toString() === '2') twos += 1;
      client.end();
    }
    expect(twos).toBeGreaterThan(30);
    expect(twos).toBeLessThan(60);
  });

  test('places a client by its address, where that is asked for', async () => {
    await using one = await startRawUpstream((peer) => void peer.socket.end('1'));
    await using two = await startRawUpstream((peer) => void peer.socket.end('2'));
    const hosts = [one, two].map(({ address }) => endpointJson(`127.0.0.1:${address.port}`));
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'app', hash_policy: [{ source_ip: {} }] })], clusters: [staticClusterJson('app', hosts, { lb_policy: 'RING_HASH' })] });
    const seen = new Set<string>();
    for (let count = 0; count < 10; count += 1) {
      const client = await proxy.connect('main');
      seen.add((await client.readToEnd()).toString());
      client.end();
    }
    expect(seen.size).toBe(1);
  });

  test('whose client goes before its host is there says DC', async () => {
    // The documentation range of RFC 5737: nobody answers, and connecting takes as long as it may.
    const slow = staticClusterJson('slow', ['192.0.2.1:80'], { connect_timeout: '20s' });
    await using proxy = await startBootstrap({ listeners: [main({ cluster: 'slow' })], clusters: [slow] });
    const client = await proxy.connect('main');
    client.write('x');
    await until(() => proxy.metric('envoy_tcp_downstream_cx_active') === 1);
    client.reset();
    await until(() => proxy.logLines.length === 1 || proxy.metric('envoy_tcp_downstream_cx_active') === 0);
    expect(proxy.metric('envoy_cluster_upstream_cx_active')).toBe(0);
  });
});

/** TLS without certificates: both know a key. */
const psk = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const key = Buffer.from('a key that both know');

async function startTlsUpstream(answer: string) {
  const server = createTlsServer({ ...psk, pskCallback: () => key }, (socket) => {
    socket.on('error', () => {});
    socket.end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void server.close() };
}

async function askTls(port: number, servername: string): Promise<string> {
  const socket: TLSSocket = connectTls({ ...psk, host: '127.0.0.1', port, servername, pskCallback: () => ({ psk: key, identity: 'me' }), checkServerIdentity: () => undefined });
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'close').catch((error: unknown) => (text = String(error)));
  return text;
}

test('TLS passes through untouched, to the cluster of the name that the client asks for', async () => {
  await using shop = await startTlsUpstream('shop');
  await using other = await startTlsUpstream('other');
  const inspector = { name: 'tls', typed_config: typed('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector') };
  const listener = {
    name: 'main',
    address: socketAddress('127.0.0.1', 0),
    listener_filters: [inspector],
    filter_chains: [
      { filter_chain_match: { server_names: ['shop.test'] }, filters: [tcpProxy({ cluster: 'shop' })] },
      { filter_chain_match: { server_names: ['*.test'], transport_protocol: 'tls' }, filters: [tcpProxy({ cluster: 'other' })] },
    ],
  };
  await using proxy = await startBootstrap({ listeners: [listener], clusters: [cluster('shop', shop.port), cluster('other', other.port)] });
  const { port } = proxy.addressOf('main');
  expect(await askTls(port, 'shop.test')).toBe('shop');
  expect(await askTls(port, 'else.test')).toBe('other');
  await until(() => proxy.logLines.length === 2);
  expect(proxy.logLines.map((line) => line.split(' ').at(-1))).toEqual(['shop.test', 'else.test']);
  expect(proxy.metric('envoy_tls_inspector_sni_found')).toBe(2);
});

test('TLS can end here and begin anew towards the host, with its name and certificates checked', async () => {
  const authority = await TestAuthority.create();
  const [own, hosts] = [await authority.issue({ dns: ['front.test'] }), await authority.issue({ dns: ['host.test'] })];
  const upstream = createTlsServer({ cert: hosts.certificate, key: hosts.privateKey }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  upstream.on('tlsClientError', () => {});
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const { port } = upstream.address() as AddressInfo;
  const certificates = { tls_certificates: [{ certificate_chain: { inline_string: own.certificate }, private_key: { inline_string: own.privateKey } }] };
  const towards = (name: string) => ({
    sni: 'host.test',
    common_tls_context: {
      validation_context: {
        trusted_ca: { inline_string: authority.certificate },
        match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: name } }],
      },
    },
  });
  const chain = (clusterName: string) => [{ transport_socket: downstreamTls({ common_tls_context: certificates }), filters: [tcpProxy({ cluster: clusterName })] }];
  const listeners = ['right', 'wrong'].map((name) => ({ name, address: socketAddress('127.0.0.1', 0), filter_chains: chain(name) }));
  const clusters = [cluster('right', port, { transport_socket: upstreamTls(towards('host.test')) }), cluster('wrong', port, { transport_socket: upstreamTls(towards('other.test')) })];
  await using proxy = await startBootstrap({ listeners, clusters });
  const say = async (listener: string, text: string): Promise<string> => {
    const socket = connectTls({ host: '127.0.0.1', port: proxy.addressOf(listener).port, servername: 'front.test', ca: authority.certificate });
    let answer = '';
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString();
      if (answer.length === text.length) socket.end();
    });
    socket.write(text);
    await once(socket, 'close').catch(() => {});
    return answer;
  };
  const long = 'secret'.repeat(100_000);
  expect(await say('right', long) === long).toBe(true);
  expect(await say('wrong', 'secret')).toBe('');
  await until(() => proxy.logLines.length === 2);
  expect(proxy.logLines[0]).toBe(`- ${long.length} ${long.length} right 1 front.test`);
  expect(proxy.logLines[1]).toBe('UF,URX 0 0 wrong 1 front.test');
  upstream.close();
});
