/** Exchanges in both protocols on both sides: what one says arrives as the other says it. */
import { Buffer } from 'node:buffer';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { compileLineFormat } from './substitution/compile-format.ts';
import type { ConnectionManagerConfig } from './proxy-config.ts';
import { createTestConfig, openTestClient, startTestProxy, startTestUpstream, type TestHandler, type TestProtocol } from './testing/index.ts';

const pairs: readonly (readonly [TestProtocol, TestProtocol])[] = [['h1', 'h1'], ['h1', 'h2'], ['h2', 'h1'], ['h2', 'h2']];

async function start(downstream: TestProtocol, upstreamProtocol: TestProtocol, handler: TestHandler, manager: Partial<ConnectionManagerConfig> = {}) {
  const upstream = await startTestUpstream(upstreamProtocol, handler);
  const proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: upstreamProtocol, manager }));
  const client = openTestClient(downstream, proxy.address);
  return {
    upstream,
    proxy,
    client,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Answers with what came. */
const echo: TestHandler = (request, response) => {
  response.writeHead(200, { 'x-method': request.method ?? '', 'x-path': request.url ?? '' });
  request.pipe(response);
};

/** Different bytes everywhere, so that pieces in the wrong order show. */
function pattern(bytes: number): Buffer {
  const memory = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) memory.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return memory;
}

