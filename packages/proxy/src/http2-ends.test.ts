/** How streams of HTTP/2 end before their time, in the words of the access log and the numbers of the codec. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { compileLineFormat } from './substitution/compile-format.ts';
import {
  beginHttp2,
  createTestConfig,
  encodeFields,
  Flag,
  frame,
  FrameType,
  headersFrame,
  readFrameWhere,
  requestHeaders,
  resetFrame,
  startRawUpstream,
  startTestProxy,
  type RawPeer,
} from './testing/index.ts';

/** A proxy before a host of HTTP/2 that does this with each request. */
async function start(answer: (peer: RawPeer, stream: number) => void) {
  const upstream = await startRawUpstream(async (peer) => {
    await peer.readBytes(24);
    peer.write(frame(FrameType.settings, 0, 0));
    for (;;) answer(peer, (await readFrameWhere(peer, ({ type }) => type === FrameType.headers)).stream);
  });
  const compiled = compileLineFormat('%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n', '-');
  if (!compiled.ok) throw new Error(compiled.message);
  const proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol: 'h2', manager: { accessLogs: [{ path: '/dev/stdout', write: (stream, _outcome, line) => compiled.format(stream, line) }] } }));
  const client = await proxy.connect();
  beginHttp2(client);
  return {
    proxy,
    client,
    async log() {
      await expect.poll(() => proxy.metric('envoy_http_downstream_rq_total')).toBe(1);
      await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
      await proxy.proxy.close();
      return proxy.logLines;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const head = (stream: number) => frame(FrameType.headers, Flag.endHeaders, stream, encodeFields([[':status', '200']]));

describe('the log', () => {
  test('of a client that resets its stream says DR, and the host is told to stop', async () => {
    await using it = await start(() => {});
    it.client.write(headersFrame(1));
    await expect.poll(() => it.proxy.metric('envoy_cluster_upstream_rq_active')).toBe(1);
    it.client.write(resetFrame(1));
    await expect.poll(() => it.proxy.metric('envoy_http2_rx_reset')).toBe(1);
    expect(it.proxy.metric('envoy_cluster_http2_tx_reset')).toBe(1);
    expect(await it.log()).toEqual(['0 DR http2.remote_reset']);
  });

  test('of a client that goes away says DC', async () => {
    await using it = await start(() => {});
    it.client.write(headersFrame(1));
    await expect.poll(() => it.proxy.metric('envoy_cluster_upstream_rq_active')).toBe(1);
    it.client.socket.destroy();
    expect((await it.log())[0]).toMatch(/^0 DC /);
  });

  test('of a malformed request says DPE', async () => {
    await using it = await start(() => {});
    it.client.write(headersFrame(1, requestHeaders({ connection: 'close' })));
    expect((await it.log())[0]).toMatch(/^0 DPE http2\.violation/);
    expect(it.proxy.metric('envoy_http2_rx_messaging_error')).toBe(1);
  });

  test('of a host that resets within its body says UR, and the client sees that it is cut', async () => {
    await using it = await start((peer, stream) => void peer.write(Buffer.concat([head(stream), frame(FrameType.data, 0, stream, Buffer.from('part')), resetFrame(stream, 2)])));
    it.client.write(headersFrame(1));
    const end = await readFrameWhere(it.client, ({ type, stream }) => stream === 1 && type === FrameType.reset);
    expect(end.payload.readUInt32BE()).toBe(2);
    expect((await it.log())[0]).toMatch(/^200 UR upstream_reset_after_response_started\{remote_reset\}/);
    expect(it.proxy.metric('envoy_cluster_http2_rx_reset')).toBe(1);
  });

  test('of a host that breaks a rule within its body says UPE', async () => {
    await using it = await start((peer, stream) => void peer.write(Buffer.concat([head(stream), frame(FrameType.headers, Flag.endHeaders, stream, encodeFields([['a', 'b']]))])));
    it.client.write(headersFrame(1));
    await readFrameWhere(it.client, ({ type, stream }) => stream === 1 && type === FrameType.reset);
    expect((await it.log())[0]).toMatch(/^200 UPE /);
  });
});
