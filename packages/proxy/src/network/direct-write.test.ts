/** What `Connection` promises of writing, kept when bytes go straight to the handle. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Connection, ConnectionHandler, MeshError } from '@sluice/kernel';
import { systemTimers } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { SystemNetwork } from './system-network.ts';
import { directWritesWork } from './transport-self-test.ts';

/** More than any socket buffer of both sides together. */
const muchBytes = 24 * 1024 * 1024;

interface Pair extends AsyncDisposable {
  readonly connection: Connection;
  readonly peer: Socket;
  readonly drains: () => number;
  readonly closed: Promise<MeshError | undefined>;
}

async function openPair(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const network = new SystemNetwork({ accept: 'reused', writesDirectly: true, poisonsMemory: true });
  const { promise: opened, resolve: onOpen } = Promise.withResolvers<void>();
  const { promise: closed, resolve: onClose } = Promise.withResolvers<MeshError | undefined>();
  let drains = 0;
  const handler: ConnectionHandler = { onOpen, onData() {}, onDrain: () => void (drains += 1), onEnd() {}, onClose };
  const connection = network.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, handler);
  const [peer] = await accepted;
  peer.on('error', () => {});
  await opened;
  return {
    connection,
    peer,
    closed,
    drains: () => drains,
    async [Symbol.asyncDispose]() {
      connection.destroy();
      peer.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

test('this Node writes as we do', async () => {
  expect(await directWritesWork((ms, fn) => systemTimers.after(ms, fn))).toBe(true);
});

test('what the system cannot take at once arrives in order, is reported once, and comes before the end', async () => {
  await using pair = await openPair();
  const { connection, peer } = pair;
  const sent = Buffer.alloc(muchBytes);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  expect(connection.write(sent, 0, sent.length - 10)).toBe(false);
  expect(connection.pendingBytes).toBeGreaterThan(0);
  expect(connection.write(sent, sent.length - 10, sent.length)).toBe(false);
  connection.end();
  const received: Buffer[] = [];
  for await (const piece of peer) received.push(piece as Buffer);
  expect(Buffer.concat(received).equals(sent)).toBe(true);
  expect(pair.drains()).toBe(2);
  expect(connection.pendingBytes).toBe(0);
});

test('a small write is taken at once, and its memory may be used again', async () => {
  await using pair = await openPair();
  const memory = Buffer.from('abcdef');
  expect(pair.connection.write(memory, 1, 4)).toBe(true);
  memory.fill('x');
  const [piece] = (await once(pair.peer, 'data')) as [Buffer];
  expect(piece.toString()).toBe('bcd');
});

test('writing to a peer that has reset the connection closes it, with the reason', async () => {
  await using pair = await openPair();
  const { connection, peer } = pair;
  connection.pause();
  peer.resetAndDestroy();
  const memory = Buffer.alloc(64 * 1024);
  const timer = setInterval(() => connection.write(memory, 0, memory.length), 1);
  const error = await pair.closed;
  clearInterval(timer);
  expect(error?.code).toBe('connection-reset');
});

test('destroyed while bytes are under way, it closes and tells nobody of draining', async () => {
  await using pair = await openPair();
  expect(pair.connection.write(Buffer.alloc(muchBytes), 0, muchBytes)).toBe(false);
  pair.connection.destroy();
  await pair.closed;
  expect(pair.drains()).toBe(0);
});

test('bytes written before the connection is there go out when it is', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const network = new SystemNetwork({ accept: 'reused', writesDirectly: true, poisonsMemory: true });
  const connection = network.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, { onData() {}, onDrain() {}, onEnd() {}, onClose() {} });
  connection.write(Buffer.from('early'), 0, 5);
  const [peer] = await accepted;
  const [piece] = (await once(peer, 'data')) as [Buffer];
  expect(piece.toString()).toBe('early');
  connection.destroy();
  peer.destroy();
  server.close();
});
