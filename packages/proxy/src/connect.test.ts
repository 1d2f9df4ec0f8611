/** CONNECT: a tunnel where routes allow it, ended here or passed on, and a refusal everywhere else. */
import { Buffer } from 'node:buffer';
import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { listenerJson, staticClusterJson, typed, type Json } from '@sluice/resources/testing';
import { describe, expect, test } from 'vitest';
import { startBootstrap, startRawUpstream, type BootstrapFixture, type RawPeer } from './testing/index.ts';

const ask = 'CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n';
const hidden = 'GET /hidden HTTP/1.1\r\nhost: a.test\r\n\r\n';
const accessLog = { name: 'log', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', path: '/dev/stdout', log_format: { text_format_source: { inline_string: '%REQ(:METHOD)% %REQ(:AUTHORITY)% %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT%\n' } } } };
const prefixRoute = { match: { prefix: '/' }, route: { cluster: 'app' } };
const connectRoute = (upgrade: Json, fields: Json = {}): Json => ({
  match: { connect_matcher: {} },
  route: { cluster: 'app', upgrade_configs: [{ upgrade_type: 'CONNECT', ...upgrade }], ...fields },
});
const terminating = connectRoute({ connect_config: {} });
const forwarding = connectRoute({});
const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const http2Cluster = { typed_extension_protocol_options: { [httpOptions]: typed(httpOptions, { explicit_http_config: { http2_protocol_options: {} } }) } };

function start(routes: readonly Json[], port: number, cluster: Json = {}, manager: Json = {}): Promise<BootstrapFixture> {
  const routeConfig = { name: 'r', virtual_hosts: [{ name: 'all', domains: ['*'], routes }] };
  return startBootstrap({
    listeners: [listenerJson('main', { route_config: routeConfig, access_log: [accessLog], ...manager })],
    clusters: [staticClusterJson('app', port === 0 ? [] : [`127.0.0.1:${port}`], cluster)],
  });
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
async function untilQuiet({ proxy }: BootstrapFixture): Promise<void> {
  while (proxy.activeStreams > 0) await settle();
}

/** The log's only line, once it is written. */
async function lineOf({ logLines }: BootstrapFixture): Promise<string> {
  while (logLines.length === 0) await settle();
  expect(logLines).toHaveLength(1);
  return logLines[0] as string;
}

describe('a CONNECT that ends here', () => {
  test('becomes bytes to a host, both ways, counted and logged once it is over', async () => {
    await using upstream = await startRawUpstream(async (peer) => peer.write(`you said ${await peer.readBytes(5)}`));
    await using proxy = await start([terminating, prefixRoute], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(ask);
    expect(await client.readHead()).toBe('HTTP/1.1 200 OK\r\n\r\n');
    expect(proxy.metric('envoy_http_downstream_cx_upgrades_active')).toBe(1);
    client.write('hello');
    await client.readUntil('you said hello');
    expect(proxy.metric('envoy_cluster_upstream_cx_active')).toBe(1);
    client.end();
    upstream.peers[0]?.end();
    await client.readToEnd();
    expect(await lineOf(proxy)).toBe('CONNECT a.test:443 200 - 5 14');
    expect(proxy.metric('envoy_http_downstream_cx_upgrades_total')).toBe(1);
    expect(proxy.metric('envoy_http_downstream_cx_upgrades_active')).toBe(0);
    while (proxy.metric('envoy_cluster_upstream_cx_active') > 0) await settle();
  });

  test('ends each way on its own: the client first', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      const all = await peer.readToEnd();
      peer.write(`got ${all}`);
      peer.end();
    });
    await using proxy = await start([terminating], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(ask);
    await client.readHead();
    client.write('all of it');
    client.end();
    expect(String(await client.readToEnd())).toBe('got all of it');
  });

  test('ends each way on its own: the host first', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await using upstream = await startRawUpstream(async (peer) => {
      peer.write('bye');
      peer.end();
      resolve(String(await peer.readToEnd()));
    });
    await using proxy = await start([terminating], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(ask);
    await client.readHead();
    expect(String(await client.readToEnd())).toBe('bye');
    client.write('still here');
    client.end();
    expect(await promise).toBe('still here');
  });

  test('keeps what the client sent early for the host, also when it looks like a request', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      peer.write(`<${await peer.readToEnd()}>`);
      peer.end();
    });
    await using proxy = await start([terminating, prefixRoute], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(ask + hidden);
    client.end();
    expect(String(await client.readToEnd())).toBe(`HTTP/1.1 200 OK\r\n\r\n<${hidden}>`);
    expect(upstream.peers).toHaveLength(1);
  });

  test('carries much in both directions, byte by byte, past a side that is slow to read', async () => {
    await using upstream = await startRawUpstream(({ socket }) => void socket.pipe(socket));
    await using proxy = await start([terminating], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(ask);
    await client.readHead();
    const sent = Buffer.from(Uint32Array.from({ length: 2 * 1024 * 1024 }, (_, index) => index * 2654435761).buffer);
    client.socket.pause();
    client.write(sent);
    client.end();
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.socket.resume();
    expect((await client.readToEnd()).equals(sent)).toBe(true);
  });

  test('opens one connection, whatever its cluster opens ahead for requests', async () => {
    await using upstream = await startRawUpstream((peer) => peer.write('raw'));
    await using proxy = await start([terminating], upstream.address.port, { preconnect_policy: { per_upstream_preconnect_ratio: 3 } });
    const client = await proxy.connect('main');
    client.write(ask);
    await client.readUntil('raw');
    expect(proxy.metric('envoy_cluster_upstream_cx_total')).toBe(1);
  });

  test('never goes by a connection that has carried requests, nor leaves one to them', async () => {
    const answer = async (peer: RawPeer, index: number) => {
      if (index > 0) return peer.write('raw');
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    };
    await using upstream = await startRawUpstream(answer);
    await using proxy = await start([terminating, prefixRoute], upstream.address.port);
    const first = await proxy.connect('main');
    first.write(hidden);
    await first.readHead();
    const client = await proxy.connect('main');
    client.write(ask);
    await client.readUntil('raw');
    expect(upstream.peers).toHaveLength(2);
  });

  test('goes as bytes to a cluster that speaks HTTP/2 otherwise', async () => {
    await using upstream = await startRawUpstream(({ socket }) => void socket.pipe(socket));
    await using proxy = await start([terminating], upstream.address.port, http2Cluster);
    const client = await proxy.connect('main');
    client.write(`${ask}bare`);
    await client.readUntil('\r\n\r\nbare');
  });

  test.each([
    ['nobody listens there', {}, 'UF', true],
    ['there is no host', {}, 'UH', false],
    ['there may be no connection', { circuit_breakers: { thresholds: [{ max_connections: 0 }] } }, 'UO', true],
  ])('is a 503 when %s, and what follows is for nobody', async (_why, cluster, flag, hasHost) => {
    const closed = await startRawUpstream(() => {});
    await closed[Symbol.asyncDispose]();
    await using proxy = await start([terminating, prefixRoute], hasHost ? closed.address.port : 0, cluster);
    const client = await proxy.connect('main');
    client.write(ask + hidden);
    const answer = String(await client.readToEnd());
    expect(answer).toMatch(/^HTTP\/1.1 503 [^]*connection: close\r\n/);
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
    expect((await lineOf(proxy)).split(' ').slice(2, 4)).toEqual(['503', flag]);
    expect(proxy.metric('envoy_cluster_upstream_cx_active')).toBe(0);
  });

  test('is tried again where the route says so', async () => {
    const closed = await startRawUpstream(() => {});
    await closed[Symbol.asyncDispose]();
    await using proxy = await start([connectRoute({ connect_config: {} }, { retry_policy: { retry_on: 'connect-failure', num_retries: 2 } })], closed.address.port);
    const client = await proxy.connect('main');
    client.write(ask);
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 503 /);
    expect(proxy.metric('envoy_cluster_upstream_cx_connect_fail')).toBe(3);
  });

  test('ends with its client, and with its host', async () => {
    await using upstream = await startRawUpstream((peer) => peer.write('hi'));
    await using proxy = await start([terminating], upstream.address.port);
    for (const who of ['client', 'host']) {
      const client = await proxy.connect('main');
      client.write(ask);
      await client.readUntil('hi');
      const host = upstream.peers.at(-1) as RawPeer;
      (who === 'client' ? client : host).reset();
      await (who === 'client' ? host : client).readToEnd();
      await untilQuiet(proxy);
    }
    expect(proxy.metric('envoy_http_downstream_cx_upgrades_active')).toBe(0);
  });

  test('works within a stream of HTTP/2', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      peer.write(`got ${await peer.readToEnd()}`);
      peer.end();
    });
    await using proxy = await start([terminating], upstream.address.port);
    const { host, port } = proxy.addressOf('main');
    const session = connect(`http://${host}:${port}`);
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'a.test:443' });
    const status = new Promise((resolve) => stream.once('response', (head) => resolve(head[':status'])));
    stream.end('bytes');
    let text = '';
    for await (const piece of stream) text += String(piece);
    expect([await status, text]).toEqual([200, 'got bytes']);
    session.destroy();
    expect(await lineOf(proxy)).toBe('CONNECT a.test:443 200 - 5 9');
  });
});

