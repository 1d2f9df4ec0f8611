/** Exchanges over real sockets, over both transports: framing, keep-alive, interim responses, pipelining. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { createTestConfig, startRawUpstream, startTestProxy, unchunk, type RawPeer } from './testing/index.ts';

const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';
const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** Answers every request of a connection with its number. */
async function answerAll(peer: RawPeer): Promise<void> {
  for (let number = 1; ; number += 1) {
    await peer.readHead();
    peer.write(ok(`answer ${number}`));
  }
}

/** A response with a body by length, as text. */
async function readResponse(client: RawPeer): Promise<{ head: string; body: string }> {
  const head = await client.readHead();
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? '0');
  return { head, body: (await client.readBytes(length)).toString('latin1') };
}

describe.each(['reused', 'events'] as const)('over the %s transport', (transport) => {
  test('requests of one client follow each other on one upstream connection', async () => {
    await using upstream = await startRawUpstream(answerAll);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    for (const number of [1, 2, 3]) {
      client.write(get);
      expect((await readResponse(client)).body).toBe(`answer ${number}`);
    }
    expect(upstream.peers).toHaveLength(1);
    expect(proxy.metric('envoy_cluster_upstream_rq_total')).toBe(3);
    expect(proxy.metric('envoy_http_downstream_rq_xx', { envoy_response_code_class: '2' })).toBe(3);
    expect(proxy.proxy.activeStreams).toBe(0);
  });

  test('pipelined requests are answered in order, one at a time', async () => {
    await using upstream = await startRawUpstream(answerAll);
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write(get.repeat(20));
    for (let number = 1; number <= 20; number += 1) expect((await readResponse(client)).body).toBe(`answer ${number}`);
    expect(upstream.peers).toHaveLength(1);
  });

  test('a request that comes byte by byte is the same request', async () => {
    const heads: string[] = [];
    await using upstream = await startRawUpstream(async (peer) => {
      heads.push(await peer.readHead());
      heads.push((await peer.readBytes(5)).toString());
      peer.write(ok('done'));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    for (const byte of 'POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello') {
      client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await readResponse(client)).body).toBe('done');
    expect(heads).toEqual(['POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nx-forwarded-proto: http\r\n\r\n', 'hello']);
  });

  test('a chunked request arrives chunked, without its extensions and with its trailers', async () => {
    let received = '';
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      received = await peer.readUntil('0\r\nx-sum: 9\r\n\r\n');
      peer.write(ok('done'));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n4\r\n1234\r\n0\r\nx-sum: 9\r\nhost: evil\r\n\r\n');
    expect((await readResponse(client)).body).toBe('done');
    expect(received).toBe('5\r\nhello\r\n4\r\n1234\r\n0\r\nx-sum: 9\r\n\r\n');
  });

  test('a chunked response arrives chunked, with its trailers', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 3\r\n\r\n');
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write(get);
    expect(await client.readHead()).toContain('transfer-encoding: chunked');
    expect(await client.readUntil('0\r\nx-sum: 3\r\n\r\n')).toBe('3\r\nabc\r\n0\r\nx-sum: 3\r\n\r\n');
  });

  test('a response until close is chunked for HTTP/1.1 and closed for HTTP/1.0', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\n\r\nall of it');
      peer.end();
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const modern = await proxy.connect();
    modern.write(get);
    expect(await modern.readHead()).toContain('transfer-encoding: chunked');
    expect(await modern.readUntil('0\r\n\r\n')).toBe('9\r\nall of it\r\n0\r\n\r\n');
    const old = await proxy.connect();
    old.write('GET / HTTP/1.0\r\nhost: a\r\n\r\n');
    expect((await old.readToEnd()).toString()).toMatch(/connection: close\r\n\r\nall of it$/);
  });

  test('answers to HEAD, 204 and 304 have no body whatever their fields say', async () => {
    const answers = ['HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 999\r\n\r\n', ok('next')];
    await using upstream = await startRawUpstream(async (peer) => {
      for (const answer of answers) {
        await peer.readHead();
        peer.write(answer);
      }
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write('HEAD / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-length: 999/);
    client.write(get);
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 204/);
    client.write(get);
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 304/);
    client.write(get);
    expect((await readResponse(client)).body).toBe('next');
    expect(upstream.peers).toHaveLength(1);
  });

  test('the client is asked for its body once the upstream is there', async () => {
    let head = '';
    await using upstream = await startRawUpstream(async (peer) => {
      head = await peer.readHead();
      expect((await peer.readBytes(4)).toString()).toBe('body');
      peer.write(ok('done'));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write('PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n');
    expect(await client.readHead()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('body');
    expect((await readResponse(client)).body).toBe('done');
    expect(head).not.toMatch(/expect/i);
  });

  test('early hints reach HTTP/1.1 clients, a second 100 does not, a flood is cut', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok('done')}`);
      await peer.readHead();
      peer.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3000));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write(get);
    expect(await client.readHead()).toBe('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
    expect((await readResponse(client)).body).toBe('done');
    client.write(get);
    expect(await client.readUntil('HTTP/1.1 502')).toMatch(/^(HTTP\/1.1 103 Early Hints\r\n\r\n){1,16}HTTP\/1.1 502$/);
  });

  test('an early final response is delivered and ends both connections', async () => {
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write(ok('enough'));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\npart');
    const { head, body } = await readResponse(client);
    expect([head.includes('connection: close'), body]).toEqual([true, 'enough']);
    await client.readToEnd();
    await upstream.peers[0]?.readToEnd();
    expect(proxy.proxy.activeStreams).toBe(0);
  });

  test('connection fields stay on their connection, both ways', async () => {
    let seen = '';
    await using upstream = await startRawUpstream(async (peer) => {
      seen = await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\nconnection: keep-alive, x-secret\r\nx-secret: 1\r\nkeep-alive: timeout=5\r\ncontent-length: 0\r\n\r\n');
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop, Host\r\nX-Hop: 1\r\nTE: trailers, gzip\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nX-Stay: 1\r\n\r\n');
    const before = Math.floor(Date.now() / 1000) * 1000;
    const [head = '', date = ''] = (await client.readHead()).split('date: ');
    expect(head).toBe('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n');
    expect(date).toBe(`${new Date(date).toUTCString()}\r\n\r\n`);
    expect(Date.parse(date)).toBeGreaterThanOrEqual(before - 1000);
    expect(seen).toBe('GET / HTTP/1.1\r\nHost: a\r\nX-Stay: 1\r\nte: trailers\r\nx-forwarded-proto: http\r\n\r\n');
  });

  test('20 MB of random bytes pass whole in both directions, also past slow readers', async () => {
    const blob = Buffer.alloc(20 << 20);
    for (let at = 0, state = 1; at < blob.length; at += 4) blob.writeInt32LE((state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + at) | 0, at);
    await using upstream = await startRawUpstream(async (peer, index) => {
      const head = await peer.readHead();
      if (head.startsWith('GET')) {
        peer.write(`HTTP/1.1 200 OK\r\n${index % 2 ? 'transfer-encoding: chunked' : `content-length: ${blob.length}`}\r\n\r\n`);
        if (index % 2) for (let at = 0; at < blob.length; at += 100_003) writeChunk(peer, blob.subarray(at, at + 100_003));
        else peer.write(blob);
        if (index % 2) peer.write('0\r\n\r\n');
        return;
      }
      // A reader that takes a rest now and then.
      const rests = setInterval(() => (peer.socket.isPaused() ? peer.socket.resume() : peer.socket.pause()), 3);
      const body = await peer.readBytes(blob.length);
      clearInterval(rests);
      peer.socket.resume();
      peer.write(ok(body.equals(blob) ? 'equal' : 'different'));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }), { transport });
    const exchanges = [0, 1, 2, 3].map(async () => {
      const client = await proxy.connect();
      client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
      const rests = setInterval(() => (client.socket.isPaused() ? client.socket.resume() : client.socket.pause()), 3);
      const head = await client.readHead();
      const body = head.includes('chunked') ? unchunk(await client.readToEnd()) : await client.readBytes(blob.length);
      clearInterval(rests);
      expect(body.equals(blob)).toBe(true);
    });
    const uploads = [0, 1].map(async () => {
      const client = await proxy.connect();
      client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${blob.length}\r\n\r\n`);
      client.write(blob);
      expect((await readResponse(client)).body).toBe('equal');
    });
    await Promise.all([...exchanges, ...uploads]);
  });
});

function writeChunk(peer: RawPeer, data: Buffer): void {
  peer.write(`${data.length.toString(16)}\r\n`);
  peer.write(data);
  peer.write('\r\n');
}
