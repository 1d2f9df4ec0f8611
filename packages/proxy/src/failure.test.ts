/** How exchanges end when one side does not play along: each has its outcome, its flag, and nothing is left held. */
import { describe, expect, test } from 'vitest';
import type { HttpFilter } from './filters/filter.ts';
import { RouterFilter } from './filters/router/router-filter.ts';
import type { AccessLogConfig } from './proxy-config.ts';
import { createTestConfig, startRawUpstream, startTestProxy, type ProxyFixture, type RawPeer, type TestConfig } from './testing/index.ts';

const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';
const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** `status flags details` of each stream, in the order they ended. */
const outcomeLog: AccessLogConfig = {
  path: '/dev/stdout',
  write: ({ info }, { code }, line) => line.text(`${info.status} ${info.flags || '-'} ${code}\n`),
};

function start(upstreams: TestConfig['upstreams'], changes: Partial<TestConfig> = {}): Promise<ProxyFixture> {
  return startTestProxy(createTestConfig({ upstreams, ...changes, manager: { accessLogs: [outcomeLog], ...changes.manager } }));
}

/** What the log said, after everything has ended. */
async function logOf(proxy: ProxyFixture): Promise<readonly string[]> {
  await proxy.proxy.close();
  return proxy.logLines;
}

async function closedPort(): Promise<{ host: string; port: number }> {
  const upstream = await startRawUpstream(() => {});
  await upstream[Symbol.asyncDispose]();
  return upstream.address;
}

