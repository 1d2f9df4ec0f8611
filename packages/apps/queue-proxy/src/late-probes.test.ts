import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createNetServer } from 'node:net';
import { createTestAuthority } from '@sluice/proxy/testing';
import { afterEach, expect, test } from 'vitest';
import { lateProbes, type OnAnswer } from './late-probes.ts';

const host = '127.0.0.1';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

const answerOf = (ask: (onAnswer: OnAnswer) => void): Promise<string | undefined> => new Promise((resolve) => ask(resolve));

/** A server of gRPC's health service whose answer is these bytes. */
async function startHealth(message: readonly number[], status: string) {
  const asked: { path: unknown; body: string }[] = [];
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    let body = '';
    stream.on('data', (piece: Buffer) => (body += piece.toString('hex')));
    stream.on('end', () => {
      asked.push({ path: headers[':path'], body });
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.end(Buffer.from([0, 0, 0, 0, message.length, ...message]));
    });
  });
  return { asked, port: await listen(server) };
}

test('a gRPC server is asked by its health service, and must say SERVING', async () => {
  const serving = await startHealth([0x08, 1], '0');
  const question = { host, port: serving.port, service: 'shop', userAgent: 'kube-probe/', timeoutMs: 5000 };
  expect(await answerOf((onAnswer) => lateProbes.askGrpc(question, onAnswer))).toBeUndefined();
  expect(serving.asked).toEqual([{ path: '/grpc.health.v1.Health/Check', body: '00000000060a0473686f70' }]);
  const notServing = await startHealth([0x08, 2], '0');
  expect(await answerOf((onAnswer) => lateProbes.askGrpc({ ...question, port: notServing.port }, onAnswer))).toBe('the service is NOT_SERVING');
  const unknown = await startHealth([], '5');
  expect(await answerOf((onAnswer) => lateProbes.askGrpc({ ...question, port: unknown.port }, onAnswer))).toBe('gRPC status 5');
});

test('HTTP/2 is asked with prior knowledge; a server that does not speak it is no success', async () => {
  const server = createHttp2Server((request, response) => response.writeHead(request.headers['x-probe'] === 'yes' ? 204 : 500).end());
  const question = { host, port: await listen(server), path: '/', headers: { 'X-Probe': 'yes' }, timeoutMs: 5000 };
  expect(await answerOf((onAnswer) => lateProbes.askHttp2(question, onAnswer))).toBeUndefined();
  expect(await answerOf((onAnswer) => lateProbes.askHttp2({ ...question, headers: {} }, onAnswer))).toBe('answered 500');
  const old = createNetServer((socket) => void socket.on('error', () => {}).on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const port = await listen(old);
  expect(await answerOf((onAnswer) => lateProbes.askHttp2({ ...question, port }, onAnswer))).toBeTypeOf('string');
});

test('over TLS anybody’s certificate will do', async () => {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue({ dns: ['elsewhere'] });
  const server = createHttpsServer({ cert: certificate, key: privateKey }, (request, response) => response.writeHead(request.url === '/ready' ? 200 : 404).end());
  const question = { host, port: await listen(server), path: '/ready', headers: {}, timeoutMs: 5000 };
  expect(await answerOf((onAnswer) => lateProbes.askHttps(question, onAnswer))).toBeUndefined();
  expect(await answerOf((onAnswer) => lateProbes.askHttps({ ...question, path: '/' }, onAnswer))).toBe('answered 404');
});

test('who says nothing is told from who is not there', async () => {
  const silent = createNetServer((socket) => void socket.on('error', () => {}));
  const question = { host, port: await listen(silent), service: '', path: '/', headers: {}, userAgent: '', timeoutMs: 50 };
  expect(await answerOf((onAnswer) => lateProbes.askGrpc(question, onAnswer))).toBe('no answer within 50 ms');
  expect(await answerOf((onAnswer) => lateProbes.askHttps(question, onAnswer))).toBe('no answer within 50 ms');
});
