/** What a connection of HTTP/2 allows its client. */
import { Buffer } from 'node:buffer';
import { describe } from 'vitest';
import { beginHttp2, encodeFields, Flag, frame, FrameType, headersFrame, http2PrefaceText, readFrameWhere, requestHeaders, resetFrame, windowUpdate, type FilterFixture, type RawPeer } from '../testing/index.ts';
import { settingsFrame } from '../testing/http2-frames.ts';
import { answering, silent, testLimits, type LimitCase } from '../testing/limit-case.ts';

const brief = '0.05s';
const http2 = (fields: object): object => ({ manager: { http2_protocol_options: fields } });
const times = (count: number, piece: (index: number) => Buffer): Buffer => Buffer.concat(Array.from({ length: count }, (_, index) => piece(index)));

/** Writes this behind a preface, and reads what comes until the end. */
function sending(...frames: readonly Buffer[]): NonNullable<LimitCase['reach']> {
  return async (proxy) => {
    const client = await begin(proxy);
    client.write(Buffer.concat(frames));
    await client.readToEnd();
  };
}

async function begin(proxy: FilterFixture): Promise<RawPeer> {
  const client = await proxy.connect();
  beginHttp2(client);
  return client;
}

const large = answering(`HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n${'a'.repeat(70_000)}`);

/** The window of 65,535 bytes is never opened further. */
async function takingLittle(proxy: FilterFixture): Promise<void> {
  const client = await begin(proxy);
  client.write(headersFrame(1));
  await readFrameWhere(client, ({ type }) => type === FrameType.reset);
}

const post = headersFrame(1, requestHeaders({ ':method': 'POST' }), Flag.endHeaders);

describe('floods', () => {
  testLimits([
    {
      limit: 'Http2ProtocolOptions.max_consecutive_inbound_frames_with_empty_payload',
      options: { ...http2({ max_consecutive_inbound_frames_with_empty_payload: 2 }), upstream: silent },
      reach: sending(post, times(3, () => frame(FrameType.data, 0, 1))),
      counter: 'envoy_http2_inbound_empty_frames_flood',
    },
    {
      limit: 'Http2ProtocolOptions.max_inbound_priority_frames_per_stream',
      options: http2({ max_inbound_priority_frames_per_stream: 1 }),
      reach: sending(times(2, (index) => frame(FrameType.priority, 0, 1, Buffer.from([0, 0, 0, 3 + index, 1])))),
      counter: 'envoy_http2_inbound_priority_frames_flood',
    },
    {
      limit: 'Http2ProtocolOptions.max_inbound_window_update_frames_per_data_frame_sent',
      options: http2({ max_inbound_window_update_frames_per_data_frame_sent: 1 }),
      reach: sending(times(6, () => windowUpdate(0, 1))),
      counter: 'envoy_http2_inbound_window_update_frames_flood',
    },
    {
      limit: 'Http2ProtocolOptions.max_outbound_control_frames',
      options: http2({ max_outbound_control_frames: 20 }),
      reach: sending(times(30, () => frame(FrameType.ping, 0, 0, Buffer.alloc(8)))),
      counter: 'envoy_http2_outbound_control_flood',
    },
    {
      limit: 'Http2ProtocolOptions.max_outbound_frames',
      options: { ...http2({ max_outbound_frames: 20 }), upstream: answering(`HTTP/1.1 200 OK\r\ncontent-length: ${1 << 20}\r\n\r\n${'a'.repeat(1 << 20)}`) },
      // Windows that never close, and nobody who reads.
      async reach(proxy) {
        const client = await proxy.connect();
        client.socket.pause();
        client.write(Buffer.concat([Buffer.from(http2PrefaceText, 'latin1'), settingsFrame([4, 0x7fffffff]), windowUpdate(0, 0x7fff0000 - 65_535), times(60, (index) => headersFrame(2 * index + 1))]));
      },
      counter: 'envoy_http2_outbound_flood',
    },
    {
      limit: 'streams that end before they are answered',
      options: { upstream: silent },
      reach: sending(times(600, (index) => Buffer.concat([headersFrame(2 * index + 1), resetFrame(2 * index + 1)]))),
      counter: 'envoy_http_downstream_rq_too_many_premature_resets',
    },
  ]);
});

describe('time', () => {
  testLimits([
    {
      limit: 'Http2ProtocolOptions.KeepaliveSettings.timeout',
      options: http2({ connection_keepalive: { interval: brief, timeout: brief } }),
      reach: sending(),
      counter: 'envoy_http2_keepalive_timeout',
    },
    {
      limit: 'HttpConnectionManager.stream_flush_timeout',
      options: { manager: { stream_flush_timeout: brief }, upstream: large },
      reach: takingLittle,
      counter: 'envoy_http2_tx_flush_timeout',
    },
    {
      limit: 'RouteAction.flush_timeout',
      options: { route: { route: { cluster: 'backend', flush_timeout: brief } }, upstream: large },
      reach: takingLittle,
      counter: 'envoy_http2_tx_flush_timeout',
    },
  ]);
});

describe('size and number', () => {
  const beyond = (fields: readonly (readonly [string, string])[]): NonNullable<LimitCase['reach']> => async (proxy) => {
    const client = await begin(proxy);
    client.write(headersFrame(1, [...requestHeaders(), ...fields]));
    await readFrameWhere(client, ({ type, stream }) => stream === 1 && (type === FrameType.headers || type === FrameType.reset));
  };
  testLimits([
    {
      limit: 'Http2ProtocolOptions.max_concurrent_streams',
      options: { ...http2({ max_concurrent_streams: 2 }), upstream: silent },
      async reach(proxy) {
        const client = await begin(proxy);
        client.write(times(3, (index) => headersFrame(2 * index + 1)));
        await readFrameWhere(client, ({ type, stream }) => type === FrameType.reset && stream === 5);
      },
      counter: 'envoy_http2_tx_reset',
    },
    {
      limit: 'HttpProtocolOptions.max_headers_count (HTTP/2)',
      options: { manager: { common_http_protocol_options: { max_headers_count: 10 } } },
      reach: beyond(Array.from({ length: 20 }, (_, index) => [`x-${index}`, 'a'])),
      log: '0 DPE http2.too_many_headers',
      counter: 'envoy_http2_header_overflow',
    },
    {
      limit: 'HttpConnectionManager.max_request_headers_kb (HTTP/2)',
      options: { manager: { max_request_headers_kb: 1 } },
      reach: beyond([['x-large', 'a'.repeat(1024)]]),
      log: '431 DPE http1.headers_too_large',
      counter: 'envoy_http2_header_overflow',
    },
    {
      limit: 'coded bytes of a head that never ends',
      options: { manager: { max_request_headers_kb: 1 } },
      reach: sending(headersFrame(1, requestHeaders(), Flag.endStream), times(80, () => frame(FrameType.continuation, 0, 1, encodeFields([['x-more', 'a'.repeat(1000)]])))),
      counter: 'envoy_http2_header_overflow',
    },
  ]);
});
