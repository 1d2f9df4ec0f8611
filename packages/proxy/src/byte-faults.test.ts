/**
 * Peers that fail after every single byte: an upstream that resets, ends or falls silent within its response, a client
 * that resets or ends within its request. What is cut must look cut, nobody may hang, and nothing may be left held.
 */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { createTestConfig, startRawUpstream, startTestProxy, unchunk, type ProxyFixture, type RawPeer } from './testing/index.ts';

/** What a client has after an exchange on a connection of its own. */
interface Received {
  /** 0: not even a head. */
  readonly status: number;
  /** Whether it looks like a whole response. */
  readonly isWhole: boolean;
  readonly body: string;
}

function judge(bytes: Buffer): Received {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  if (headEnd === 3) return { status: 0, isWhole: false, body: '' };
  const head = text.slice(0, headEnd).toLowerCase();
  const rest = bytes.subarray(headEnd);
  const status = Number(text.slice(9, 12));
  if (head.includes('transfer-encoding: chunked')) {
    const isWhole = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(rest.toString('latin1'));
    return { status, isWhole, body: isWhole ? unchunk(rest).toString('latin1') : '' };
  }
  const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
  return { status, isWhole: rest.length === length, body: rest.toString('latin1') };
}

/** Runs them all, some at a time. */
async function inBatches<T>(items: readonly T[], size: number, work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += size) await Promise.all(items.slice(at, at + size).map(work));
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count + 1 }, (_, index) => index);
}

