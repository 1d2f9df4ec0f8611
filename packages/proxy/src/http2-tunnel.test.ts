/** WebSocket and other upgrades within streams of HTTP/2 (RFC 8441), in all pairs of protocols. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { connect, createServer, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Address } from '@sluice/kernel';
import { describe, expect, test } from 'vitest';
import { defaultHttp2Options } from './http2-options.ts';
import type { ConnectionManagerConfig, ProxyConfig } from './proxy-config.ts';
import { createTestConfig, startRawUpstream, startTestProxy, type RawPeer, type RawUpstream } from './testing/index.ts';

const http2 = { ...defaultHttp2Options, allowsConnect: true };

function configOf(address: Address, protocol: 'h1' | 'h2', manager: Partial<ConnectionManagerConfig> = {}): ProxyConfig {
  const config = createTestConfig({ upstreams: [address], protocol, manager: { http2, ...manager } });
  const cluster = config.clusters.get('backend');
  if (!cluster || protocol === 'h1') return config;
  return { ...config, clusters: new Map([['backend', { ...cluster, resource: { ...cluster.resource, http: { ...cluster.resource.http, http2 } } }]]) };
}

/** A host of HTTP/1 that switches and sends everything back. */
async function startHttp1Echo(): Promise<RawUpstream & { readonly heads: string[] }> {
  const heads: string[] = [];
  const upstream = await startRawUpstream(async (peer: RawPeer) => {
    const head = await peer.readHead();
    heads.push(head);
    const key = /sec-websocket-key: (\S+)/.exec(head)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    peer.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
    peer.socket.pipe(peer.socket);
  });
  return Object.assign(upstream, { heads });
}

/** A host of HTTP/2 that does the same. */
async function startHttp2Echo(enableConnectProtocol = true) {
  const heads: IncomingHttpHeaders[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ settings: { enableConnectProtocol } });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('stream', (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => {
    heads.push(head);
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' });
    stream.pipe(stream);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    heads,
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function openHttp2Client({ host, port }: Address): Promise<ClientHttp2Session & Disposable> {
  const session = connect(`http://${host}:${port}`);
  session.on('error', () => {});
  await new Promise((ready) => session.once('remoteSettings', ready));
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() });
}

const connectHead = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/chat', ':authority': 'a.test', 'sec-websocket-version': '13' };

async function answerOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
  });
}

/** Sends, and waits until as much has come back. */
async function echo(stream: ClientHttp2Stream, bytes: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onData = (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
    if (length >= bytes.length) resolve();
  };
  stream.on('data', onData);
  stream.write(bytes);
  await promise;
  stream.off('data', onData);
  return Buffer.concat(pieces);
}

describe('a client of HTTP/2', () => {
  test('to a host of HTTP/1: asks as one of HTTP/1 would, with a key, and both ends close in order', async () => {
    await using upstream = await startHttp1Echo();
    await using proxy = await startTestProxy(configOf(upstream.address, 'h1'));
    using client = await openHttp2Client(proxy.address);
    const stream = client.request(connectHead, { endStream: false });
    const answer = await answerOf(stream);
    expect([answer[':status'], answer['sec-websocket-accept'], answer['upgrade']]).toEqual([200, undefined, undefined]);
    expect(upstream.heads[0]).toMatch(/^GET \/chat HTTP\/1.1\r\n/);
    for (const line of ['upgrade: websocket', 'connection: upgrade', 'sec-websocket-version: 13', 'host: a.test']) expect(upstream.heads[0]).toContain(`${line}\r\n`);
    expect(upstream.heads[0]).toMatch(/sec-websocket-key: [A-Za-z0-9+/]{22}==\r\n/);
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(3_000_000, 'x')]) expect((await echo(stream, bytes)).equals(bytes)).toBe(true);
    expect(proxy.metric('envoy_http_downstream_cx_upgrades_total')).toBe(1);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.end();
    await closed;
    expect(stream.rstCode).toBe(0);
    await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
  });

  test('to a host of HTTP/2: the CONNECT passes as it is', async () => {
    await using upstream = await startHttp2Echo();
    await using proxy = await startTestProxy(configOf(upstream.address, 'h2'));
    using client = await openHttp2Client(proxy.address);
    const stream = client.request(connectHead, { endStream: false });
    expect((await answerOf(stream))['sec-websocket-protocol']).toBe('chat');
    expect(upstream.heads[0]).toMatchObject({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', ':scheme': 'http', ':authority': 'a.test' });
    expect(upstream.heads[0]?.['sec-websocket-key']).toBe(undefined);
    expect((await echo(stream, Buffer.from('hello'))).toString()).toBe('hello');
    stream.end();
    await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
  });

  test('hears no when the host does not switch', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno');
    });
    await using proxy = await startTestProxy(configOf(upstream.address, 'h1'));
    using client = await openHttp2Client(proxy.address);
    const stream = client.request(connectHead, { endStream: false });
    expect((await answerOf(stream))[':status']).toBe(401);
    await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
  });

  test('is refused where no route allows it, and so is CONNECT without a protocol', async () => {
    await using upstream = await startHttp1Echo();
    await using proxy = await startTestProxy(configOf(upstream.address, 'h1', { upgrades: [] }));
    using client = await openHttp2Client(proxy.address);
    expect((await answerOf(client.request(connectHead, { endStream: false })))[':status']).toBe(403);
    expect((await answerOf(client.request({ ':method': 'CONNECT', ':authority': 'a.test:80' }, { endStream: false })))[':status']).toBeGreaterThanOrEqual(403);
    expect(upstream.heads).toEqual([]);
  });

  test('that resets its stream ends the tunnel', async () => {
    await using upstream = await startHttp1Echo();
    await using proxy = await startTestProxy(configOf(upstream.address, 'h1'));
    using client = await openHttp2Client(proxy.address);
    const stream = client.request(connectHead, { endStream: false });
    await answerOf(stream);
    stream.close(8);
    await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
    expect(proxy.metric('envoy_http2_rx_reset')).toBe(1);
  });
});

describe('a client of HTTP/1', () => {
  const handshake = 'GET /chat HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

  test('to a host of HTTP/2: gets its 101 with the answer to its key', async () => {
    await using upstream = await startHttp2Echo();
    await using proxy = await startTestProxy(configOf(upstream.address, 'h2'));
    const client = await proxy.connect();
    client.write(handshake);
    const head = await client.readHead();
    expect(head).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
    for (const line of ['upgrade: websocket', 'connection: upgrade', 'sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']) expect(head).toContain(`${line}\r\n`);
    expect(upstream.heads[0]).toMatchObject({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' });
    client.write('hello');
    await client.readUntil('hello');
    client.end();
    await client.readToEnd();
    await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
  });

  test('is refused when the host takes no CONNECT with a protocol', async () => {
    await using upstream = await startHttp2Echo(false);
    await using proxy = await startTestProxy(configOf(upstream.address, 'h2'));
    const first = await proxy.connect();
    first.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
    await first.readHead();
    const client = await proxy.connect();
    client.write(handshake);
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 403 /);
    expect(upstream.heads).toHaveLength(1);
  });
});
