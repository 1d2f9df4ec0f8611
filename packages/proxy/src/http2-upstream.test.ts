/** Hosts that speak HTTP/2, well or badly: what becomes of the request, and whether it may be sent again. */
import { Buffer } from 'node:buffer';
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { defaultHttp2Options } from './http2-options.ts';
import {
  createTestConfig,
  encodeFields,
  Flag,
  frame,
  FrameType,
  openTestClient,
  readFrameWhere,
  resetFrame,
  startRawUpstream,
  startTestProxy,
  startTestUpstream,
  type RawPeer,
  type TestConfig,
} from './testing/index.ts';

/** A host that follows `answer` for each request, frame by frame. */
async function startFrameUpstream(answer: (peer: RawPeer, stream: number, request: number) => void) {
  let requests = 0;
  const upstream = await startRawUpstream(async (peer) => {
    await peer.readBytes(24);
    peer.write(frame(FrameType.settings, 0, 0));
    for (;;) {
      const { stream } = await readFrameWhere(peer, ({ type }) => type === FrameType.headers);
      requests += 1;
      answer(peer, stream, requests);
    }
  });
  return { upstream, requests: () => requests };
}

async function start(answer: Parameters<typeof startFrameUpstream>[0], changes: Partial<TestConfig> = {}) {
  const { upstream, requests } = await startFrameUpstream(answer);
  const proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2', ...changes }));
  const client = openTestClient('h1', proxy.address);
  return {
    upstream,
    proxy,
    client,
    requests,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const respond = (stream: number, fields: readonly (readonly [string, string])[] = [[':status', '200'], ['content-length', '2']]) => frame(FrameType.headers, Flag.endHeaders, stream, encodeFields(fields));
const data = (stream: number, text: string, flags: number = Flag.endStream) => frame(FrameType.data, flags, stream, Buffer.from(text));

function goaway(lastStream: number, code = 0): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStream, 0);
  payload.writeUInt32BE(code, 4);
  return frame(FrameType.goaway, 0, 0, payload);
}

