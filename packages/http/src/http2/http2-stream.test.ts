/** What a stream may send and when, and what its peer is given back: flow control, turns, ends, places. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { RequestHead, ResponseHead, Trailers } from '../message-head.ts';
import { encodeFields, Flag, frame, FrameType, goawayFrame, headersFrame, requestHeaders, resetFrame, settingsFrame, windowUpdate } from '../testing/http2-bytes.ts';
import { Http2Machine, type RecordedStream } from '../testing/http2-machine.ts';

function serve(requests = 1, limits: ConstructorParameters<typeof Http2Machine>[1] = {}) {
  const machine = new Http2Machine('server', limits).open();
  for (let index = 0; index < requests; index += 1) machine.feed(headersFrame(index * 2 + 1));
  return machine;
}

function respond(recorded: RecordedStream | undefined, body: string | Buffer, mayBorrow = false): boolean {
  recorded?.stream.writeResponse(ResponseHead.of(200), false);
  const bytes = Buffer.from(body);
  return recorded?.stream.writeData(bytes, 0, bytes.length, mayBorrow) ?? true;
}

const shape = (machine: Http2Machine) => machine.frames().map(({ type, flags, stream, payload }) => [type, flags, stream, type === FrameType.data ? payload.length : 0]);

describe('a response', () => {
  test('that is written at once is HEADERS and one DATA, which ends it', () => {
    const machine = serve();
    expect(respond(machine.streams[0], 'hello')).toBe(true);
    machine.streams[0]?.stream.writeEnd(undefined);
    expect(shape(machine)).toEqual([[FrameType.headers, Flag.endHeaders, 1, 0], [FrameType.data, Flag.endStream, 1, 5]]);
  });

  test('whose last frame has left ends by an empty one', () => {
    const machine = serve();
    respond(machine.streams[0], 'hello');
    machine.output.take();
    machine.streams[0]?.stream.writeEnd(undefined);
    expect(shape(machine)).toEqual([[FrameType.data, Flag.endStream, 1, 0]]);
  });

  test('ends by its trailers', () => {
    const machine = serve();
    respond(machine.streams[0], 'hello');
    machine.streams[0]?.stream.writeEnd(Trailers.of({ 'grpc-status': '0' }));
    expect(shape(machine).at(-1)).toEqual([FrameType.headers, Flag.endHeaders | Flag.endStream, 1, 0]);
  });

  test('with a head beyond one frame goes on in CONTINUATION, and is read again as it was', () => {
    const machine = serve();
    const value = (index: number) => String.fromCharCode(97 + index).repeat(9000);
    machine.streams[0]?.stream.writeResponse(ResponseHead.of(200, Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`x-${index}`, value(index)]))), true);
    const bytes = machine.output.take();
    const client = new Http2Machine('client').open();
    client.openStream().stream.writeRequest(RequestHead.of('GET', 'a', '/'), true, 'http', '');
    client.feed(bytes);
    expect(client.streams[0]?.responses[0]?.entries()).toEqual(Array.from({ length: 5 }, (_, index) => [`x-${index}`, value(index)]));
    expect(client.streams[0]?.isEnded).toBe(true);
  });
});

describe('windows', () => {
  test('what does not fit waits, and goes when they open', () => {
    const machine = serve();
    expect(respond(machine.streams[0], 'x'.repeat(70_000))).toBe(false);
    machine.streams[0]?.stream.writeEnd(undefined);
    expect(shape(machine).slice(1).reduce((sum, [, , , bytes]) => sum + (bytes ?? 0), 0)).toBe(65_535);
    machine.feed(windowUpdate(0, 100_000));
    expect(shape(machine)).toEqual([]);
    machine.feed(windowUpdate(1, 100));
    expect(shape(machine)).toEqual([[FrameType.data, 0, 1, 100]]);
    machine.feed(settingsFrame([4, 80_000]));
    // The window has grown before the frame that says so is acknowledged; the rest ends the stream.
    expect(shape(machine).filter(([type]) => type === FrameType.data)).toEqual([[FrameType.data, Flag.endStream, 1, 4365]]);
    expect(machine.streams[0]?.drains).toBe(1);
  });

  test('may become less than none, and must be opened beyond that', () => {
    const machine = serve();
    respond(machine.streams[0], 'x'.repeat(65_535));
    machine.frames();
    machine.feed(settingsFrame([4, 10]), windowUpdate(0, 100_000));
    machine.frames();
    expect(machine.streams[0]?.stream.writeData(Buffer.from('more'), 0, 4, false)).toBe(false);
    machine.feed(windowUpdate(1, 65_525));
    expect(shape(machine)).toEqual([]);
    machine.feed(windowUpdate(1, 3));
    expect(shape(machine)).toEqual([[FrameType.data, 0, 1, 3]]);
  });

  test('of the connection are shared in turn, one frame each', () => {
    const machine = serve(3);
    respond(machine.streams[0], 'x'.repeat(65_535));
    for (const stream of machine.streams.slice(1)) respond(stream, 'y'.repeat(40_000));
    machine.frames();
    machine.feed(windowUpdate(0, 70_000));
    expect(shape(machine)).toEqual([[FrameType.data, 0, 3, 16_384], [FrameType.data, 0, 5, 16_384], [FrameType.data, 0, 3, 16_384], [FrameType.data, 0, 5, 16_384], [FrameType.data, 0, 3, 4464]]);
  });

  test('lent memory may be written over, borrowed memory is read when its time comes', () => {
    const machine = serve(2);
    respond(machine.streams[0], Buffer.alloc(65_535));
    machine.frames();
    const lent = Buffer.from('lent');
    const borrowed = Buffer.from('once');
    machine.streams[1]?.stream.writeData(lent, 0, 4, false);
    lent.fill('x');
    machine.streams[0]?.stream.writeData(borrowed, 0, 4, true);
    borrowed.write('late');
    machine.feed(windowUpdate(0, 100), windowUpdate(1, 100));
    expect(machine.frames().map(({ payload }) => payload.toString())).toEqual(['lent', 'late']);
  });

  test('a peer that does not read gets heads and no bodies', () => {
    const machine = serve(1);
    machine.output.isBlocked = true;
    expect(respond(machine.streams[0], 'hello')).toBe(false);
    expect(shape(machine)).toEqual([[FrameType.headers, Flag.endHeaders, 1, 0]]);
    machine.output.isBlocked = false;
    machine.connection.drained();
    expect(shape(machine)).toEqual([[FrameType.data, 0, 1, 5]]);
    expect(machine.streams[0]?.drains).toBe(1);
  });
});

describe('credit', () => {
  const post = headersFrame(1, requestHeaders({ ':method': 'POST' }), Flag.endHeaders);
  const piece = frame(FrameType.data, 0, 1, Buffer.alloc(16_000));

  test('is given when a body is taken, not when it comes', () => {
    const machine = new Http2Machine('server').open();
    machine.takesBodies = false;
    machine.feed(post, piece, piece, piece);
    expect(shape(machine)).toEqual([]);
    machine.streams[0]?.stream.consume(48_000);
    expect(machine.frames().map(({ type, stream, payload }) => [type, stream, payload.readUInt32BE()])).toEqual([[FrameType.windowUpdate, 0, 48_000], [FrameType.windowUpdate, 1, 48_000]]);
  });

  test('for padding is given at once', () => {
    const machine = new Http2Machine('server').open();
    machine.takesBodies = false;
    machine.feed(post);
    for (let index = 0; index < 200; index += 1) machine.feed(frame(FrameType.data, Flag.padded, 1, Buffer.concat([Buffer.from([200, 1]), Buffer.alloc(200)])));
    expect(machine.broken).toBe(undefined);
    expect(machine.frames().filter(({ stream }) => stream === 0)).toHaveLength(1);
  });

  test('for what is left of a stream that is given up goes back to the connection', () => {
    const machine = new Http2Machine('server').open();
    machine.takesBodies = false;
    machine.feed(post, piece, piece, piece);
    machine.streams[0]?.stream.reset(8);
    machine.streams[0]?.stream.release();
    expect(machine.frames().map(({ type, stream }) => [type, stream])).toEqual([[FrameType.reset, 1], [FrameType.windowUpdate, 0]]);
  });
});

describe('places', () => {
  test('a stream that its client has reset keeps its place until its owner lets go', () => {
    const machine = serve(2, { concurrentStreamsMax: 2 });
    // The owner goes on working: the record lets go when it hears of it, so it must not hear.
    for (const { stream } of machine.streams) stream.events = { ...stream.events, onReset() {} };
    machine.feed(resetFrame(1), resetFrame(3), headersFrame(5));
    expect(machine.frames().map(({ type, stream }) => [type, stream])).toEqual([[FrameType.reset, 5]]);
    for (const { stream } of machine.streams) stream.release();
    machine.feed(headersFrame(7));
    expect(machine.streams.at(-1)?.stream.id).toBe(7);
  });
});

describe('a drain', () => {
  test('is announced, then bounded: later streams are not served and do no harm', () => {
    const machine = serve(1);
    machine.connection.announceEnd();
    machine.feed(headersFrame(3));
    machine.connection.refuseStreams();
    machine.feed(headersFrame(5, requestHeaders({ ':method': 'POST' }), Flag.endHeaders), frame(FrameType.data, Flag.endStream, 5, Buffer.from('x')), headersFrame(7));
    expect(machine.streams.map(({ stream }) => stream.id)).toEqual([1, 3]);
    expect(machine.frames().map(({ type, payload }) => [type, payload.readUInt32BE()])).toEqual([[FrameType.goaway, 0x7fffffff], [FrameType.goaway, 3]]);
    expect(machine.broken).toBe(undefined);
  });
});

describe('a client', () => {
  function ask(requests = 1) {
    const machine = new Http2Machine('client').open();
    for (let index = 0; index < requests; index += 1) machine.openStream().stream.writeRequest(RequestHead.of('GET', 'a.test', '/'), true, 'http', '');
    machine.output.take();
    return machine;
  }
  const answer = (stream: number, fields: readonly (readonly [string, string])[], flags: number = Flag.endHeaders) => frame(FrameType.headers, flags, stream, encodeFields(fields));

  test('reads interim heads, the head, a body and trailers', () => {
    const machine = ask();
    machine.feed(answer(1, [[':status', '103'], ['link', 'x']]), answer(1, [[':status', '200']]), frame(FrameType.data, 0, 1, Buffer.from('body')), answer(1, [['x-sum', '1']], Flag.endHeaders | Flag.endStream));
    const [stream] = machine.streams;
    expect(stream?.responses.map(({ status, framing }) => [status, framing])).toEqual([[103, 'none'], [200, 'chunked']]);
    expect([stream?.body, stream?.isEnded, stream?.trailers?.entries()]).toEqual(['body', true, [['x-sum', '1']]]);
  });

  test('hears of GOAWAY which streams were not served', () => {
    const machine = ask(3);
    machine.feed(goawayFrame(3));
    expect(machine.streams.map(({ reset }) => reset && [reset.code, reset.cause])).toEqual([undefined, undefined, [7, 'peer']]);
    machine.feed(answer(3, [[':status', '204']], Flag.endHeaders | Flag.endStream));
    expect(machine.streams[1]?.isEnded).toBe(true);
  });

  test.each<readonly [string, readonly Buffer[]]>([
    ['DATA before the head', [frame(FrameType.data, Flag.endStream, 1, Buffer.from('x'))]],
    ['an interim head that ends the stream', [answer(1, [[':status', '103']], Flag.endHeaders | Flag.endStream)]],
    ['a switch of protocols', [answer(1, [[':status', '101']])]],
    ['a pseudo field of requests', [answer(1, [[':status', '200'], [':path', '/']])]],
    ['a body behind 204', [answer(1, [[':status', '204']]), frame(FrameType.data, Flag.endStream, 1, Buffer.from('x'))]],
    ['a body shorter than its length', [answer(1, [[':status', '200'], ['content-length', '5']]), frame(FrameType.data, Flag.endStream, 1, Buffer.from('x'))]],
  ])('refuses %s', (_what, bytes) => {
    const machine = ask();
    machine.feed(...bytes);
    expect(machine.streams[0]?.reset).toMatchObject({ code: 1, cause: 'fault' });
  });

  test('takes no pushes', () => {
    const machine = ask();
    machine.feed(frame(FrameType.pushPromise, Flag.endHeaders, 1, Buffer.alloc(8)));
    expect(machine.broken?.code).toBe(1);
  });
});
