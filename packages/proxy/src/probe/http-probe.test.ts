import { createServer, type Server } from 'node:net';
import { silentLogger, systemTimers } from '@sluice/kernel';
import { afterEach, expect, test } from 'vitest';
import { createSystemNetwork } from '../network/create-system-network.ts';
import { probeHttp, type HttpProbeResult } from './http-probe.ts';
import { probeTcp } from './tcp-probe.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** Listens, answers every connection's first bytes with these pieces, and remembers what was asked. */
async function listen(...pieces: string[]) {
  const asked: string[] = [];
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      asked.push(bytes.toString('latin1'));
      for (const piece of pieces) socket.write(piece);
      if (pieces.at(-1) === '') socket.end();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { asked, port: typeof address === 'object' && address ? address.port : 0 };
}

async function ask(port: number, timeoutMs = 1000): Promise<HttpProbeResult> {
  const network = await createSystemNetwork({ timers: systemTimers, logger: silentLogger, transport: 'events', platform: process.platform, poisonsMemory: true });
  const probe = { address: { host: '127.0.0.1', port }, path: '/healthz', host: 'pod', headers: { 'k-network-probe': 'queue' }, timeoutMs };
  return new Promise((resolve) => probeHttp(network, systemTimers, probe, resolve));
}

test('the question is a request on a connection of its own', async () => {
  const { port, asked } = await listen('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nqueue');
  expect(await ask(port)).toEqual({ kind: 'answered', status: 200, body: 'queue', isDegraded: false });
  expect(asked).toEqual(['GET /healthz HTTP/1.1\r\nhost: pod\r\nk-network-probe: queue\r\nconnection: close\r\n\r\n']);
});

test('answers may be chunked, end with the connection, come after a 103, or have no body', async () => {
  const chunked = await listen('HTTP/1.1 503 x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nno', 't\r\n0\r\n\r\n');
  expect(await ask(chunked.port)).toEqual({ kind: 'answered', status: 503, body: 'not', isDegraded: false });
  server?.close();
  const closing = await listen('HTTP/1.1 103 x\r\n\r\nHTTP/1.0 404 x\r\n\r\nnone', '');
  expect(await ask(closing.port)).toEqual({ kind: 'answered', status: 404, body: 'none', isDegraded: false });
  server?.close();
  const empty = await listen('HTTP/1.1 204 x\r\n\r\n');
  expect(await ask(empty.port)).toEqual({ kind: 'answered', status: 204, body: '', isDegraded: false });
});

test('of a long answer only the beginning is read', async () => {
  const { port } = await listen(`HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${'x'.repeat(50_000)}`);
  const result = await ask(port);
  expect(result.kind === 'answered' && result.body.length).toBe(4096);
});

test('no answer in time, half an answer, and nonsense are failures with a reason', async () => {
  const silent = await listen();
  expect(await ask(silent.port, 20)).toEqual({ kind: 'failed', reason: 'no answer within 20 ms', timedOut: true });
  server?.close();
  const half = await listen('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nqu', '');
  expect(await ask(half.port)).toEqual({ kind: 'failed', reason: 'connection ended before the answer was complete', timedOut: false });
  server?.close();
  const nonsense = await listen('SSH-2.0-x\r\n');
  expect(await ask(nonsense.port)).toEqual({ kind: 'failed', reason: 'answer cannot be read: bad-version', timedOut: false });
});

test('nobody listening is a failure, for both kinds of probe', async () => {
  const { port } = await listen();
  const network = await createSystemNetwork({ timers: systemTimers, logger: silentLogger, transport: 'events', platform: process.platform, poisonsMemory: true });
  const connect = () => new Promise<string | undefined>((resolve) => probeTcp(network, { host: '127.0.0.1', port }, 500, resolve));
  expect(await connect()).toBeUndefined();
  await new Promise((resolve) => server?.close(resolve));
  expect(await connect()).toMatch(/ECONNREFUSED|refused/);
  expect(await ask(port)).toMatchObject({ kind: 'failed' });
});