describe('a CONNECT that goes on', () => {
  test('is a tunnel after any 2xx, whatever length that states', async () => {
    let head = '';
    await using upstream = await startRawUpstream(async (peer) => {
      head = await peer.readHead();
      peer.write(`HTTP/1.1 201 Fine\r\ncontent-length: 3\r\nx-way: a\r\n\r\nmore than three`);
      await peer.readToEnd();
      peer.end();
    });
    await using proxy = await start([forwarding], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(ask);
    expect(await client.readUntil('three')).toBe('HTTP/1.1 201 Created\r\nx-way: a\r\n\r\nmore than three');
    expect(head).toMatch(/^CONNECT a.test:443 HTTP\/1.1\r\nhost: a.test:443\r\n/);
    expect(head).not.toMatch(/upgrade|connection/i);
    client.end();
    await client.readToEnd();
  });

  test('keeps early bytes back until its host agrees', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<RawPeer>();
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      resolve(peer);
    });
    await using proxy = await start([forwarding], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(`${ask}early`);
    const peer = await asked;
    await new Promise((done) => setTimeout(done, 20));
    expect(peer.unread).toBe('');
    peer.write('HTTP/1.1 200 OK\r\n\r\n');
    expect(String(await peer.readBytes(5))).toBe('early');
  });

  test('that its host refuses is an answer, and what follows is for nobody', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 2\r\n\r\nno');
    });
    await using proxy = await start([forwarding, prefixRoute], upstream.address.port);
    const client = await proxy.connect('main');
    client.write(ask + hidden);
    expect(String(await client.readToEnd())).toMatch(/^HTTP\/1.1 407 [^]*connection: close\r\n\r\nno$/);
    expect(upstream.peers.map(({ unread }) => unread)).toEqual(['']);
  });

  test('goes on within a stream to a host of HTTP/2, in the form of that protocol', async () => {
    const server = createServer();
    const heads: unknown[] = [];
    server.on('stream', (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => {
      heads.push([head[':method'], head[':authority'], head[':path'], head[':scheme'], head[':protocol']]);
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    {
      await using proxy = await start([forwarding], (server.address() as AddressInfo).port, http2Cluster);
      const client = await proxy.connect('main');
      client.write(`${ask}there and back`);
      client.end();
      expect(String(await client.readToEnd())).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nthere and back$/);
      await untilQuiet(proxy);
    }
    expect(heads).toEqual([['CONNECT', 'a.test:443', undefined, undefined, undefined]]);
    await new Promise((closed) => server.close(closed));
  });

  test('may be allowed by the connection manager for all routes', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\n\r\nin');
    });
    await using proxy = await start([{ match: { connect_matcher: {} }, route: { cluster: 'app' } }], upstream.address.port, {}, { upgrade_configs: [{ upgrade_type: 'CONNECT' }] });
    const client = await proxy.connect('main');
    client.write(ask);
    expect(await client.readUntil('in')).toMatch(/^HTTP\/1.1 200 OK\r\n\r\nin$/);
  });
});