describe.each(pairs)('%s → %s', (downstream, upstreamProtocol) => {
  test('heads and bodies arrive as they were sent', async () => {
    const seen: unknown[] = [];
    await using it = await start(downstream, upstreamProtocol, (request, response) => {
      seen.push([request.method, request.url, request.headers['x-one'], request.headers['cookie'], request.headers.host ?? request.headers[':authority']]);
      response.writeHead(201, { 'x-two': 'b', 'set-cookie': ['c=1', 'd=2'], 'content-length': '5' });
      response.end('hello');
    });
    const answer = await it.client.ask({ path: '/a?b=c', headers: { 'x-one': 'a', cookie: ['a=1', 'b=2'] } });
    expect(seen).toEqual([['GET', '/a?b=c', 'a', 'a=1; b=2', `127.0.0.1:${it.proxy.address.port}`]]);
    expect(answer).toMatchObject({ status: 201, headers: { 'x-two': 'b', 'set-cookie': ['c=1', 'd=2'], 'content-length': '5' } });
    expect(answer.body.toString()).toBe('hello');
  });

  test.each([0, 1, 16_384, 16_385, 1_000_000, 4_000_000])('a body of %d bytes goes there and back', async (bytes) => {
    await using it = await start(downstream, upstreamProtocol, echo);
    const body = pattern(bytes);
    const answer = await it.client.ask({ method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(body)).toBe(true);
    expect(it.proxy.proxy.activeStreams).toBe(0);
  });

  test('trailers pass both ways', async () => {
    let received: unknown;
    await using it = await start(downstream, upstreamProtocol, (request, response) => {
      request.resume();
      request.on('end', () => {
        received = { ...request.trailers };
        response.writeHead(200, upstreamProtocol === 'h1' ? { trailer: 'x-after' } : {});
        response.write('body');
        response.addTrailers({ 'x-after': 'done' });
        response.end();
      });
    });
    const answer = await it.client.ask({ method: 'POST', headers: { te: 'trailers' }, body: 'abc', trailers: { 'x-sum': '9' } });
    expect(received).toMatchObject({ 'x-sum': '9' });
    expect(answer.body.toString()).toBe('body');
    expect(answer.trailers).toMatchObject({ 'x-after': 'done' });
  });

  test.each([204, 304])('a %d has no body in any protocol', async (status) => {
    await using it = await start(downstream, upstreamProtocol, (_request, response) => {
      response.writeHead(status);
      response.end();
    });
    expect(await it.client.ask({})).toMatchObject({ status, body: Buffer.alloc(0) });
    expect((await it.client.ask({})).status).toBe(status);
  });

  test('HEAD says a length without a body', async () => {
    await using it = await start(downstream, upstreamProtocol, (_request, response) => {
      response.writeHead(200, { 'content-length': '5' });
      response.end();
    });
    expect(await it.client.ask({ method: 'HEAD' })).toMatchObject({ status: 200, headers: { 'content-length': '5' }, body: Buffer.alloc(0) });
  });

  test('interim responses come before the final one', async () => {
    await using it = await start(downstream, upstreamProtocol, (_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('x');
    });
    expect((await it.client.ask({})).informational).toEqual([103]);
  });

  test('what belongs to one connection stays on it', async () => {
    let seen: Readonly<Record<string, unknown>> = {};
    await using it = await start(downstream, upstreamProtocol, (request, response) => {
      seen = request.headers;
      if (upstreamProtocol === 'h1') response.setHeader('keep-alive', 'timeout=3');
      response.end();
    });
    const answer = await it.client.ask({ headers: downstream === 'h1' ? { connection: 'x-hop', 'x-hop': '1', 'proxy-connection': 'close' } : {} });
    expect(answer.status).toBe(200);
    expect(answer.headers['keep-alive']).toBe(undefined);
    for (const name of ['x-hop', 'proxy-connection', 'http2-settings']) expect(seen[name]).toBe(undefined);
  });

  test('fifty at a time, each its own', async () => {
    await using it = await start(downstream, upstreamProtocol, (request, response) => {
      setTimeout(() => response.end(request.url), Number(request.headers['x-wait']));
    });
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const answers = await Promise.all(paths.map((path, index) => it.client.ask({ path, headers: { 'x-wait': String(index % 7) } })));
    expect(answers.map(({ body }) => body.toString())).toEqual(paths);
    if (upstreamProtocol === 'h2') expect(it.upstream.connections.size).toBe(1);
    expect(it.proxy.metric('envoy_cluster_upstream_rq_total')).toBe(50);
  });

  test('a client that goes away takes the upstream request with it', async () => {
    let gone = false;
    await using it = await start(downstream, upstreamProtocol, (_request, response) => {
      response.write('first');
      response.on('close', () => (gone = true));
    });
    void it.client.ask({}).catch(() => {});
    await expect.poll(() => it.proxy.proxy.activeStreams).toBe(1);
    const other = openTestClient(downstream, it.proxy.address);
    it.client[Symbol.dispose]();
    if (downstream === 'h1') await it.proxy.proxy.close();
    await expect.poll(() => gone).toBe(true);
    other[Symbol.dispose]();
  });

  test('a response that breaks off is seen to', async () => {
    await using it = await start(downstream, upstreamProtocol, (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('short');
      setTimeout(() => (response.stream ? response.stream.close(2) : response.destroy()), 10);
    });
    await expect(it.client.ask({})).rejects.toThrow();
  });

  test('an unanswered request ends by the route\'s timeout', async () => {
    await using it = await start(downstream, upstreamProtocol, () => {}, { streamDurationMaxMs: 60 });
    expect((await it.client.ask({})).status).toBe(504);
  });

  test('the access log names the protocol', async () => {
    const compiled = compileLineFormat('%PROTOCOL% %RESPONSE_CODE% %BYTES_RECEIVED% %BYTES_SENT%\n', '-');
    if (!compiled.ok) throw new Error(compiled.message);
    await using it = await start(downstream, upstreamProtocol, echo, { accessLogs: [{ path: '/dev/stdout', write: (stream, _outcome, line) => compiled.format(stream, line) }] });
    await it.client.ask({ method: 'POST', body: 'abc' });
    await pause(10);
    await it.proxy.proxy.close();
    expect(it.proxy.logLines).toEqual([`${downstream === 'h1' ? 'HTTP/1.1' : 'HTTP/2'} 200 3 3`]);
  });
});

test.each(['h1', 'h2'] as const)('a cluster that follows its clients is spoken to in %s', async (protocol) => {
  await using upstream = await startTestUpstream(protocol, echo);
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'follows' }));
  using client = openTestClient(protocol, proxy.address);
  expect((await client.ask({ method: 'POST', body: 'abc' })).body.toString()).toBe('abc');
  expect(proxy.proxy.clusters()[0]?.hosts[0]?.activeConnections).toBe(1);
});
