/** What `Connection` promises, kept without Node's streams: on both sides, over TCP and Unix sockets. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Connection, MeshError, Network } from '@sluice/kernel';
import { describe, expect, test } from 'vitest';
import { createPoisonedNetwork } from '../testing/poisoned-network.ts';
import { HandleConnection } from './handle-connection.ts';

/** More than any socket buffer of both sides together. */
const muchBytes = 24 * 1024 * 1024;

interface End {
  readonly connection: Connection;
  /** What happened, in order. */
  readonly events: string[];
  readonly received: Buffer[];
  readonly closed: Promise<MeshError | undefined>;
  /** Settles when `event` has happened. */
  seen(event: string): Promise<void>;
}

/** Writes down all that it is told. */
function record(take: (handler: Connection['handler']) => Connection): End {
  const events: string[] = [];
  const received: Buffer[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<MeshError | undefined>();
  let wake = () => {};
  const tell = (event: string) => {
    events.push(event);
    wake();
  };
  const connection = take({
    onOpen: () => tell('open'),
    onData(memory, length) {
      received.push(Buffer.from(memory.subarray(0, length)));
      tell('data');
    },
    onDrain: () => tell('drain'),
    onEnd: () => tell('end'),
    onClose(error) {
      tell('close');
      resolve(error);
    },
  });
  const seen = async (event: string): Promise<void> => {
    while (!events.includes(event)) await new Promise<void>((resume) => (wake = resume));
  };
  return { connection, events, received, closed, seen };
}

interface Pair extends AsyncDisposable {
  readonly client: End;
  readonly server: End;
  readonly address: Address;
}

async function openPair(listenOn: Address = { host: '127.0.0.1', port: 0 }): Promise<Pair> {
  const network: Network = createPoisonedNetwork();
  const { promise: accepted, resolve: accept } = Promise.withResolvers<End>();
  const listener = await network.listen(listenOn, (connection) =>
    accept(
      record((handler) => {
        connection.handler = handler;
        return connection;
      }),
    ),
  );
  const client = record((handler) => network.connect(listener.address, handler));
  const server = await accepted;
  await client.seen('open');
  return {
    client,
    server,
    address: listener.address,
    async [Symbol.asyncDispose]() {
      client.connection.destroy();
      server.connection.destroy();
      await Promise.all([client.closed, server.closed, listener.close()]);
    },
  };
}

const say = (end: End, text: string): boolean => end.connection.write(Buffer.from(text), 0, text.length);
const heard = (end: End): string => Buffer.concat(end.received).toString();

test('this Node has what is needed on both sides', async () => {
  await using pair = await openPair();
  expect([pair.client.connection, pair.server.connection].every((one) => one instanceof HandleConnection)).toBe(true);
});

describe.each([
  ['TCP', () => undefined],
  ['a Unix socket', () => ({ host: '', port: 0, path: join(mkdtempSync(join(tmpdir(), 'sluice-')), 's') })],
])('over %s', (_name, listenOn) => {
  test('bytes go both ways, and each side knows who the other is', async () => {
    const address = listenOn();
    await using pair = await openPair(address);
    say(pair.client, 'question');
    await pair.server.seen('data');
    say(pair.server, 'answer');
    await pair.client.seen('data');
    expect([heard(pair.server), heard(pair.client)]).toEqual(['question', 'answer']);
    const { remote, local } = pair.server.connection;
    if (address) expect([remote, local]).toEqual([{ host: '', port: 0, path: '' }, { host: '', port: 0, path: address.path }]);
    else expect([remote, local.port]).toEqual([pair.client.connection.local, pair.address.port]);
  });

  test('one side may end and still hear the other', async () => {
    await using pair = await openPair(listenOn());
    say(pair.client, 'last');
    pair.client.connection.end();
    await pair.server.seen('end');
    expect(heard(pair.server)).toBe('last');
    say(pair.server, 'still here');
    pair.server.connection.end();
    expect([await pair.client.closed, await pair.server.closed]).toEqual([undefined, undefined]);
    expect(heard(pair.client)).toBe('still here');
    expect(pair.client.events).toEqual(['open', 'data', 'end', 'close']);
    expect(pair.server.events).toEqual(['data', 'end', 'close']);
  });
});

test('what the system cannot take at once arrives in order, is reported once, and comes before the end', async () => {
  await using pair = await openPair();
  const { server, client } = pair;
  const sent = Buffer.alloc(muchBytes);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  expect(server.connection.write(sent, 0, sent.length - 10)).toBe(false);
  expect(server.connection.pendingBytes).toBeGreaterThan(0);
  expect(server.connection.write(sent, sent.length - 10, sent.length)).toBe(false);
  server.connection.end();
  await client.seen('end');
  expect(Buffer.concat(client.received).equals(sent)).toBe(true);
  expect(server.events.filter((event) => event === 'drain').length).toBe(2);
  expect(server.connection.pendingBytes).toBe(0);
});

test('a paused side hears nothing until it goes on, and then all of it', async () => {
  await using pair = await openPair();
  const { server, client } = pair;
  server.connection.pause();
  say(client, 'one');
  client.connection.end();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.events).toEqual([]);
  server.connection.resume();
  await server.seen('end');
  expect(heard(server)).toBe('one');
});