describe('a host', () => {
  test('that refuses a stream is asked again, whatever the method', async () => {
    await using it = await start((peer, stream, request) => peer.write(request === 1 ? resetFrame(stream, 7) : Buffer.concat([respond(stream), data(stream, 'ok')])));
    const answer = await it.client.ask({ method: 'PATCH' });
    expect([answer.status, answer.body.toString(), it.requests()]).toEqual([200, 'ok', 2]);
    expect(it.proxy.metric('envoy_cluster_upstream_rq_retry')).toBe(1);
  });

  test('that goes on refusing gets no third try', async () => {
    await using it = await start((peer, stream) => peer.write(resetFrame(stream, 7)));
    const answer = await it.client.ask({});
    expect([answer.status, it.requests()]).toEqual([503, 2]);
  });

  test.each([['CANCEL', 8, 503, 'remote reset'], ['PROTOCOL_ERROR', 1, 502, 'protocol error'], ['NO_ERROR', 0, 503, 'remote reset']] as const)('that resets with %s is not asked again', async (_what, code, status, reason) => {
    await using it = await start((peer, stream) => peer.write(resetFrame(stream, code)));
    const answer = await it.client.ask({});
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toContain(reason);
    expect(it.requests()).toBe(1);
  });

  test('that says GOAWAY before it has seen a request gets it on a new connection', async () => {
    await using it = await start((peer, stream, request) => peer.write(request === 1 ? goaway(0) : Buffer.concat([respond(stream), data(stream, 'ok')])));
    const answer = await it.client.ask({ method: 'POST' });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'ok']);
    expect(it.upstream.peers).toHaveLength(2);
  });

  test('that says GOAWAY finishes what it has seen', async () => {
    await using it = await start(async (peer, stream, request) => {
      if (request === 1) peer.write(goaway(stream));
      await pause(20);
      peer.write(Buffer.concat([respond(stream), data(stream, 'ok')]));
    });
    const first = it.client.ask({});
    await expect.poll(() => it.requests()).toBe(1);
    await pause(5);
    const second = it.client.ask({});
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(it.upstream.peers).toHaveLength(2);
  });

  test('that closes an unused connection as it is asked gets the request on another', async () => {
    await using it = await start((peer, stream, request) => {
      if (request === 2) peer.socket.destroy();
      else peer.write(Buffer.concat([respond(stream), data(stream, 'ok')]));
    });
    expect((await it.client.ask({})).status).toBe(200);
    expect((await it.client.ask({})).status).toBe(200);
    expect(it.requests()).toBe(3);
  });

  test('that closes instead of answering a first request fails it', async () => {
    await using it = await start((peer) => peer.socket.destroy());
    const answer = await it.client.ask({});
    expect([answer.status, it.requests()]).toEqual([503, 1]);
    expect(answer.body.toString()).toContain('connection termination');
  });

  test.each<readonly [string, readonly (readonly [string, string])[]]>([
    ['no status', [['a', 'b']]],
    ['status 99', [[':status', '99']]],
    ['a switch of protocols', [[':status', '101']]],
    ['transfer-encoding', [[':status', '200'], ['transfer-encoding', 'chunked']]],
    ['connection', [[':status', '200'], ['connection', 'close']]],
    ['an upper-case name', [[':status', '200'], ['X-One', 'a']]],
    ['two lengths', [[':status', '200'], ['content-length', '2'], ['content-length', '3']]],
    ['a pseudo field that there is not', [[':status', '200'], [':path', '/']]],
  ])('that answers with %s: 502', async (_what, fields) => {
    await using it = await start((peer, stream) => peer.write(Buffer.concat([respond(stream, fields), data(stream, 'ok')])));
    const answer = await it.client.ask({});
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).toContain('protocol error');
  });

  test.each([['CR LF', 'a\r\nx-two: b'], ['NUL', 'a\u0000']])('whose values hold %s cannot write lines of ours', async (_what, value) => {
    await using it = await start((peer, stream) => peer.write(Buffer.concat([respond(stream, [[':status', '200'], ['x-one', value]]), data(stream, 'ok')])));
    const answer = await it.client.ask({});
    expect(answer.headers['x-two']).toBe(undefined);
    expect(String(answer.headers['x-one'] ?? '')).not.toContain('\u0000');
  });

  test('whose body is shorter than it said: the client sees that it is cut', async () => {
    await using it = await start((peer, stream) => peer.write(Buffer.concat([respond(stream, [[':status', '200'], ['content-length', '9']]), data(stream, 'short')])));
    await expect(it.client.ask({})).rejects.toThrow();
  });

  test('that sends interim responses without end', async () => {
    await using it = await start((peer, stream) => {
      for (let number = 0; number < 100; number += 1) peer.write(respond(stream, [[':status', '103']]));
    });
    expect((await it.client.ask({})).status).toBe(502);
  });

  test('that does not speak HTTP/2 at all', async () => {
    await using upstream = await startTestUpstream('h1', (_request, response) => void response.end());
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2' }));
    const client = openTestClient('h1', proxy.address);
    expect((await client.ask({})).status).toBe(503);
    expect(proxy.proxy.activeStreams).toBe(0);
  });

  test('that is not there', async () => {
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [{ host: '127.0.0.1', port: 1 }], protocol: 'h2' }));
    const client = openTestClient('h1', proxy.address);
    const answers = await Promise.all([client.ask({}), client.ask({}), client.ask({})]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(answers[0]?.body.toString()).toContain('connection failure');
    expect(proxy.metric('envoy_cluster_upstream_rq_pending_active')).toBe(0);
  });
});

