/** What the pump does for filters beyond heads: bodies that are kept or changed, trailers, routes looked for anew. */
import { Buffer } from 'node:buffer';
import type { HttpFilter } from '../filters/filter.ts';
import { RouterFilter } from '../filters/router/router-filter.ts';
import { expect, test } from 'vitest';
import type { CreateTransform } from '../body-transform.ts';
import type { Stream } from '../stream.ts';
import { createTestConfig, openTestClient, startTestProxy, startTestUpstream, type TestHandler, type TestProtocol, type TestUpstream } from '../testing/index.ts';

/** Answers with what it was sent. */
const echo: TestHandler = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, { 'x-length': request.headers['content-length'] ?? 'none', trailer: 'x-seen' });
    response.write(Buffer.concat(chunks));
    response.addTrailers({ 'x-seen': request.trailers['x-sum'] ?? 'none' });
    response.end();
  });
};

const start = (upstream: TestUpstream, protocol: TestProtocol, ...filters: HttpFilter[]) =>
  startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol, manager: { filters: [...filters, new RouterFilter({ suppressEnvoyHeaders: true })] } }));

/** Doubles each byte, at once. */
const doubled: CreateTransform = (sink) => ({
  write(bytes) {
    sink.onData(Buffer.from([...bytes].flatMap((byte) => [byte, byte])));
    return true;
  },
  end: () => sink.onEnd(),
  pause() {},
  resume() {},
  close() {},
});

/** Puts a mark behind the body, a turn later. */
const marked: CreateTransform = (sink) => ({
  write(bytes) {
    sink.onData(bytes);
    return true;
  },
  end: () =>
    void setTimeout(() => {
      sink.onData(Buffer.from('!'));
      sink.onEnd();
    }, 1),
  pause() {},
  resume() {},
  close() {},
});

const protocols: readonly TestProtocol[] = ['h1', 'h2'];

test.each(protocols)('a filter is asked again when the beginning of a body is there, and the rest follows (%s)', async (protocol) => {
  await using upstream = await startTestUpstream(protocol, echo);
  const seen: string[] = [];
  const judge: HttpFilter = {
    name: 'judge',
    onRequest: (stream) => stream.bufferRequest(4, 'beginning'),
    onRequestBody(stream) {
      seen.push(stream.bufferedBody.toString());
      setTimeout(() => stream.continueRequest(), 1);
      return 'wait';
    },
  };
  await using fixture = await start(upstream, protocol, judge);
  using client = openTestClient(protocol, fixture.address);
  const body = 'abcdef'.repeat(50_000);
  const { body: echoed } = await client.ask({ method: 'POST', body });
  expect(echoed.toString() === body).toBe(true);
  expect((await client.ask({ method: 'POST', body: 'ab' })).body.toString()).toBe('ab');
  expect([seen[0]?.startsWith('abcdef'), seen[1]]).toEqual([true, 'ab']);
});

test.each(protocols)('filters that want the body agree about it (%s)', async (protocol) => {
  await using upstream = await startTestUpstream(protocol, echo);
  const seen: unknown[] = [];
  const beginning: HttpFilter = { name: 'beginning', onRequest: (stream) => stream.bufferRequest(2, 'beginning') };
  const counter: HttpFilter = { name: 'counter', onRequestData: (_stream, bytes) => void seen.push(bytes.length) };
  const whole: HttpFilter = { name: 'whole', onRequest: (stream) => stream.bufferRequest(10) };
  await using fixture = await start(upstream, protocol, beginning, counter, whole);
  using client = openTestClient(protocol, fixture.address);
  const { status, headers, body } = await client.ask({ method: 'POST', body: 'abcdef' });
  expect([status, headers['x-length'], body.toString(), seen]).toEqual([200, '6', 'abcdef', [6]]);
  expect((await client.ask({ method: 'POST', body: 'more than ten' })).status).toBe(413);
});

test.each(protocols)('transforms of both directions follow each other (%s)', async (protocol) => {
  await using upstream = await startTestUpstream(protocol, echo);
  const change = (create: CreateTransform): HttpFilter => ({
    name: 'change',
    onRequest(stream) {
      stream.request.framing = 'chunked';
      stream.request.remove('content-length');
      stream.request.set('transfer-encoding', 'chunked');
      stream.transformRequest(create);
      return 'continue';
    },
    onResponse: (stream) => void stream.transformResponse(create),
  });
  await using fixture = await start(upstream, protocol, change(doubled), change(marked));
  using client = openTestClient(protocol, fixture.address);
  const { body, trailers } = await client.ask({ method: 'POST', headers: { 'content-type': 'a' }, body: 'ab', trailers: { 'x-sum': '7' } });
  // There: doubled, then marked; back the other way round.
  expect(body.toString()).toBe('aaaabbbb!!!!');
  expect(trailers['x-seen']).toBe('7');
});

test.each(protocols)('trailers pass the filters in both directions (%s)', async (protocol) => {
  await using upstream = await startTestUpstream(protocol, echo);
  const filter: HttpFilter = {
    name: 'trailers',
    onRequestTrailers: (_stream, trailers) => trailers.set('x-sum', `${trailers.get('x-sum')}+`),
    onResponseTrailers: (_stream, trailers) => trailers.set('x-seen', `${trailers.get('x-seen')}-`),
  };
  await using fixture = await start(upstream, protocol, filter);
  using client = openTestClient(protocol, fixture.address);
  const { trailers } = await client.ask({ method: 'POST', body: 'a', trailers: { 'x-sum': '1' } });
  expect(trailers['x-seen']).toBe('1+-');
});

test('what filters write about a stream is there for those behind', async () => {
  await using upstream = await startTestUpstream('h1', echo);
  const found: unknown[] = [];
  const writer: HttpFilter = {
    name: 'writer',
    onRequest({ info }: Stream) {
      found.push(info.dynamicMetadata, info.filterState);
      info.addMetadata('a', { one: 1 });
      info.addMetadata('a', { two: 2 });
      info.setFilterState('k', 'v');
      return 'continue';
    },
    onEnd: ({ info }) => void found.push(info.dynamicMetadata?.get('a'), info.filterState?.get('k')),
  };
  await using fixture = await start(upstream, 'h1', writer);
  using client = openTestClient('h1', fixture.address);
  await client.ask({});
  expect(found).toEqual([undefined, undefined, { one: 1, two: 2 }, 'v']);
});
