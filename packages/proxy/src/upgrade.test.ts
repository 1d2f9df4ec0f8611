/** Connections that change their protocol: a tunnel after the 101, ordinary exchanges when there is none. */
import { describe, expect, test } from 'vitest';
import { createTestConfig, startRawUpstream, startTestProxy, type ProxyFixture, type RawPeer, type RawUpstream } from './testing/index.ts';

const handshake = 'GET /chat HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
const switched = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

const start = (upstream: RawUpstream): Promise<ProxyFixture> => startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('after a 101', () => {
  test('bytes pass both ways until both sides have ended', async () => {
    let head = '';
    await using upstream = await startRawUpstream(async (peer) => {
      head = await peer.readHead();
      peer.write(switched);
      peer.write(`you said ${await peer.readBytes(5).then(String)}`);
      await peer.readToEnd();
      peer.write(', goodbye');
      peer.end();
    });
    await using proxy = await start(upstream);
    const client = await proxy.connect();
    client.write(handshake);
    expect(await client.readHead()).toBe('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    client.write('hello');
    await client.readUntil('you said hello');
    client.end();
    expect((await client.readToEnd()).toString()).toBe(', goodbye');
    expect(head).toContain('upgrade: websocket\r\n');
    expect(head).toContain('connection: upgrade\r\n');
    while (proxy.proxy.activeStreams > 0) await pause(1);
  });

  test('what the client had sent before comes first, also when it has sent its last', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<RawPeer>();
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      ask(peer);
    });
    await using proxy = await start(upstream);
    const client = await proxy.connect();
    client.write(`${handshake}early`);
    const peer = await asked;
    client.write(' bird');
    client.end();
    await pause(20);
    expect(peer.unread).toBe('');
    peer.write(switched);
    expect((await peer.readToEnd()).toString()).toBe('early bird');
    peer.end();
    await client.readToEnd();
  });
});

describe('without a 101', () => {
  test('what follows the request is for nobody', async () => {
    const hidden = 'GET /hidden HTTP/1.1\r\nhost: a.test\r\n\r\n';
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n');
    });
    await using proxy = await start(upstream);
    const client = await proxy.connect();
    client.write(handshake + hidden);
    expect((await client.readToEnd()).toString()).toMatch(/^HTTP\/1.1 426 [^]*connection: close\r\n\r\n$/);
    expect(upstream.peers.map(({ unread }) => unread)).toEqual(['']);
  });

  test('a route that allows no upgrade refuses it: 403', async () => {
    await using upstream = await startRawUpstream(() => {});
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], manager: { upgrades: [] } }));
    const client = await proxy.connect();
    client.write(handshake);
    expect(await client.readHead()).toMatch(/^HTTP\/1.1 403/);
    expect(upstream.peers).toHaveLength(0);
  });
});

test('a 101 in the middle of a request is refused: what is left of its body would turn into something else', async () => {
  await using upstream = await startRawUpstream(async (peer) => {
    await peer.readUntil('part');
    peer.write(switched);
  });
  await using proxy = await start(upstream);
  const client = await proxy.connect();
  client.write('POST /chat HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 100\r\n\r\npart');
  expect(await client.readHead()).toMatch(/^HTTP\/1.1 502/);
});
