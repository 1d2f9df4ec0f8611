/** Every time limit of a stream that a route or its connection manager may set: what it measures, what it answers, what it counts. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { answerWith, startFilterProxy, type FilterFixture, type RawPeer } from './testing/index.ts';

/** An upstream that takes requests and answers when it is told to. */
async function start(route: object, manager: object = {}, answers?: (peer: RawPeer) => Promise<void> | void) {
  const peers: RawPeer[] = [];
  const proxy = await startFilterProxy({
    filters: [],
    route: { route: { cluster: 'backend', ...route } },
    manager,
    upstream: async (peer) => {
      await peer.readHead();
      peers.push(peer);
      await answers?.(peer);
    },
  });
  return { proxy, peers, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

async function askRaw(proxy: FilterFixture, request = get): Promise<RawPeer> {
  const client = await proxy.connect();
  client.write(request);
  return client;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the timeout of a route', () => {
  test('begins with the end of the request, however long that took', async () => {
    await using world = await start({ timeout: '0.3s' });
    const client = await askRaw(world.proxy, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab');
    await pause(400);
    expect(client.unread).toBe('');
    client.write('cd');
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 504/);
    expect(await world.proxy.nextLog()).toBe('504 UT upstream_response_timeout');
    expect(world.proxy.metric('envoy_cluster_upstream_rq_timeout')).toBe(1);
  });

  test('goes on to the end of the response, which it cuts', async () => {
    await using world = await start({ timeout: '0.1s' }, {}, (peer) => peer.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'));
    const client = await askRaw(world.proxy);
    expect((await client.readToEnd()).toString()).toMatch(/half$/);
    expect(await world.proxy.nextLog()).toMatch(/^200 UT /);
  });

  test('of 0 is none', async () => {
    await using world = await start({ timeout: '0s' }, {}, async (peer) => {
      await pause(150);
      peer.write(answerWith(200, 'patient'));
    });
    expect((await world.proxy.request()).body.toString()).toBe('patient');
  });
});

describe('silence', () => {
  test('ends a stream as its route says, in place of the connection manager: 408 SI', async () => {
    await using world = await start({ timeout: '0s', idle_timeout: '0.1s' }, { stream_idle_timeout: '60s' });
    const client = await askRaw(world.proxy);
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 408/);
    expect(await world.proxy.nextLog()).toBe('408 SI stream_idle_timeout');
    expect(world.proxy.metric('envoy_http_downstream_rq_idle_timeout')).toBe(1);
  });

  test('is allowed by a route that says 0', async () => {
    await using world = await start({ timeout: '0s', idle_timeout: '0s' }, { stream_idle_timeout: '0.05s' }, async (peer) => {
      await pause(200);
      peer.write(answerWith(200, 'patient'));
    });
    expect((await world.proxy.request()).body.toString()).toBe('patient');
  });

  test('is broken by each byte of the response', async () => {
    await using world = await start({ timeout: '0s', idle_timeout: '0.3s' }, {}, async (peer) => {
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n');
      for (const letter of '0123456789') {
        await pause(60);
        peer.write(letter);
      }
    });
    expect((await world.proxy.request()).body.toString()).toBe('0123456789');
  });
});

describe('the longest time of a stream', () => {
  test('is the connection manager\'s: 504 DT', async () => {
    await using world = await start({ timeout: '0s' }, { common_http_protocol_options: { max_stream_duration: '0.1s' } });
    expect((await world.proxy.request()).body.toString()).toBe('downstream duration timeout');
    expect(await world.proxy.nextLog()).toBe('504 DT max_duration_timeout');
    expect(world.proxy.metric('envoy_http_downstream_rq_max_duration_reached')).toBe(1);
  });

  test('is answered 408 while the request has not come to its end', async () => {
    await using world = await start({ timeout: '0s' }, { common_http_protocol_options: { max_stream_duration: '0.1s' } });
    const client = await askRaw(world.proxy, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab');
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 408/);
    expect(await world.proxy.nextLog()).toBe('408 DT max_duration_timeout');
  });

  test('is the route\'s, where it has one', async () => {
    await using world = await start({ timeout: '0s', max_stream_duration: { max_stream_duration: '0.1s' } }, { common_http_protocol_options: { max_stream_duration: '60s' } });
    expect((await world.proxy.request()).status).toBe(504);
  });

  test.each([
    ['as it asks', { grpc_timeout_header_max: '0s' }, '100m', 4],
    ['up to a limit', { grpc_timeout_header_max: '0.1s' }, '1H', 4],
    ['less what is for the way back', { grpc_timeout_header_max: '0s', grpc_timeout_header_offset: '59.9s' }, '1M', 4],
  ])('may be the client\'s, in gRPC: %s', async (_what, duration, asked, status) => {
    await using world = await start({ timeout: '0s', max_stream_duration: duration });
    const response = await world.proxy.request({ method: 'POST', headers: { 'content-type': 'application/grpc', 'grpc-timeout': asked } });
    expect(response.headers['grpc-status']).toBe(String(status));
    expect(await world.proxy.nextLog()).toMatch(/ DT max_duration_timeout$/);
  });

  test('is not the client\'s where the route does not listen', async () => {
    await using world = await start({ timeout: '0s' }, {}, async (peer) => {
      await pause(150);
      peer.write(answerWith(200, 'late'));
    });
    const response = await world.proxy.request({ method: 'POST', headers: { 'content-type': 'application/grpc', 'grpc-timeout': '10m' } });
    expect(response.body.toString()).toBe('late');
  });
});

describe('a client that does not read', () => {
  const large = Buffer.alloc(32 << 20, 'x');

  test.each([
    ['its route', { flush_timeout: '0.2s' }, {}],
    ['its connection manager', {}, { stream_flush_timeout: '0.2s' }],
  ])('is cut after the time of %s', async (_whose, route, manager) => {
    await using world = await start({ timeout: '0s', ...route }, manager, (peer) => {
      peer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${large.length}\r\n\r\n`);
      peer.write(large);
    });
    const client = await world.proxy.connect();
    client.socket.pause();
    client.write(get);
    expect(await world.proxy.nextLog()).toMatch(/^200 SI stream_idle_timeout$/);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_active')).toBe(0);
  });
});