describe('the upstream', () => {
  test('refuses the connection: 503 UF', async () => {
    await using proxy = await start([await closedPort()]);
    const client = await proxy.connect();
    client.write(get);
    expect(await client.readUntil('reset reason: connection failure')).toMatch(/^HTTP\/1.1 503/);
    client.write(get);
    expect(await client.readUntil('reset reason: connection failure')).toMatch(/^HTTP\/1.1 503/);
    expect(proxy.metric('envoy_cluster_upstream_cx_connect_fail')).toBe(2);
    expect(await logOf(proxy)).toEqual(['503 UF upstream-connect-failure', '503 UF upstream-connect-failure']);
  });

  test('closes before it answers: 503 UC, and the client may go on', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.end();
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab');
    expect(await client.readUntil('connection termination')).toMatch(/^HTTP\/1.1 503/);
    expect(await logOf(proxy)).toEqual(['503 UC upstream-closed']);
  });

  test.each([
    ['by length', 'content-length: 100\r\n\r\n0123456789'],
    ['chunked', 'transfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n'],
  ])('cuts a body %s: the client sees that it is cut', async (_how, rest) => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write(`HTTP/1.1 200 OK\r\n${rest}`);
      peer.end();
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    const received = (await client.readToEnd()).toString();
    expect(received).toContain('0123456789');
    expect(received.endsWith('0\r\n\r\n')).toBe(false);
    expect(await logOf(proxy)).toEqual(['200 UC upstream-truncated']);
  });

  test.each([
    ['status 000', 'HTTP/1.1 000 X\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['both framings', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nx: y\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`],
    ['too many fields', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(1000)}\r\n`],
    ['an unasked switch', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n'],
  ])('answers with %s: 502 UPE', async (_what, answer) => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write(answer);
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    expect(await client.readUntil('protocol error')).toMatch(/^HTTP\/1.1 502/);
    expect((await logOf(proxy))[0]).toMatch(/^502 UPE/);
  });

  test('spoils a chunk: the body ends visibly unfinished', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n');
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    expect((await client.readToEnd()).toString()).toMatch(/\r\n\r\n3\r\nabc\r\n$/);
    expect(await logOf(proxy)).toEqual(['200 UPE upstream-body-error']);
  });

  test('sends more than its answer: the rest is for nobody', async () => {
    await using upstream = await startRawUpstream(async (peer, index) => {
      await peer.readHead();
      peer.write(index === 0 ? ok('one') + ok('smuggled') : ok('two'));
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('one');
    client.write(get);
    expect(await client.readUntil('two')).not.toContain('smuggled');
    expect(upstream.peers).toHaveLength(2);
  });

  test('speaks on an idle connection: the connection is not used again', async () => {
    await using upstream = await startRawUpstream(async (peer, index) => {
      await peer.readHead();
      peer.write(ok(`from ${index}`));
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('from 0');
    upstream.peers[0]?.write(ok('unasked'));
    await upstream.peers[0]?.readToEnd();
    client.write(get);
    await client.readUntil('from 1');
    expect(proxy.metric('envoy_cluster_upstream_cx_unasked_bytes')).toBe(1);
  });

  test('does not answer in time: 504 UT and its connection is closed', async () => {
    await using upstream = await startRawUpstream(async (peer) => void (await peer.readHead()));
    await using proxy = await start([upstream.address], { route: { timeoutMs: 40 } });
    const client = await proxy.connect();
    client.write(get);
    expect(await client.readUntil('upstream request timeout')).toMatch(/^HTTP\/1.1 504/);
    await upstream.peers[0]?.readToEnd();
    expect(proxy.metric('envoy_cluster_upstream_rq_active')).toBe(0);
    expect(await logOf(proxy)).toEqual(['504 UT upstream-timeout']);
  });
});

describe('the keep-alive race', () => {
  /** Answers once per connection, and closes when the second request comes. */
  const closesOnSecond = async (peer: RawPeer, index: number) => {
    await peer.readHead();
    peer.write(ok(`first on ${index}`));
    await peer.readHead();
    peer.reset();
  };

  test('a GET is sent once more, on a fresh connection', async () => {
    await using upstream = await startRawUpstream(closesOnSecond);
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('first on 0');
    client.write(get);
    await client.readUntil('first on 1');
    expect(proxy.metric('envoy_cluster_upstream_rq_retry')).toBe(1);
    expect(proxy.metric('envoy_cluster_upstream_rq_retry_success')).toBe(1);
  });

  test('a POST is not', async () => {
    await using upstream = await startRawUpstream(closesOnSecond);
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('first on 0');
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx');
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 503/);
    expect(upstream.peers).toHaveLength(1);
  });

  test('a second failure is final', async () => {
    await using upstream = await startRawUpstream(async (peer, index) => {
      await peer.readHead();
      if (index === 0) peer.write(ok('first'));
      await peer.readHead();
      peer.reset();
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('first');
    client.write(get);
    // The fresh connection takes the request and stays silent until the script sees a second head, so it is reset by hand.
    while (upstream.peers.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    upstream.peers[1]?.reset();
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 503/);
    expect(upstream.peers).toHaveLength(2);
  });
});

describe('the client', () => {
  test('goes away while it waits: the upstream is let go, DC', async () => {
    await using upstream = await startRawUpstream(async (peer) => void (await peer.readHead()));
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    while (proxy.metric('envoy_cluster_upstream_rq_active') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    client.reset();
    await upstream.peers[0]?.readToEnd();
    expect(proxy.proxy.activeStreams).toBe(0);
    expect(await logOf(proxy)).toEqual(['0 DC downstream-closed']);
  });

  test('goes away, and the log still knows where it had come in', async () => {
    await using upstream = await startRawUpstream(async (peer) => void (await peer.readHead()));
    const localLog: AccessLogConfig = { path: '/dev/stdout', write: ({ info }, _outcome, line) => line.text(`${info.flags} ${info.downstreamLocal.host}:${info.downstreamLocal.port}\n`) };
    await using proxy = await start([upstream.address], { manager: { accessLogs: [localLog] } });
    const client = await proxy.connect();
    client.write(get);
    while (proxy.metric('envoy_cluster_upstream_rq_active') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    client.reset();
    await upstream.peers[0]?.readToEnd();
    expect(await logOf(proxy)).toEqual([`DC 127.0.0.1:${proxy.address.port}`]);
  });

  test('half-closes after its request: the answer is delivered', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      await new Promise((resolve) => setTimeout(resolve, 20));
      peer.write(ok('late'));
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(get);
    client.end();
    expect((await client.readToEnd()).toString()).toMatch(/late$/);
  });

  test('half-closes within its body: the upstream never sees a whole request', async () => {
    let received = '';
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      received = (await peer.readToEnd()).toString();
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
    while (upstream.peers.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    client.end();
    await client.readToEnd();
    expect(received.endsWith('0\r\n\r\n')).toBe(false);
    expect((await logOf(proxy))[0]).toMatch(/DC downstream-closed$/);
  });

  test.each([
    ['a head that is too large', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`, 431],
    ['too many fields', `GET / HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(101)}\r\n`, 431],
    ['an endless target', `GET /${'y'.repeat(70_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 414],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two framings', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['a version that is not HTTP/1', 'GET / HTTP/2.0\r\nhost: a\r\n\r\n', 505],
    ['an unknown coding', 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n', 501],
    ['an odd expectation', 'POST / HTTP/1.1\r\nhost: a\r\nexpect: y 100-continue\r\ncontent-length: 1\r\n\r\n', 417],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001', 400],
  ])('sends %s: the refusal arrives and the connection ends', async (_what, bytes, status) => {
    await using upstream = await startRawUpstream(() => {});
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write(bytes);
    const answer = (await client.readToEnd()).toString();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('connection: close');
    expect(upstream.peers).toHaveLength(0);
  });

  test('spoils a chunk: 400, and the upstream never sees the end', async () => {
    let received = '';
    await using upstream = await startRawUpstream(async (peer) => {
      received = (await peer.readToEnd()).toString();
    });
    await using proxy = await start([upstream.address]);
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n+5\r\n');
    expect((await client.readToEnd()).toString()).toMatch(/^HTTP\/1.1 400/);
    await upstream.peers[0]?.readToEnd();
    expect(received.endsWith('0\r\n\r\n')).toBe(false);
  });

  test('is slow with its head: 408', async () => {
    await using proxy = await start([], { manager: { requestHeadTimeoutMs: 30 } });
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nho');
    expect((await client.readToEnd()).toString()).toMatch(/^HTTP\/1.1 408/);
    expect(proxy.metric('envoy_http_downstream_rq_header_timeout')).toBe(1);
  });

  test('is slow with its body: 408', async () => {
    await using upstream = await startRawUpstream(() => {});
    await using proxy = await start([upstream.address], { manager: { requestTimeoutMs: 30 } });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc');
    expect((await client.readToEnd()).toString()).toMatch(/^HTTP\/1.1 408/);
    expect(proxy.metric('envoy_http_downstream_rq_timeout')).toBe(1);
  });

  test('says nothing for too long: the connection is closed', async () => {
    await using proxy = await start([], { manager: { idleTimeoutMs: 30 } });
    const client = await proxy.connect();
    expect((await client.readToEnd()).length).toBe(0);
    expect(proxy.metric('envoy_http_downstream_cx_idle_timeout')).toBe(1);
  });

  test('and the upstream both fall silent: the stream ends', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
    });
    await using proxy = await start([upstream.address], { manager: { streamIdleTimeoutMs: 40 } });
    const client = await proxy.connect();
    client.write(get);
    expect((await client.readToEnd()).toString()).toMatch(/abc$/);
    expect(await logOf(proxy)).toEqual(['200 SI stream-idle-timeout']);
  });
});

describe('the proxy', () => {
  test('has no route: 404 NR; no cluster: 503 NC; no host: 503 UH', async () => {
    await using none = await start([], { routes: { name: 'empty', match: () => undefined } });
    const first = await none.connect();
    first.write(get);
    expect(await first.readHead()).toMatch(/^HTTP\/1.1 404/);
    expect(await logOf(none)).toEqual(['404 NR no-route']);
    await using dangling = await start([], { route: { clusterName: 'nowhere' } });
    const second = await dangling.connect();
    second.write(get);
    expect(await second.readHead()).toMatch(/^HTTP\/1.1 503/);
    expect(await logOf(dangling)).toEqual(['503 NC no-cluster']);
    await using empty = await start([]);
    const third = await empty.connect();
    third.write(get);
    expect(await third.readUntil('no healthy upstream')).toMatch(/^HTTP\/1.1 503/);
    expect(await logOf(empty)).toEqual(['503 UH no-healthy-upstream']);
  });

  test('has a filter that throws at a pipelined request: that stream is over, and others go on', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      for (;;) {
        await peer.readHead();
        peer.write(ok('fine'));
      }
    });
    const throwing: HttpFilter = {
      name: 'throwing',
      onRequest({ request }) {
        if (request.path === '/throw') throw new Error('a mistake');
        return 'continue';
      },
    };
    await using proxy = await start([upstream.address], { manager: { filters: [throwing, new RouterFilter({ suppressEnvoyHeaders: true })] } });
    const client = await proxy.connect();
    client.write(`${get}GET /throw HTTP/1.1\r\nhost: a\r\n\r\n`);
    expect((await client.readToEnd()).toString()).toMatch(/fine$/);
    const other = await proxy.connect();
    other.write(get);
    expect(await other.readUntil('fine')).toMatch(/^HTTP\/1.1 200/);
    expect(await logOf(proxy)).toEqual(['200 - completed', '0 - internal-error', '200 - completed']);
  });

  test('is at a limit: 503 UO with a header that says so', async () => {
    await using upstream = await startRawUpstream(async (peer) => void (await peer.readHead()));
    await using proxy = await start([upstream.address], { cluster: { requestsMax: 1 } });
    const [first, second] = [await proxy.connect(), await proxy.connect()];
    first.write(get);
    while (proxy.metric('envoy_cluster_upstream_rq_active') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    second.write(get);
    expect(await second.readHead()).toMatch(/^HTTP\/1.1 503.*x-envoy-overloaded: true/s);
    expect(proxy.metric('envoy_cluster_upstream_rq_pending_overflow')).toBe(1);
  });

  test('lets requests wait for a connection when it may not make another', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      for (;;) {
        await peer.readHead();
        peer.write(ok('served'));
      }
    });
    await using proxy = await start([upstream.address], { cluster: { connectionsMax: 1 } });
    const clients = await Promise.all(Array.from({ length: 10 }, () => proxy.connect()));
    for (const client of clients) client.write(get);
    for (const client of clients) await client.readUntil('served');
    expect(upstream.peers).toHaveLength(1);
  });

  test('takes no more connections than it may', async () => {
    await using proxy = await start([], { connectionsMax: 1 });
    const [first, second] = [await proxy.connect(), await proxy.connect()];
    await second.readToEnd();
    first.write(get);
    expect(await first.readHead()).toMatch(/^HTTP\/1.1 503/);
    expect(proxy.metric('envoy_listener_downstream_cx_overflow')).toBe(1);
  });

  test('answers a gRPC client in gRPC', async () => {
    await using proxy = await start([]);
    const client = await proxy.connect();
    client.write('POST /a.B/C HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\r\n');
    const head = await client.readHead();
    expect(head).toMatch(/^HTTP\/1.1 200/);
    expect(head).toContain('grpc-status: 14\r\ngrpc-message: no healthy upstream\r\n');
  });
});
