import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { systemTimers } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { SystemNetwork } from '../network/system-network.ts';
import { exchangeBytes, type ExchangeFailure } from './tcp-exchange.ts';

const hex = (text: string) => Buffer.from(text).toString('hex');

/** What comes of an exchange with a server that answers each `ping` by these pieces. */
async function exchange(pieces: readonly string[], receive: readonly string[], send = 'ping', timeoutMs = 500): Promise<ExchangeFailure | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (data.toString() !== 'ping') return;
      for (const piece of pieces) if (piece !== 'FIN') socket.write(piece);
      if (pieces.includes('FIN')) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const options = { address: { host: '127.0.0.1', port }, send: hex(send), receive: receive.map(hex), timeoutMs };
  const result = await new Promise<ExchangeFailure | undefined>((resolve) => {
    exchangeBytes(new SystemNetwork({ accept: 'events', poisonsMemory: true }), systemTimers, options, resolve);
  });
  server.close();
  return result;
}

test('pieces in their order are an answer, whatever stands between', async () => {
  expect(await exchange(['po', 'ng, and ', 'more'], ['pong', 'more'])).toBeUndefined();
});

test('pieces in another order are none', async () => {
  expect(await exchange(['more pong', 'FIN'], ['pong', 'more'])).toMatchObject({ timedOut: false });
});

test('no answer in time is told apart', async () => {
  expect(await exchange([], ['pong'], 'ping', 30)).toEqual({ reason: 'no answer within 30 ms', timedOut: true });
});

test('where nothing is waited for a connection is enough', async () => {
  expect(await exchange([], [], '')).toBeUndefined();
});

test('nobody listens', async () => {
  const options = { address: { host: '127.0.0.1', port: 1 }, send: '', receive: [], timeoutMs: 500 };
  const result = await new Promise<ExchangeFailure | undefined>((resolve) => exchangeBytes(new SystemNetwork({ accept: 'events', poisonsMemory: true }), systemTimers, options, resolve));
  expect(result?.timedOut).toBe(false);
});