test.each([
  ['no route is for it', [prefixRoute], ask, 404, 'NR'],
  ['its route does not allow it', [{ match: { connect_matcher: {} }, route: { cluster: 'app' } }, prefixRoute], ask, 403, '-'],
  ['it has a body', [terminating, prefixRoute], ask.replace('\r\n\r\n', '\r\ncontent-length: 2\r\n\r\n'), 400, 'DPE'],
])('when %s it is refused, and what follows is not read as a request', async (_why, routes, request, status, flag) => {
  await using upstream = await startRawUpstream(() => {});
  await using proxy = await start(routes, upstream.address.port);
  const client = await proxy.connect('main');
  client.write(request + hidden);
  const answer = String(await client.readToEnd());
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*connection: close\r\n`));
  expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  expect((await lineOf(proxy)).split(' ').slice(2, 4)).toEqual([String(status), flag]);
  expect(upstream.peers).toHaveLength(0);
});

test('an upgrade to a protocol of that name is no CONNECT', async () => {
  await using upstream = await startRawUpstream(() => {});
  await using proxy = await start([terminating, prefixRoute], upstream.address.port, {}, { upgrade_configs: [{ upgrade_type: 'CONNECT' }] });
  const client = await proxy.connect('main');
  client.write('GET / HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: CONNECT\r\n\r\n');
  expect(await client.readHead()).toMatch(/^HTTP\/1.1 403 /);
});