async function expectNothingHeld(proxy: ProxyFixture): Promise<void> {
  const held = () => [proxy.proxy.activeStreams, proxy.proxy.activeConnections, proxy.metric('envoy_cluster_upstream_rq_active'), proxy.metric('envoy_cluster_upstream_rq_pending_active')];
  for (let tries = 0; tries < 500 && held().some((count) => count > 0); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(held()).toEqual([0, 0, 0, 0]);
  expect(proxy.logLines).toEqual([]);
}

const body = 'The quick brown fox jumps over the lazy dog. '.repeat(4);
const padding = `x-padding: ${'p'.repeat(40)}`;
const chunks = `${(60).toString(16)}\r\n${body.slice(0, 60)}\r\n${(body.length - 60).toString(16)}\r\n${body.slice(60)}\r\n0\r\n`;

const responses = {
  'by length': `HTTP/1.1 200 OK\r\n${padding}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  'in chunks': `HTTP/1.1 200 OK\r\n${padding}\r\ntransfer-encoding: chunked\r\n\r\n${chunks}\r\n`,
  'with trailers': `HTTP/1.1 200 OK\r\n${padding}\r\ntrailer: grpc-status\r\ntransfer-encoding: chunked\r\n\r\n${chunks}grpc-status: 0\r\n\r\n`,
  'until it closes': `HTTP/1.1 200 OK\r\n${padding}\r\nconnection: close\r\n\r\n${body}`,
} as const;

type Framing = keyof typeof responses;
type Fault = 'resets' | 'ends' | 'falls silent';

/** Asked for `/<number>`, it sends so many bytes of its response, and then fails. */
function failing(response: string, fault: Fault): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    const head = await peer.readHead();
    const bytes = Number(/^GET \/(\d+)/.exec(head)?.[1]);
    if (bytes > 0) await new Promise((sent) => peer.socket.write(response.slice(0, bytes), 'latin1', sent));
    if (fault === 'ends') peer.end();
    // A reset at once would take back what has been sent.
    if (fault === 'resets') setTimeout(() => peer.reset(), 5);
  };
}

async function ask(proxy: ProxyFixture, path: string): Promise<Received> {
  const client = await proxy.connect();
  client.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  return judge(await client.readToEnd());
}

const faults: readonly Fault[] = ['resets', 'ends', 'falls silent'];
const framings = Object.keys(responses) as Framing[];

describe.concurrent.each(faults)('an upstream that %s after each byte of its response', (fault) => {
  test.each(framings)('%s', { timeout: 120_000 }, async (framing) => {
    const response = responses[framing];
    const headBytes = response.indexOf('\r\n\r\n') + 4;
    await using upstream = await startRawUpstream(failing(response, fault));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], route: { timeoutMs: fault === 'falls silent' ? 1_000 : 60_000 } }));
    const isSilent = fault === 'falls silent';
    const wrong: string[] = [];
    await inBatches(upTo(response.length), isSilent ? 400 : 40, async (bytes) => {
      const received = await ask(proxy, `/${bytes}`);
      const expected = expectedOf(bytes, headBytes, response.length, framing, fault);
      if (!expected(received)) wrong.push(`${bytes} of ${response.length} bytes (head ${headBytes}): ${JSON.stringify(received)}`);
    });
    expect(wrong).toEqual([]);
    expect(proxy.metric('envoy_cluster_upstream_rq_total')).toBe(response.length + 1);
    if (isSilent) expect(proxy.metric('envoy_cluster_upstream_rq_timeout')).toBeGreaterThan(headBytes - 1);
    else expect(proxy.metric('envoy_cluster_upstream_cx_protocol_error')).toBe(headBytes - 1);
    await expectNothingHeld(proxy);
  });
});

/** What the client may have, of a response cut after so many bytes. */
function expectedOf(bytes: number, headBytes: number, allBytes: number, framing: Framing, fault: Fault): (received: Received) => boolean {
  const isClosed = framing === 'until it closes';
  const whole = ({ status, isWhole, body: text }: Received) => status === 200 && isWhole && text === body;
  const refused = (status: number) => (received: Received) => received.status === status && received.isWhole;
  const cut = ({ status, isWhole }: Received) => status === 200 && !isWhole;
  if (bytes < headBytes) return refused(fault === 'falls silent' ? 504 : bytes === 0 ? 503 : 502);
  // Its end is how such a response ends: where it should have ended, nobody can know.
  if (isClosed && fault === 'ends') return ({ status, isWhole, body: text }) => status === 200 && isWhole && body.startsWith(text) && text.length === bytes - headBytes;
  if (bytes === allBytes && !isClosed) return whole;
  return cut;
}

const requestBody = 'b'.repeat(120);
const requests = {
  'by length': (path: string) => `POST ${path} HTTP/1.1\r\nhost: a\r\n${padding}\r\ncontent-length: ${requestBody.length}\r\n\r\n${requestBody}`,
  'in chunks': (path: string) => `POST ${path} HTTP/1.1\r\nhost: a\r\n${padding}\r\ntransfer-encoding: chunked\r\n\r\n3c\r\n${requestBody.slice(0, 60)}\r\n3c\r\n${requestBody.slice(60)}\r\n0\r\n\r\n`,
} as const;

/** Remembers whose requests came whole, and whose were cut; answers the whole ones. */
function recording() {
  const whole = new Set<string>();
  const cut = new Set<string>();
  return {
    whole,
    cut,
    async script(peer: RawPeer) {
      for (;;) {
        const head = await peer.readHead();
        const path = head.split(' ')[1] ?? '';
        try {
          if (head.includes('content-length')) await peer.readBytes(requestBody.length);
          else await peer.readUntil('\r\n0\r\n\r\n');
        } catch {
          cut.add(path);
          return peer.end();
        }
        whole.add(path);
        peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      }
    },
  };
}

describe.concurrent.each(['resets', 'ends'] as const)('a client that %s after each byte of its request', (fault) => {
  test.each(['by length', 'in chunks'] as const)('%s', { timeout: 120_000 }, async (framing) => {
    const upstreamSide = recording();
    await using upstream = await startRawUpstream((peer) => upstreamSide.script(peer));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const pathOf = (bytes: number) => `/${String(bytes).padStart(4, '0')}`;
    const all = requests[framing](pathOf(0)).length;
    const headBytes = requests[framing](pathOf(0)).indexOf('\r\n\r\n') + 4;
    const wrong: string[] = [];
    await inBatches(upTo(all), 40, async (bytes) => {
      const client = await proxy.connect();
      if (bytes > 0) await new Promise((sent) => client.socket.write(requests[framing](pathOf(bytes)).slice(0, bytes), 'latin1', sent));
      if (fault === 'resets') {
        // What was sent shall come before the reset does.
        await new Promise((resolve) => setTimeout(resolve, 5));
        return client.reset();
      }
      client.end();
      const received = judge(await client.readToEnd());
      const isAnswered = received.status === 200 && received.isWhole;
      if (isAnswered !== (bytes === all)) wrong.push(`${bytes} of ${all} bytes: ${JSON.stringify(received)}`);
    });
    expect(wrong).toEqual([]);
    await expectNothingHeld(proxy);
    // Nobody but the client may say that its request is whole.
    const completed = [...upstreamSide.whole].filter((path) => path !== pathOf(all));
    expect(completed).toEqual([]);
    // The upstream hears of the last one a moment later; one that was cut just as it began may never have come to it.
    for (let tries = 0; tries < 500 && upstreamSide.cut.size < all - headBytes - 1; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(upstreamSide.cut.size).toBeGreaterThanOrEqual(all - headBytes - 1);
    expect(proxy.metric('envoy_cluster_upstream_rq_tx_reset')).toBeGreaterThanOrEqual(upstreamSide.cut.size);
    expect(proxy.metric('envoy_http_downstream_cx_destroy_remote_active_rq')).toBeGreaterThanOrEqual(all - headBytes - 1);
  });
});

describe('half a connection', () => {
  test('that the client has closed after its request still carries the answer', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      setTimeout(() => peer.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate'), 30);
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    client.end();
    expect(judge(await client.readToEnd())).toMatchObject({ status: 200, body: 'late', isWhole: true });
  });

  test('that the upstream has closed before it read the request carries none: 503', async () => {
    await using upstream = await startRawUpstream((peer) => peer.end());
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const received = await ask(proxy, '/');
    expect([received.status, received.isWhole]).toEqual([503, true]);
  });
});

test('an upstream that reads nothing of a large request costs a timeout, and holds little', { timeout: 60_000 }, async () => {
  await using upstream = await startRawUpstream((peer) => void peer.socket.pause());
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], manager: { streamIdleTimeoutMs: 1_000 } }));
  const client = await proxy.connect();
  const megabyte = Buffer.alloc(1 << 20, 'x');
  client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${256 * megabyte.length}\r\n\r\n`);
  let sent = 0;
  const pump = (): void => {
    if (sent === 256 || client.ended) return;
    sent += 1;
    client.socket.write(megabyte, () => pump());
  };
  pump();
  expect(await client.readHead()).toMatch(/^HTTP\/1.1 408/);
  expect(sent).toBeLessThan(64);
  expect(proxy.metric('envoy_http_downstream_rq_idle_timeout')).toBe(1);
});