/** Node's own server, whose settings can be chosen. */
async function startSettledUpstream(maxConcurrentStreams: number) {
  const server: Http2Server = createServer({ settings: { maxConcurrentStreams } });
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  let active = 0;
  let activeMax = 0;
  server.on('session', (session) => sessions.add(session));
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('request', (_request, response) => {
    active += 1;
    activeMax = Math.max(activeMax, active);
    setTimeout(() => {
      active -= 1;
      response.end('ok');
    }, 20);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    sessions,
    activeMax: () => activeMax,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe('the pool', () => {
  test('opens another connection when a host takes no more on the first', async () => {
    await using upstream = await startSettledUpstream(4);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2' }));
    const client = openTestClient('h1', proxy.address);
    expect((await client.ask({})).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.ask({})));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    expect(upstream.sessions.size).toBeGreaterThan(1);
    expect(upstream.sessions.size).toBeLessThanOrEqual(4);
  });

  test('lets requests wait when it may not open another', async () => {
    await using upstream = await startSettledUpstream(2);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2', cluster: { connectionsMax: 1 } }));
    const client = openTestClient('h1', proxy.address);
    expect((await client.ask({})).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.ask({})));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect([upstream.sessions.size, upstream.activeMax()]).toEqual([1, 2]);
  });

  test('changes the connection after its number of requests', async () => {
    await using upstream = await startSettledUpstream(100);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2', cluster: { requestsPerConnectionMax: 2 } }));
    const client = openTestClient('h1', proxy.address);
    for (let number = 0; number < 6; number += 1) expect((await client.ask({})).status).toBe(200);
    expect(proxy.metric('envoy_cluster_upstream_cx_total')).toBe(3);
    await expect.poll(() => proxy.metric('envoy_cluster_upstream_cx_active')).toBe(0);
    expect(['http2_total', 'destroy', 'destroy_local', 'destroy_remote', 'destroy_local_with_active_rq'].map((name) => proxy.metric(`envoy_cluster_upstream_cx_${name}`))).toEqual([3, 3, 3, 0, 0]);
  });

  test('closes a connection that nobody uses', async () => {
    await using upstream = await startSettledUpstream(100);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2', cluster: { idleTimeoutMs: 40 } }));
    const client = openTestClient('h1', proxy.address);
    expect((await client.ask({})).status).toBe(200);
    await expect.poll(() => proxy.metric('envoy_cluster_upstream_cx_idle_timeout')).toBe(1);
    await expect.poll(() => proxy.metric('envoy_cluster_upstream_cx_active')).toBe(0);
  });

  test('counts a connection that its host ends', async () => {
    await using upstream = await startTestUpstream('h2', (_request, response) => response.end('hello'));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2' }));
    expect((await openTestClient('h1', proxy.address).ask({})).status).toBe(200);
    for (const socket of upstream.connections) socket.destroy();
    await expect.poll(() => proxy.metric('envoy_cluster_upstream_cx_destroy_remote'), { timeout: 10_000 }).toBe(1);
    expect(proxy.metric('envoy_cluster_upstream_cx_destroy_local')).toBe(0);
  });

  test('gives up a request whose client has gone while it waits', async () => {
    await using upstream = await startSettledUpstream(1);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2', cluster: { connectionsMax: 1 } }));
    const [one, two] = [await proxy.connect(), await proxy.connect()];
    one.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await one.readHead();
    one.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    two.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => proxy.metric('envoy_cluster_upstream_rq_pending_active'), { interval: 1 }).toBe(1);
    two.reset();
    await expect.poll(() => proxy.metric('envoy_cluster_upstream_rq_pending_active')).toBe(0);
    await one.readHead();
  });
});

describe.each(['h1', 'h2'] as const)('back-pressure from %s', (protocol) => {
  test('a slow reader of a large answer holds its source', async () => {
    let sent = 0;
    await using upstream = await startTestUpstream('h2', (_request, response) => {
      const piece = Buffer.alloc(64 * 1024);
      const more = () => {
        while (sent < 200 * 1024 * 1024) {
          sent += piece.length;
          if (!response.write(piece)) return;
        }
      };
      response.on('drain', more);
      more();
    });
    const http2 = { ...defaultHttp2Options, streamWindowBytes: 1 << 20, connectionWindowBytes: 1 << 20 };
    const config = createTestConfig({ upstreams: [upstream.address], protocol: 'h2' });
    const cluster = config.clusters.get('backend');
    if (!cluster) throw new Error('no cluster');
    const clusters = new Map([['backend', { ...cluster, resource: { ...cluster.resource, http: { ...cluster.resource.http, http2 } } }]]);
    await using proxy = await startTestProxy({ ...config, clusters });
    const client = await proxy.connect();
    client.socket.pause();
    if (protocol === 'h1') client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    else client.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FrameType.settings, 0, 0), frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, encodeFields([[':method', 'GET'], [':scheme', 'http'], [':authority', 'a'], [':path', '/']]))]));
    await expect.poll(() => sent).toBeGreaterThan(0);
    let before = -1;
    await expect.poll(() => {
      const same = before === sent;
      before = sent;
      return same;
    }, { interval: 100 }).toBe(true);
    // Windows and buffers on the way: sockets of the system hold most of it.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });
});
