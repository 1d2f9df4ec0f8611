/** Routes out of the mesh, to something like a front end's development server: pages, events, uploads and its WebSocket. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFilterProxy } from '@sluice/proxy/testing';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const large = Buffer.alloc(8 << 20, 'x');

/** Answers with what it was asked, sends events until its client leaves, and echoes messages. */
async function startDevServer() {
  const left = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      response.on('close', () => left.resolve());
      return;
    }
    if (request.url === '/large') return void response.end(large);
    const hash = createHash('sha256');
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      hash.update(piece);
      bytes += piece.length;
    });
    request.on('end', () => {
      response.setHeader('x-dev', '1');
      response.end(JSON.stringify({ method: request.method, url: request.url, host: request.headers.host, forwarded: request.headers['x-forwarded-for'], bytes, digest: hash.digest('hex') }));
    });
  });
  const sockets = new WebSocketServer({ server, maxPayload: 64 << 20 });
  sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    target: `http://127.0.0.1:${port}`,
    left: left.promise,
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const passTo = (target: string, fields: object = {}): object => ({
  inline_cluster_specifier_plugin: {
    extension: {
      name: 'sluice.passthrough',
      typed_config: {
        '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
        type_url: 'type.googleapis.com/sluice.routes.passthrough.v1.Passthrough',
        value: { target, ...fields },
      },
    },
  },
});

const startProxy = (route: object) => startFilterProxy({ routes: [{ match: { prefix: '/' }, route }], manager: { use_remote_address: true } });

test('a request passes as it is, with what the edge says of its client', async () => {
  await using dev = await startDevServer();
  await using proxy = await startProxy(passTo(dev.target));
  const answer = await proxy.request({ method: 'POST', path: '/save?x=1', body: 'hello' });
  expect(answer).toMatchObject({ status: 200, headers: { 'x-dev': '1', server: 'sluice' } });
  expect(JSON.parse(answer.body.toString())).toMatchObject({ method: 'POST', url: '/save?x=1', host: 'a.test', forwarded: '127.0.0.1', bytes: 5 });
  expect(proxy.upstreamHeads).toEqual([]);
  expect(await proxy.nextLog()).toBe('200 - via_upstream');
});

test('the target can be asked by its own name, and rewrites hold', async () => {
  await using dev = await startDevServer();
  await using proxy = await startProxy({ ...passTo(dev.target, { change_origin: true }), prefix_rewrite: '/app/' });
  const answer = await proxy.request({ path: '/a' });
  expect(JSON.parse(answer.body.toString())).toMatchObject({ url: '/app/a', host: new URL(dev.target).host });
});

test('large bodies pass both ways', async () => {
  await using dev = await startDevServer();
  await using proxy = await startProxy(passTo(dev.target));
  const url = `http://127.0.0.1:${proxy.address.port}`;
  const up = (await (await fetch(`${url}/up`, { method: 'POST', body: large })).json()) as { bytes: number; digest: string };
  expect(up).toMatchObject({ bytes: large.length, digest: createHash('sha256').update(large).digest('hex') });
  const down = Buffer.from(await (await fetch(`${url}/large`)).arrayBuffer());
  expect(down.equals(large)).toBe(true);
});

test('events come as they are sent, and the target hears when their client leaves', async () => {
  await using dev = await startDevServer();
  await using proxy = await startProxy(passTo(dev.target));
  const client = await proxy.connect();
  client.write('GET /events HTTP/1.1\r\nhost: a\r\n\r\n');
  expect(await client.readUntil('data: first')).toContain('text/event-stream');
  client.reset();
  await dev.left;
});

test('its WebSocket works without being asked for', async () => {
  await using dev = await startDevServer();
  await using proxy = await startProxy(passTo(dev.target));
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.address.port}/hmr`);
  await once(socket, 'open');
  for (const message of [Buffer.from('reload'), Buffer.alloc(1 << 20, 7)]) {
    socket.send(message);
    const [reply] = (await once(socket, 'message')) as [Buffer];
    expect(reply.equals(message)).toBe(true);
  }
  socket.close(1000);
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(1000);
});

test('a target that is not there is 502, and says so', async () => {
  await using proxy = await startProxy(passTo('http://127.0.0.1:1'));
  const answer = await proxy.request();
  expect([answer.status, answer.body.toString()]).toEqual([502, 'passthrough target does not answer: ECONNREFUSED']);
});

test.each(['ftp://a', 'http://user@a', 'http://a/path', 'a:80'])('%s is no target', async (target) => {
  await expect(startProxy(passTo(target))).rejects.toThrow(/target: is/);
});