test('a reset is a failure for the other side, and comes once', async () => {
  await using pair = await openPair();
  pair.client.connection.destroy(true);
  const error = await pair.server.closed;
  expect(error?.code).toBe('connection-reset');
  expect(await pair.client.closed).toBe(undefined);
  expect(pair.server.events).toEqual(['close']);
});

test('destroyed in the middle of what it is told, it is told nothing more but the end', async () => {
  const network = createPoisonedNetwork();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const events: string[] = [];
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    connection.handler = {
      onData() {
        events.push('data');
        connection.destroy();
        expect(connection.write(Buffer.from('x'), 0, 1)).toBe(true);
        connection.end();
        connection.pause();
        connection.resume();
      },
      onDrain: () => void events.push('drain'),
      onEnd: () => void events.push('end'),
      onClose() {
        events.push('close');
        resolve();
      },
    };
  });
  const client = record((handler) => network.connect(listener.address, handler));
  await client.seen('open');
  say(client, 'x');
  client.connection.end();
  await closed;
  expect(events).toEqual(['data', 'close']);
  await listener.close();
});

test('what is written and ended before it is connected arrives', async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = record((handler) => createPoisonedNetwork().connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, handler));
  const memory = Buffer.from('early');
  client.connection.write(memory, 0, 5);
  memory.fill('x');
  client.connection.end();
  const [peer] = await accepted;
  const pieces: Buffer[] = [];
  for await (const piece of peer) pieces.push(piece as Buffer);
  expect(Buffer.concat(pieces).toString()).toBe('early');
  peer.end();
  expect(await client.closed).toBe(undefined);
  server.close();
});

test('nobody listening is said to be safe to try again', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const client = record((handler) => createPoisonedNetwork().connect({ host: '127.0.0.1', port }, handler));
  const error = await client.closed;
  expect([error?.code, error?.retry]).toEqual(['connection-refused', 'always-safe']);
  expect(client.events).toEqual(['close']);
});

test('given up while it connects, it closes without having been open', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = record((handler) => createPoisonedNetwork().connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, handler));
  client.connection.destroy();
  expect(await client.closed).toBe(undefined);
  expect(client.events).toEqual(['close']);
  server.close();
});

test('memory asked for between two reads is used by the very next one, and left alone while paused', async () => {
  await using pair = await openPair();
  const { client, server } = pair;
  const reads: { readonly memory: Buffer; readonly text: string }[] = [];
  const { handler } = server.connection;
  server.connection.handler = {
    ...handler,
    onData(memory, length) {
      reads.push({ memory, text: memory.toString('latin1', 0, length) });
      if (reads.length > 1) server.connection.pause();
      handler.onData(memory, length);
    },
  };
  for (const text of ['shared', 'own']) {
    say(client, text);
    await expect.poll(() => reads.length).toBe(text === 'own' ? 2 : 1);
    server.connection.dedicateReadMemory(true);
  }
  const [first, second] = reads;
  expect([first?.text, second?.text]).toEqual(['shared', 'own']);
  expect(second?.memory === first?.memory).toBe(false);
  expect(second?.memory.toString('latin1', 0, 3)).toBe('own');
  expect(first?.memory.toString('latin1', 0, 6)).not.toBe('shared');
});
