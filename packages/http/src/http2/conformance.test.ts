/**
 * What RFC 9113 and RFC 7541 demand of a server, frame by frame: the cases of h2spec under its section numbers, and those
 * that it leaves out. Each is bytes behind a connection that has begun in order, and what must come of them.
 */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { encodeFields, Flag, frame, FrameType, goawayFrame, headersFrame, http2PrefaceText, requestHeaders, resetFrame, settingsFrame, uint32, windowUpdate } from '../testing/http2-bytes.ts';
import { Http2Machine } from '../testing/http2-machine.ts';
import { ErrorCode } from './error-code.ts';

const { protocolError, flowControlError, streamClosed, frameSizeError, refusedStream, compressionError, enhanceYourCalm } = ErrorCode;

/** `request`: it arrives whole. `none`: nothing is ended. */
type Expected =
  | { readonly connection: number }
  | { readonly stream: number }
  | 'request'
  | 'none'
  | ((machine: Http2Machine, frames: ReturnType<Http2Machine['frames']>) => void);

type Case = readonly [what: string, bytes: readonly Buffer[], expected: Expected];

const open = headersFrame(1, requestHeaders({ ':method': 'POST' }), Flag.endHeaders);
const whole = headersFrame(1);
const data = (stream: number, text = 'test', flags: number = Flag.endStream) => frame(FrameType.data, flags, stream, Buffer.from(text));
const ping = (flags = 0, payload = Buffer.from('h2spec!!')) => frame(FrameType.ping, flags, 0, payload);
const priority = (stream: number, dependsOn: number, payload = Buffer.concat([uint32(dependsOn), Buffer.from([255])])) => frame(FrameType.priority, 0, stream, payload);
const post = (changes: Readonly<Record<string, string | undefined>> = {}, flags: number = Flag.endHeaders) => headersFrame(1, requestHeaders({ ':method': 'POST', ...changes }), flags);
const fieldsWith = (...extra: readonly (readonly [string, string])[]) => headersFrame(1, [...requestHeaders(), ...extra]);
const half = encodeFields(requestHeaders());
const padded = (pad: number, flags: number, type: number, body: Buffer) => frame(type, flags | Flag.padded, 1, Buffer.concat([Buffer.from([pad]), body]));

const acknowledgesPing: Expected = (_machine, frames) => expect(frames.filter(({ type, flags }) => type === FrameType.ping && flags === Flag.ack).map(({ payload }) => payload.toString())).toEqual(['h2spec!!']);

