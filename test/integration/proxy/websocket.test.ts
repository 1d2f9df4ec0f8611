/** WebSocket through the proxy against a library that knows the protocol: messages both ways, size, close codes, refusals. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createTestConfig, startRawUpstream, startTestProxy } from '@sluice/proxy/testing';

/** Sends every message back. */
async function startEcho() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 64 << 20 });
  server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test.each(['reused', 'events'] as const)('messages pass both ways and the close code arrives (%s)', async (transport) => {
  await using echo = await startEcho();
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [echo.address] }), { transport });
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.address.port}/chat`);
  await once(socket, 'open');
  for (const message of [Buffer.from('small'), Buffer.alloc(8 << 20, 7)]) {
    socket.send(message);
    const [reply] = (await once(socket, 'message')) as [Buffer];
    expect(reply.equals(message)).toBe(true);
  }
  expect(proxy.metric('envoy_http_downstream_cx_upgrades_total')).toBe(1);
  socket.close(4001, 'bye');
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(4001);
  await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
});

test('a hundred at once, none mixed up', async () => {
  await using echo = await startEcho();
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [echo.address] }));
  const talks = Array.from({ length: 100 }, async (_, index) => {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.address.port}/`);
    await once(socket, 'open');
    for (let turn = 0; turn < 5; turn += 1) {
      socket.send(`${index}:${turn}`);
      const [reply] = (await once(socket, 'message')) as [Buffer];
      expect(reply.toString()).toBe(`${index}:${turn}`);
    }
    socket.terminate();
  });
  await Promise.all(talks);
  await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
});

test('where upgrades are not allowed the handshake is refused with 403', async () => {
  await using echo = await startEcho();
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [echo.address], manager: { upgrades: [] } }));
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.address.port}/`);
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toContain('403');
});

test('a refused handshake does not become a tunnel', async () => {
  const paths: string[] = [];
  await using upstream = await startRawUpstream(async (peer) => {
    for (;;) {
      paths.push((await peer.readHead()).split(' ')[1] ?? '');
      peer.write('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n');
    }
  });
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  const client = await proxy.connect();
  client.write('GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n');
  expect(await client.readHead()).toMatch(/^HTTP\/1.1 426/);
  await client.readToEnd();
  expect(paths).toEqual(['/ws']);
});

test('bytes that come with the switch, from either side, are the tunnel\'s first', async () => {
  await using upstream = await startRawUpstream(async (peer) => {
    await peer.readHead();
    peer.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhello');
    peer.write(await peer.readUntil('early'));
    await peer.readToEnd();
    peer.end();
  });
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  const client = await proxy.connect();
  client.write('GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nearly');
  expect(await client.readHead()).toMatch(/^HTTP\/1.1 101/);
  await client.readUntil('helloearly');
  client.end();
  await client.readToEnd();
  await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
});
