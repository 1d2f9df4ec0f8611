/** Clients of HTTP/2 that break its rules or flood: what is refused, how, and that the connection ends where it must. */
import { Buffer } from 'node:buffer';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { defaultHttp2Options } from './http2-options.ts';
import {
  beginHttp2,
  createTestConfig,
  encodeFields,
  Flag,
  frame,
  FrameType,
  headersFrame,
  http2PrefaceText,
  readFrameWhere,
  readRefusal,
  requestHeaders,
  resetFrame,
  startRawUpstream,
  startTestProxy,
  windowUpdate,
  type RawPeer,
  type TestConfig,
} from './testing/index.ts';

const protocolError = 1;
const refusedStream = 7;
const enhanceYourCalm = 11;

/** A proxy before an upstream that answers every request of HTTP/1.1 at once, unless told otherwise. */
async function start(manager: TestConfig['manager'] = {}, answers = true) {
  const received: string[] = [];
  const upstream = await startRawUpstream(async (peer) => {
    for (;;) {
      received.push(await peer.readHead());
      if (answers) peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    }
  });
  const proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], manager }));
  return {
    received,
    proxy,
    async connect() {
      const client = await proxy.connect();
      beginHttp2(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Writes until the other side ends, at most `times`. Gives how often it wrote. */
async function flood(client: RawPeer, times: number, piece: (index: number) => Buffer): Promise<number> {
  for (let index = 0; index < times; index += 1) {
    if (client.ended || client.socket.destroyed) return index;
    client.write(piece(index));
    if (index % 50 === 0) await pause(0);
  }
  return times;
}

const isResponse = (stream: number) => (candidate: { readonly type: number; readonly stream: number }) => candidate.type === FrameType.headers && candidate.stream === stream;

describe('the preface', () => {
  test('may come byte by byte', async () => {
    await using it = await start();
    const client = await it.proxy.connect();
    for (const letter of http2PrefaceText) {
      client.write(letter);
      await pause(0);
    }
    client.write(Buffer.concat([frame(FrameType.settings, 0, 0), headersFrame(1)]));
    await readFrameWhere(client, isResponse(1));
    expect(it.received).toHaveLength(1);
  });

  test('that only begins so is a request of HTTP/1', async () => {
    await using it = await start();
    const client = await it.proxy.connect();
    for (const piece of ['P', 'R', 'OPFIND / HTTP/1.1\r\nhost: a\r\n\r\n']) {
      client.write(piece);
      await pause(5);
    }
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 200 /);
    expect(it.received[0]).toMatch(/^PROPFIND \/ HTTP\/1.1\r\n/);
  });

  test('that never ends is a head that is late', async () => {
    await using it = await start({ requestHeadTimeoutMs: 30 });
    const client = await it.proxy.connect();
    client.write('PRI * HT');
    expect((await client.readToEnd()).toString()).toMatch(/^HTTP\/1.1 408 /);
  });

  test('is refused where only HTTP/1 is spoken', async () => {
    await using it = await start({ codec: 'http1' });
    const client = await it.connect();
    expect((await client.readToEnd()).toString()).toMatch(/^HTTP\/1.1 505 /);
  });

  test('is all that a listener of HTTP/2 takes', async () => {
    await using it = await start({ codec: 'http2' });
    const one = await it.connect();
    one.write(headersFrame(1));
    await readFrameWhere(one, isResponse(1));
    const other = await it.proxy.connect();
    other.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await other.readToEnd();
    expect(it.received).toHaveLength(1);
  });
});

describe('a head that must not reach HTTP/1', () => {
  test.each<readonly [string, readonly (readonly [string, string])[]]>([
    ['CR LF in a path', requestHeaders({ ':path': '/ HTTP/1.1\r\nx: y' })],
    ['a blank in a path', requestHeaders({ ':path': '/a b' })],
    ['a path without a slash', requestHeaders({ ':path': 'a' })],
    ['CR LF in a method', requestHeaders({ ':method': 'GET / HTTP/1.1\r\nx: y' })],
    ['CR LF in an authority', requestHeaders({ ':authority': 'a\r\nx: y' })],
    ['an authority with a path', requestHeaders({ ':authority': 'a/b' })],
    ['another host than the authority', requestHeaders({ host: 'b.test' })],
    ['no path', requestHeaders({ ':path': undefined })],
    ['no method', requestHeaders({ ':method': undefined })],
    ['no scheme', requestHeaders({ ':scheme': undefined })],
    ['a pseudo field twice', [...requestHeaders(), [':path', '/b']]],
    ['a pseudo field that there is not', requestHeaders({ ':status': '200' })],
    ['a pseudo field behind others', [['a', 'b'], ...requestHeaders()]],
    ['transfer-encoding', requestHeaders({ 'transfer-encoding': 'chunked' })],
    ['connection', requestHeaders({ connection: 'close' })],
    ['upgrade', requestHeaders({ upgrade: 'websocket' })],
    ['te beyond trailers', requestHeaders({ te: 'gzip' })],
    ['an upper-case name', requestHeaders({ 'X-One': 'a' })],
    ['two lengths', [...requestHeaders(), ['content-length', '0'], ['content-length', '0']]],
    ['a length that is none', requestHeaders({ 'content-length': '+1' })],
    ['a length without a body', requestHeaders({ 'content-length': '5' })],
  ])('%s', async (_what, fields) => {
    await using it = await start();
    const client = await it.connect();
    client.write(headersFrame(1, fields));
    const answer = await readFrameWhere(client, ({ type, stream }) => stream === 1 && (type === FrameType.reset || type === FrameType.headers));
    if (answer.type === FrameType.reset) expect(answer.payload.readUInt32BE()).toBe(protocolError);
    else expect(answer.payload.toString('latin1')).not.toContain('200');
    // The connection lives on, and only the good request has come through.
    client.write(headersFrame(3, requestHeaders({ ':path': '/good' })));
    await readFrameWhere(client, isResponse(3));
    expect(it.received).toHaveLength(1);
    expect(it.received[0]).toMatch(/^GET \/good HTTP\/1.1\r\n/);
  });

  test.each([['CR LF', 'a\r\nb: c'], ['NUL', 'a\u0000b'], ['a bare LF', 'a\nb']])('%s in a value never arrives as a line', async (_what, value) => {
    await using it = await start();
    const client = await it.connect();
    client.write(headersFrame(1, requestHeaders({ 'x-one': value })));
    await readFrameWhere(client, ({ stream }) => stream === 1);
    for (const head of it.received) expect(head).not.toMatch(/b: c|x-one/);
  });

  test.each([['more', 'abcdef'], ['less', 'a']] as const)('a body of %s bytes than stated', async (_how, body) => {
    await using it = await start();
    const client = await it.connect();
    client.write(Buffer.concat([headersFrame(1, requestHeaders({ ':method': 'POST', 'content-length': '3' }), Flag.endHeaders), frame(FrameType.data, Flag.endStream, 1, Buffer.from(body))]));
    expect(await readRefusal(client)).toEqual({ of: 'stream', code: protocolError });
  });
});

describe('limits of a head', () => {
  test('too many fields', async () => {
    await using it = await start({ headerCountMax: 20 });
    const client = await it.connect();
    client.write(headersFrame(1, [...requestHeaders(), ...Array.from({ length: 30 }, (_, index) => [`x-${index}`, 'a'] as const)]));
    expect(await readRefusal(client)).toEqual({ of: 'stream', code: enhanceYourCalm });
    expect(it.received).toHaveLength(0);
  });

  test('too many bytes', async () => {
    await using it = await start({ headBytesMax: 8 * 1024 });
    const client = await it.connect();
    client.write(headersFrame(1, [...requestHeaders(), ['x-long', 'a'.repeat(10_000)]]));
    await readFrameWhere(client, isResponse(1));
    expect(it.proxy.metric('envoy_http_downstream_rq_too_large')).toBe(1);
    expect(it.received).toHaveLength(0);
  });

  test('a bomb: one large entry of the table, named a thousand times', async () => {
    await using it = await start();
    const client = await it.connect();
    const entry = Buffer.concat([Buffer.from([0x40]), encodeFields([['x-bomb', 'a'.repeat(3900)]]).subarray(1)]);
    const references = Buffer.alloc(4000, 0x80 | 62);
    client.write(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, Buffer.concat([encodeFields(requestHeaders()), entry, references])));
    expect(await readRefusal(client)).toMatchObject({ code: enhanceYourCalm });
    expect(it.received).toHaveLength(0);
  });
});

describe('floods end the connection', () => {
  const heapBefore = () => process.memoryUsage().rss;

  async function expectEnd(client: RawPeer, before: number): Promise<void> {
    await expect.poll(() => client.ended, { timeout: 5000 }).toBe(true);
    // Far below what was sent or could have been kept; generous, because the test's own memory counts too.
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  }

  test('rapid reset: opened and reset at once', async () => {
    await using it = await start({}, false);
    const client = await it.connect();
    const before = heapBefore();
    const sent = await flood(client, 20_000, (index) => Buffer.concat([headersFrame(index * 2 + 1), resetFrame(index * 2 + 1)]));
    await expectEnd(client, before);
    expect(sent).toBeLessThan(20_000);
    expect(it.proxy.proxy.activeStreams).toBe(0);
    expect(it.proxy.metric('envoy_http_downstream_rq_total')).toBeLessThan(2000);
  });

  test('resets provoked from our side: a window update of 0 on each stream', async () => {
    await using it = await start({}, false);
    const client = await it.connect();
    const before = heapBefore();
    await flood(client, 20_000, (index) => Buffer.concat([headersFrame(index * 2 + 1), windowUpdate(index * 2 + 1, 0)]));
    await expectEnd(client, before);
    expect(it.proxy.metric('envoy_http_downstream_rq_total')).toBeLessThan(2000);
  });

  test('CONTINUATION without end', async () => {
    await using it = await start();
    const client = await it.connect();
    const before = heapBefore();
    client.write(headersFrame(1, requestHeaders(), Flag.endStream));
    const piece = frame(FrameType.continuation, 0, 1, encodeFields([['x-more', 'a'.repeat(1000)]]));
    await flood(client, 50_000, () => piece);
    await expectEnd(client, before);
    expect(it.received).toHaveLength(0);
  });

  test.each([
    ['SETTINGS', frame(FrameType.settings, 0, 0)],
    ['PING', frame(FrameType.ping, 0, 0, Buffer.alloc(8))],
  ])('%s whose answers nobody reads', async (_what, piece) => {
    await using it = await start();
    const client = await it.connect();
    client.socket.pause();
    const before = heapBefore();
    const many = Buffer.concat(Array.from({ length: 5000 }, () => piece));
    await flood(client, 400, () => many);
    client.socket.resume();
    await expectEnd(client, before);
  });

  test('empty DATA', async () => {
    await using it = await start();
    const client = await it.connect();
    const before = heapBefore();
    client.write(headersFrame(1, requestHeaders({ ':method': 'POST' }), Flag.endHeaders));
    const many = Buffer.concat(Array.from({ length: 1000 }, () => frame(FrameType.data, 0, 1)));
    await flood(client, 50, () => many);
    await expectEnd(client, before);
  });

  test('more streams than allowed are refused, and the others served', async () => {
    await using it = await start({ http2: { ...defaultHttp2Options, concurrentStreamsMax: 2 } }, false);
    const client = await it.connect();
    // A client that has acknowledged the limit and goes beyond it would lose the connection; this one cannot know yet.
    client.write(Buffer.concat([1, 3, 5].map((stream) => headersFrame(stream))));
    const refusal = await readFrameWhere(client, ({ type }) => type === FrameType.reset);
    expect([refusal.stream, refusal.payload.readUInt32BE()]).toEqual([5, refusedStream]);
    await expect.poll(() => it.received.length).toBe(2);
  });
});

describe('a drain', () => {
  const goaway = ({ type }: { readonly type: number }) => type === FrameType.goaway;
  const last = ({ payload }: { readonly payload: Buffer }) => [payload.readUInt32BE(0), payload.readUInt32BE(4)];
  const anyStream = 0x7fffffff;

  test('is announced, then says which stream is the last, serves that, and leaves later ones to be asked elsewhere', async () => {
    await using it = await start({ delayedCloseTimeoutMs: 20, drainTimeoutMs: 100 }, false);
    const client = await it.connect();
    client.write(headersFrame(1));
    await expect.poll(() => it.received.length).toBe(1);
    const drained = it.proxy.proxy.drain({ deadlineMs: 2000 });
    expect(last(await readFrameWhere(client, goaway))).toEqual([anyStream, 0]);
    // On its way when the client was told.
    client.write(headersFrame(3));
    expect(last(await readFrameWhere(client, goaway))).toEqual([3, 0]);
    client.write(headersFrame(5));
    await drained;
    expect(it.received).toHaveLength(2);
  });

  test('goes on as soon as the client has answered that it knows', async () => {
    await using it = await start({ delayedCloseTimeoutMs: 20, drainTimeoutMs: 60_000 });
    const client = await it.connect();
    client.write(headersFrame(1));
    await readFrameWhere(client, isResponse(1));
    const drained = it.proxy.proxy.drain({ deadlineMs: 60_000 });
    const { payload } = await readFrameWhere(client, ({ type }) => type === FrameType.ping);
    client.write(frame(FrameType.ping, Flag.ack, 0, payload));
    expect(last(await readFrameWhere(client, goaway))).toEqual([1, 0]);
    await drained;
  });

  test('does not wait for clients without streams that never close', async () => {
    await using it = await start({ delayedCloseTimeoutMs: 20, drainTimeoutMs: 20 });
    const client = await it.connect();
    client.write(headersFrame(1));
    await readFrameWhere(client, isResponse(1));
    await it.proxy.proxy.drain({ deadlineMs: 60_000 });
    expect(it.proxy.proxy.activeConnections).toBe(0);
  });
});

describe('time', () => {
  test('a connection without streams ends by the idle timeout', async () => {
    await using it = await start({ idleTimeoutMs: 40 });
    const client = await it.connect();
    await expect.poll(() => client.ended, { timeout: 3000 }).toBe(true);
    expect(it.proxy.metric('envoy_http_downstream_cx_idle_timeout')).toBe(1);
  });

  test('PING keeps a silent client honest', async () => {
    await using it = await start({ http2: { ...defaultHttp2Options, keepalive: { intervalMs: 20, timeoutMs: 30, jitterRatio: 0, idleIntervalMs: 0 } } });
    const client = await it.connect();
    await readFrameWhere(client, ({ type }) => type === FrameType.ping);
    await expect.poll(() => client.ended, { timeout: 3000 }).toBe(true);
  });

  test('a response that nobody takes ends', async () => {
    const upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write(`HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n${'a'.repeat(70_000)}`);
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], manager: { streamIdleTimeoutMs: 50 } }));
    const client = await proxy.connect();
    beginHttp2(client);
    client.write(headersFrame(1));
    // The window of 65535 is never opened further.
    expect(await readRefusal(client)).toMatchObject({ of: 'stream' });
    expect(proxy.proxy.activeStreams).toBe(0);
    await upstream[Symbol.asyncDispose]();
  });
});