const sections: Readonly<Record<string, readonly Case[]>> = {
  'generic 1: starting': [
    ['a request behind the preface', [whole], 'request'],
    ['a PING behind the preface', [ping()], acknowledgesPing],
  ],
  'generic 2: streams': [
    ['PRIORITY on an idle stream', [priority(1, 0)], 'none'],
    ['WINDOW_UPDATE on a half closed (remote) stream', [whole, windowUpdate(1, 100)], 'request'],
    ['PRIORITY on a half closed (remote) stream', [whole, priority(1, 0)], 'request'],
    ['RST_STREAM on a half closed (remote) stream', [whole, resetFrame(1)], 'none'],
    ['PRIORITY on a closed stream', [whole, resetFrame(1), priority(1, 0)], 'none'],
  ],
  'generic 3: frames': [
    ['DATA', [open, data(1)], 'request'],
    ['several DATA', [open, data(1, 'a', 0), data(1, 'b', 0), data(1, 'c')], 'request'],
    ['DATA with padding', [open, padded(6, Flag.endStream, FrameType.data, Buffer.from('test\0\0\0\0\0\0'))], 'request'],
    ['HEADERS', [whole], 'request'],
    ['HEADERS with padding', [padded(6, Flag.endHeaders | Flag.endStream, FrameType.headers, Buffer.concat([half, Buffer.alloc(6)]))], 'request'],
    ['HEADERS with priority', [frame(FrameType.headers, Flag.endHeaders | Flag.endStream | Flag.priority, 1, Buffer.concat([uint32(0), Buffer.from([255]), half]))], 'request'],
    ['PRIORITY with weight 1', [priority(1, 0, Buffer.from([0, 0, 0, 0, 0])), whole], 'request'],
    ['PRIORITY with weight 256', [priority(1, 0), whole], 'request'],
    ['PRIORITY on another stream', [priority(3, 1), whole], 'request'],
    ['PRIORITY that is exclusive', [priority(1, 0x80000003 | 0), whole], 'request'],
    ['PRIORITY on an idle stream, then HEADERS on a lower one', [priority(5, 0), headersFrame(1)], 'request'],
    ['RST_STREAM', [whole, resetFrame(1)], 'none'],
    ['SETTINGS', [settingsFrame([3, 100])], (_machine, frames) => expect(frames.some(({ type, flags }) => type === FrameType.settings && flags === Flag.ack)).toBe(true)],
    ['PING', [ping()], acknowledgesPing],
    ['GOAWAY', [goawayFrame(0)], (machine) => expect(machine.goaway).toEqual({ lastStream: 0, code: 0 })],
    ['WINDOW_UPDATE of the connection', [windowUpdate(0, 1), whole], 'request'],
    ['WINDOW_UPDATE of a stream', [whole, windowUpdate(1, 1)], 'request'],
    ['CONTINUATION', [frame(FrameType.headers, Flag.endStream, 1, half.subarray(0, 20)), frame(FrameType.continuation, Flag.endHeaders, 1, half.subarray(20))], 'request'],
    ['several CONTINUATION', [frame(FrameType.headers, Flag.endStream, 1, half.subarray(0, 10)), frame(FrameType.continuation, 0, 1, half.subarray(10, 30)), frame(FrameType.continuation, Flag.endHeaders, 1, half.subarray(30))], 'request'],
  ],
  'generic 4 and 5: messages and HPACK': [
    ['GET', [whole], 'request'],
    ['HEAD', [headersFrame(1, requestHeaders({ ':method': 'HEAD' }))], 'request'],
    ['POST with a body', [open, data(1)], 'request'],
    ['POST with trailers', [open, data(1, 'test', 0), headersFrame(1, [['x-test', 'ok']])], (machine) => expect(machine.streams[0]?.trailers?.entries()).toEqual([['x-test', 'ok']])],
    ['indexed fields', [frame(FrameType.headers, 5, 1, Buffer.concat([Buffer.from([0x82, 0x86, 0x84]), encodeFields([[':authority', 'a']])]))], 'request'],
    ['literals with indexing, then their index', [frame(FrameType.headers, 5, 1, Buffer.from('828684410161', 'hex')), frame(FrameType.headers, 5, 3, Buffer.from('828684be', 'hex'))], (machine) => expect(machine.streams.map(({ head }) => head?.authority)).toEqual(['a', 'a'])],
    ['literals without indexing', [frame(FrameType.headers, 5, 1, Buffer.from('828684010161', 'hex'))], 'request'],
    ['literals never indexed', [frame(FrameType.headers, 5, 1, Buffer.from('828684110161', 'hex'))], 'request'],
    ['a change of the size of the table', [frame(FrameType.headers, 5, 1, Buffer.from('20828684010161', 'hex'))], 'request'],
    ['two changes of the size of the table', [frame(FrameType.headers, 5, 1, Buffer.from('203f21828684010161', 'hex'))], 'request'],
    ['Huffman', [frame(FrameType.headers, 5, 1, Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex'))], (machine) => expect(machine.streams[0]?.head?.authority).toBe('www.example.com')],
  ],
  '4.1: frame format': [
    ['a type that is not known', [frame(0x16, 0, 0, Buffer.alloc(8)), ping()], acknowledgesPing],
    ['flags that are not known', [frame(FrameType.ping, 0x16, 0, Buffer.from('h2spec!!'))], acknowledgesPing],
    ['a reserved bit', [frame(FrameType.ping, 0, 0x80000000, Buffer.from('h2spec!!'))], acknowledgesPing],
  ],
  '4.2: frame size': [
    ['DATA of 2^14 bytes', [open, frame(FrameType.data, Flag.endStream, 1, Buffer.alloc(16_384))], 'request'],
    ['DATA beyond SETTINGS_MAX_FRAME_SIZE', [open, frame(FrameType.data, Flag.endStream, 1, Buffer.alloc(16_385))], { connection: frameSizeError }],
    ['HEADERS beyond SETTINGS_MAX_FRAME_SIZE', [frame(FrameType.headers, 5, 1, Buffer.concat([half, encodeFields([['x', 'a'.repeat(16_384)]])]))], { connection: frameSizeError }],
  ],
  '4.3: field blocks': [
    ['a block that is no HPACK', [frame(FrameType.headers, 5, 1, Buffer.from('00ffffffff01', 'hex'))], { connection: compressionError }],
    ['PRIORITY within a block', [frame(FrameType.headers, Flag.endStream, 1, half), priority(1, 0)], { connection: protocolError }],
    ['HEADERS of another stream within a block', [frame(FrameType.headers, Flag.endStream, 1, half), headersFrame(3)], { connection: protocolError }],
    ['a frame of no known type within a block', [frame(FrameType.headers, Flag.endStream, 1, half), frame(0x16, 0, 0)], { connection: protocolError }],
  ],
  '5.1: stream states': [
    ['DATA on an idle stream', [data(1)], { connection: protocolError }],
    ['RST_STREAM on an idle stream', [resetFrame(1)], { connection: protocolError }],
    ['WINDOW_UPDATE on an idle stream', [windowUpdate(1, 1)], { connection: protocolError }],
    ['CONTINUATION on an idle stream', [frame(FrameType.continuation, Flag.endHeaders, 1, half)], { connection: protocolError }],
    ['DATA on a half closed (remote) stream', [whole, data(1)], { stream: streamClosed }],
    ['HEADERS on a half closed (remote) stream', [whole, whole], { stream: streamClosed }],
    ['CONTINUATION on a half closed (remote) stream', [whole, frame(FrameType.continuation, Flag.endHeaders, 1, half)], { connection: protocolError }],
    ['DATA behind RST_STREAM', [open, resetFrame(1), data(1)], { stream: streamClosed }],
    ['HEADERS behind RST_STREAM', [open, resetFrame(1), whole], { stream: streamClosed }],
    ['CONTINUATION behind RST_STREAM', [open, resetFrame(1), frame(FrameType.continuation, Flag.endHeaders, 1, half)], { connection: protocolError }],
  ],
  '5.1.1: stream identifiers': [
    ['an even one', [headersFrame(2)], { connection: protocolError }],
    ['one below the last', [headersFrame(5), headersFrame(3)], { connection: streamClosed }],
    ['stream 0', [headersFrame(0)], { connection: protocolError }],
  ],
  '5.3.1: dependencies': [
    ['HEADERS that depend on themselves', [frame(FrameType.headers, Flag.endHeaders | Flag.endStream | Flag.priority, 1, Buffer.concat([uint32(1), Buffer.from([255]), half]))], { stream: protocolError }],
    ['PRIORITY that depends on itself', [whole, priority(1, 1)], { stream: protocolError }],
  ],
  '5.4.1: connection errors': [
    ['GOAWAY says which stream was the last', [headersFrame(5), frame(FrameType.ping, 0, 3, Buffer.alloc(8))], (_machine, frames) => expect(frames.at(-1)?.payload).toEqual(Buffer.concat([uint32(5), uint32(protocolError)]))],
    ['nothing is read behind one', [frame(FrameType.ping, 0, 3, Buffer.alloc(8)), whole], (machine) => expect(machine.streams).toEqual([])],
  ],
  '5.5: extensions': [
    ['a frame of no known type', [frame(0x20, 0, 1, Buffer.alloc(20)), ping()], acknowledgesPing],
    ['a setting of no known name', [settingsFrame([0x99, 1]), ping()], acknowledgesPing],
  ],
  '6.1: DATA': [
    ['on stream 0', [data(0)], { connection: protocolError }],
    ['on a stream that is not open', [whole, data(1)], { stream: streamClosed }],
    ['with more padding than payload', [open, padded(6, Flag.endStream, FrameType.data, Buffer.from('test'))], { connection: protocolError }],
    ['with padding and no length of it', [open, frame(FrameType.data, Flag.padded | Flag.endStream, 1)], { connection: frameSizeError }],
  ],
  '6.2: HEADERS': [
    ['and another frame before CONTINUATION', [frame(FrameType.headers, Flag.endStream, 1, half), data(1)], { connection: protocolError }],
    ['on another stream before CONTINUATION', [frame(FrameType.headers, Flag.endStream, 1, half), frame(FrameType.continuation, Flag.endHeaders, 3, half)], { connection: protocolError }],
    ['on stream 0', [headersFrame(0)], { connection: protocolError }],
    ['with more padding than payload', [padded(255, Flag.endHeaders | Flag.endStream, FrameType.headers, half)], { connection: protocolError }],
    ['with a priority that is cut', [frame(FrameType.headers, Flag.endHeaders | Flag.endStream | Flag.priority, 1, Buffer.alloc(4))], { connection: frameSizeError }],
  ],
  '6.3: PRIORITY': [
    ['on stream 0', [priority(0, 1)], { connection: protocolError }],
    ['of another size than 5', [whole, priority(1, 0, Buffer.alloc(4))], { stream: frameSizeError }],
  ],
  '6.4: RST_STREAM': [
    ['on stream 0', [resetFrame(0)], { connection: protocolError }],
    ['on an idle stream', [resetFrame(1)], { connection: protocolError }],
    ['of another size than 4', [whole, frame(FrameType.reset, 0, 1, Buffer.alloc(3))], { connection: frameSizeError }],
  ],
  '6.5: SETTINGS': [
    ['ACK with payload', [frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(1))], { connection: frameSizeError }],
    ['on a stream', [frame(FrameType.settings, 0, 1, Buffer.alloc(6))], { connection: protocolError }],
    ['of another size than a multiple of 6', [frame(FrameType.settings, 0, 0, Buffer.alloc(3))], { connection: frameSizeError }],
    ['ENABLE_PUSH beyond 1', [settingsFrame([2, 2])], { connection: protocolError }],
    ['INITIAL_WINDOW_SIZE beyond 2^31-1', [settingsFrame([4, 0x80000000])], { connection: flowControlError }],
    ['MAX_FRAME_SIZE below 2^14', [settingsFrame([5, 16_383])], { connection: protocolError }],
    ['MAX_FRAME_SIZE beyond 2^24-1', [settingsFrame([5, 16_777_216])], { connection: protocolError }],
    ['ENABLE_CONNECT_PROTOCOL taken back', [settingsFrame([8, 1]), settingsFrame([8, 0])], { connection: protocolError }],
    ['an entry twice: the last counts', [settingsFrame([4, 100], [4, 1])], (machine) => expect(machine.connection.peer.windowBytes).toBe(1)],
    ['is acknowledged', [settingsFrame([3, 100])], (_machine, frames) => expect(frames).toEqual([{ type: FrameType.settings, flags: Flag.ack, stream: 0, payload: Buffer.alloc(0) }])],
  ],
  '6.6: PUSH_PROMISE': [['from a client', [frame(FrameType.pushPromise, Flag.endHeaders, 1, Buffer.concat([uint32(2), half]))], { connection: protocolError }]],
  '6.7: PING': [
    ['is answered with what it holds', [ping()], acknowledgesPing],
    ['with ACK is not answered', [ping(Flag.ack), ping()], acknowledgesPing],
    ['on a stream', [frame(FrameType.ping, 0, 1, Buffer.alloc(8))], { connection: protocolError }],
    ['of another size than 8', [frame(FrameType.ping, 0, 0, Buffer.alloc(6))], { connection: frameSizeError }],
  ],
  '6.8: GOAWAY': [
    ['on a stream', [frame(FrameType.goaway, 0, 1, Buffer.alloc(8))], { connection: protocolError }],
    ['too short', [frame(FrameType.goaway, 0, 0, Buffer.alloc(7))], { connection: frameSizeError }],
  ],
  '6.9: WINDOW_UPDATE': [
    ['of 0 on the connection', [windowUpdate(0, 0)], { connection: protocolError }],
    ['of 0 on a stream', [open, windowUpdate(1, 0)], { stream: protocolError }],
    ['of another size than 4', [frame(FrameType.windowUpdate, 0, 0, Buffer.alloc(3))], { connection: frameSizeError }],
    ['beyond 2^31-1 on the connection', [windowUpdate(0, 0x7fffffff), windowUpdate(0, 0x7fffffff)], { connection: flowControlError }],
    ['beyond 2^31-1 on a stream', [open, windowUpdate(1, 0x7fffffff), windowUpdate(1, 0x7fffffff)], { stream: flowControlError }],
    ['INITIAL_WINDOW_SIZE that moves a window beyond 2^31-1', [open, windowUpdate(1, 0x7fff0000), settingsFrame([4, 0x7fffffff])], { connection: flowControlError }],
  ],
  '6.10: CONTINUATION': [
    ['of a block that has ended', [whole, frame(FrameType.continuation, Flag.endHeaders, 1, half)], { connection: protocolError }],
    ['on stream 0', [frame(FrameType.headers, Flag.endStream, 1, half), frame(FrameType.continuation, Flag.endHeaders, 0, half)], { connection: protocolError }],
    ['behind DATA', [open, data(1, 'a', 0), frame(FrameType.continuation, Flag.endHeaders, 1, half)], { connection: protocolError }],
    ['several, then another frame', [frame(FrameType.headers, Flag.endStream, 1, half), frame(FrameType.continuation, 0, 1, encodeFields([['a', 'b']])), data(1)], { connection: protocolError }],
  ],
  '7: error codes': [
    ['GOAWAY with a code that is not known', [goawayFrame(0, 0xff), ping()], acknowledgesPing],
    ['RST_STREAM with a code that is not known', [whole, resetFrame(1, 0xff), ping()], acknowledgesPing],
  ],
  '8.1: message framing': [
    ['a second HEADERS without END_STREAM', [open, data(1, 'a', 0), headersFrame(1, [['a', 'b']], Flag.endHeaders)], { stream: protocolError }],
  ],
  '8.2: fields': [
    ['a name in upper case', [fieldsWith(['X-TEST', 'ok'])], { stream: protocolError }],
    ['a blank in a name', [fieldsWith(['x test', 'ok'])], { stream: protocolError }],
    ['a colon in a name', [fieldsWith(['x:test', 'ok'])], { stream: protocolError }],
    ['an empty name', [fieldsWith(['', 'ok'])], { stream: protocolError }],
    ['NUL in a value', [fieldsWith(['x-test', 'a\0b'])], { stream: protocolError }],
    ['CR LF in a value', [fieldsWith(['x-test', 'a\r\nb: c'])], { stream: protocolError }],
    ['a blank before a value', [fieldsWith(['x-test', ' a'])], { stream: protocolError }],
    ['a tab behind a value', [fieldsWith(['x-test', 'a\t'])], { stream: protocolError }],
    ['connection', [fieldsWith(['connection', 'keep-alive'])], { stream: protocolError }],
    ['keep-alive', [fieldsWith(['keep-alive', 'timeout=5'])], { stream: protocolError }],
    ['proxy-connection', [fieldsWith(['proxy-connection', 'close'])], { stream: protocolError }],
    ['transfer-encoding', [fieldsWith(['transfer-encoding', 'chunked'])], { stream: protocolError }],
    ['upgrade', [fieldsWith(['upgrade', 'websocket'])], { stream: protocolError }],
    ['te with more than trailers', [fieldsWith(['te', 'trailers, deflate;q=0.5'])], { stream: protocolError }],
    ['te: trailers', [fieldsWith(['te', 'trailers'])], 'request'],
  ],
  '8.3: pseudo fields': [
    ['one that there is not', [headersFrame(1, [[':test', 'ok'], ...requestHeaders()])], { stream: protocolError }],
    ['one of responses', [headersFrame(1, [[':status', '200'], ...requestHeaders()])], { stream: protocolError }],
    ['in trailers', [open, data(1, 'a', 0), headersFrame(1, [[':method', 'GET']])], { stream: protocolError }],
    ['behind another field', [headersFrame(1, [['x-test', 'ok'], ...requestHeaders()])], { stream: protocolError }],
    ['an empty :path', [headersFrame(1, requestHeaders({ ':path': '' }))], { stream: protocolError }],
    ['no :method', [headersFrame(1, requestHeaders({ ':method': undefined }))], { stream: protocolError }],
    ['no :scheme', [headersFrame(1, requestHeaders({ ':scheme': undefined }))], { stream: protocolError }],
    ['no :path', [headersFrame(1, requestHeaders({ ':path': undefined }))], { stream: protocolError }],
    ['no :authority and no host', [headersFrame(1, requestHeaders({ ':authority': undefined }))], { stream: protocolError }],
    ['host in place of :authority', [headersFrame(1, requestHeaders({ ':authority': undefined, host: 'a' }))], 'request'],
    [':method twice', [headersFrame(1, [[':method', 'GET'], ...requestHeaders()])], { stream: protocolError }],
    [':scheme twice', [headersFrame(1, [[':scheme', 'http'], ...requestHeaders()])], { stream: protocolError }],
    [':path twice', [headersFrame(1, [[':path', '/'], ...requestHeaders()])], { stream: protocolError }],
    [':authority twice', [headersFrame(1, [[':authority', 'a'], ...requestHeaders()])], { stream: protocolError }],
    ['another host than :authority', [headersFrame(1, requestHeaders({ host: 'b.test' }))], { stream: protocolError }],
    ['user information in :authority', [headersFrame(1, requestHeaders({ ':authority': 'me@a.test' }))], { stream: protocolError }],
    ['* of another method than OPTIONS', [headersFrame(1, requestHeaders({ ':path': '*' }))], { stream: protocolError }],
    ['CONNECT with a path', [headersFrame(1, requestHeaders({ ':method': 'CONNECT' }))], { stream: protocolError }],
    ['CONNECT', [headersFrame(1, requestHeaders({ ':method': 'CONNECT', ':path': undefined, ':scheme': undefined }))], 'request'],
    [':protocol where it is not allowed', [headersFrame(1, [[':protocol', 'websocket'], ...requestHeaders({ ':method': 'CONNECT' })])], { stream: protocolError }],
  ],
  '8.1.1: content-length': [
    ['more than the one DATA', [post({ 'content-length': '5' }), data(1)], { stream: protocolError }],
    ['less than the one DATA', [post({ 'content-length': '3' }), data(1)], { stream: protocolError }],
    ['other than the sum of all DATA', [post({ 'content-length': '3' }), data(1, 'ab', 0), data(1, 'cd')], { stream: protocolError }],
    ['right', [post({ 'content-length': '4' }), data(1)], 'request'],
    ['0 with an end that comes later', [post({ 'content-length': '0' }), data(1, '')], 'request'],
    ['without a body', [post({ 'content-length': '4' }, Flag.endHeaders | Flag.endStream)], { stream: protocolError }],
    ['missing at the trailers', [post({ 'content-length': '4' }), data(1, 'ab', 0), headersFrame(1, [['a', 'b']])], { stream: protocolError }],
    ['twice', [headersFrame(1, [...requestHeaders(), ['content-length', '0'], ['content-length', '0']])], { stream: protocolError }],
  ],
  'limits beyond the standard': [
    ['more streams than allowed', Array.from({ length: 101 }, (_, index) => headersFrame(index * 2 + 1)), { stream: refusedStream }],
    ['a second empty DATA in a row', [open, data(1, '', 0), data(1, '', 0)], { connection: enhanceYourCalm }],
    ['an empty DATA between others', [open, data(1, '', 0), data(1, 'a', 0), data(1, '', 0), data(1, 'b')], 'request'],
    ['too many fields', [headersFrame(1, [...requestHeaders(), ...Array.from({ length: 101 }, (_, index) => [`x-${index}`, ''] as const)])], { stream: enhanceYourCalm }],
    ['CONTINUATION without end', [frame(FrameType.headers, 0, 1, half), ...Array.from({ length: 50 }, () => frame(FrameType.continuation, 0, 1, encodeFields([['a', 'b']])))], { connection: enhanceYourCalm }],
    ['PRIORITY without end', Array.from({ length: 300 }, () => priority(1, 0)), { connection: enhanceYourCalm }],
    ['WINDOW_UPDATE without end', [open, ...Array.from({ length: 300 }, () => windowUpdate(1, 1))], { connection: enhanceYourCalm }],
  ],
};

describe.each(Object.entries(sections))('%s', (_section, cases) => {
  test.each(cases)('%s', (_what, bytes, expected) => {
    const machine = new Http2Machine('server').open();
    machine.feed(...bytes);
    const frames = machine.frames();
    if (typeof expected === 'function') return expected(machine, frames);
    const resets = frames.filter(({ type }) => type === FrameType.reset).map(({ payload }) => payload.readUInt32BE());
    if (typeof expected === 'object' && 'connection' in expected) return void expect(machine.broken?.code).toBe(expected.connection);
    expect(machine.broken).toBe(undefined);
    if (typeof expected === 'object') return void expect(resets).toEqual([expected.stream]);
    expect(resets).toEqual([]);
    if (expected !== 'request') return undefined;
    const [stream] = machine.streams;
    expect(stream?.verdict).toBe('whole');
    expect(stream?.stream.isRemoteEnded).toBe(true);
    return undefined;
  });
});

describe('3.4: the preface', () => {
  test('that is none ends the connection', () => {
    const machine = new Http2Machine('server');
    machine.connection.begin();
    machine.feed(Buffer.from('INVALID CONNECTION PREFACE\r\n\r\n'));
    expect(machine.broken?.code).toBe(protocolError);
  });

  test('is followed by SETTINGS', () => {
    const machine = new Http2Machine('server');
    machine.connection.begin();
    machine.feed(Buffer.from(http2PrefaceText), ping());
    expect(machine.broken?.code).toBe(protocolError);
  });

  test('is answered with SETTINGS', () => {
    const machine = new Http2Machine('server');
    machine.connection.begin();
    expect(machine.frames()[0]).toMatchObject({ type: FrameType.settings, flags: 0, stream: 0 });
  });
});

describe('5.1: closed after both have ended', () => {
  test.each<readonly [string, Buffer, number]>([
    ['DATA', data(1), streamClosed],
    ['HEADERS', whole, streamClosed],
    ['CONTINUATION', frame(FrameType.continuation, Flag.endHeaders, 1, half), protocolError],
  ])('%s', (_what, bytes, code) => {
    const machine = new Http2Machine('server').open();
    machine.feed(whole);
    machine.streams[0]?.stream.writeEnd(undefined);
    machine.feed(bytes);
    expect(machine.broken?.code).toBe(code);
  });

  test('what is still on its way for a stream that we have reset means nothing', () => {
    const machine = new Http2Machine('server').open();
    machine.feed(open);
    machine.streams[0]?.stream.reset(8);
    machine.feed(data(1, 'late', 0), windowUpdate(1, 5), headersFrame(1, [['a', 'b']]), ping());
    expect(machine.broken).toBe(undefined);
    expect(machine.frames().map(({ type }) => type)).toEqual([FrameType.reset, FrameType.ping]);
  });
});

describe('6.9: windows of 65535 bytes that are not opened', () => {
  const piece = (stream: number) => frame(FrameType.data, 0, stream, Buffer.alloc(13_500));

  test.each<readonly [string, number, readonly number[], Expected]>([
    ['all of the connection\'s', 65_535, [1, 3, 1, 3, 1], { connection: flowControlError }],
    ['all of a stream\'s', 1 << 20, [1, 1, 1, 1, 1], { stream: flowControlError }],
  ])('%s', (_whose, connectionWindowBytes, streams, expected) => {
    const machine = new Http2Machine('server', { connectionWindowBytes });
    machine.takesBodies = false;
    machine.open().feed(open, headersFrame(3, requestHeaders({ ':method': 'POST' }), Flag.endHeaders), ...streams.map(piece));
    if ('connection' in Object(expected)) expect({ connection: machine.broken?.code }).toEqual(expected);
    else expect({ stream: machine.frames().find(({ type }) => type === FrameType.reset)?.payload.readUInt32BE() }).toEqual(expected);
  });
});

test('cut anywhere, a conversation is read the same', () => {
  const bytes = Buffer.concat([open, data(1, 'hello', 0), ping(), settingsFrame([4, 1000]), padded(3, 0, FrameType.data, Buffer.from('abc\0\0\0')), headersFrame(1, [['x-sum', '9']]), headersFrame(3, requestHeaders({ 'x-one': 'a'.repeat(300) }))]);
  for (let size = 1; size <= 40; size += 1) {
    const machine = new Http2Machine('server').open();
    for (let at = 0; at < bytes.length; at += size) machine.feed(Buffer.from(bytes.subarray(at, at + size)));
    expect(machine.streams.map(({ head, body, trailers }) => [head?.path, body, trailers?.entries()])).toEqual([['/', 'helloabc', [['x-sum', '9']]], ['/', '', undefined]]);
    expect(machine.streams[1]?.head?.get('x-one')).toHaveLength(300);
  }
});
