import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readClientHello } from './client-hello.ts';

/** The first bytes that Node's TLS client sends. */
async function realHello(options: { readonly servername?: string; readonly ALPNProtocols?: string[] }): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connectTls({ socket: connect(port, '127.0.0.1'), rejectUnauthorized: false, ...options });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [import('node:net').Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same message in records of so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 0xff]), piece);
  }
  return Buffer.concat(records);
}

test('a real client names its server and what it speaks', async () => {
  const hello = await realHello({ servername: 'Shop.Example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  expect(readClientHello(hello)).toEqual({ kind: 'hello', serverName: 'shop.example.com', applicationProtocols: ['h2', 'http/1.1'] });
});

test('one that names nothing is a hello all the same', async () => {
  expect(readClientHello(await realHello({}))).toEqual({ kind: 'hello', serverName: '', applicationProtocols: [] });
});

test('however it is cut, it is incomplete until it is whole', async () => {
  const hello = await realHello({ servername: 'a.test' });
  for (let length = 0; length < hello.length; length += 1) expect(readClientHello(hello.subarray(0, length)).kind).toBe('incomplete');
  for (const size of [1, 3, 4, 5, 100]) {
    expect(readClientHello(inRecords(hello, size))).toMatchObject({ kind: 'hello', serverName: 'a.test' });
  }
});

test('what is not TLS is known from its first byte', () => {
  expect(readClientHello(Buffer.from('GET / HTTP/1.1'))).toEqual({ kind: 'not-tls' });
  expect(readClientHello(Buffer.from([22, 2]))).toEqual({ kind: 'not-tls' });
});

test.each([
  ['a record without content', Buffer.from([22, 3, 1, 0, 0])],
  ['a record that is too long', Buffer.from([22, 3, 1, 0xff, 0xff])],
  ['another message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
  ['a message without its fields', Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 3])],
])('%s is malformed', (_what, bytes) => {
  expect(readClientHello(bytes)).toEqual({ kind: 'malformed' });
});

test('what says that it is longer than allowed is not waited for', async () => {
  expect(readClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0]))).toEqual({ kind: 'too-large' });
  const hello = await realHello({ servername: 'a.test' });
  expect(readClientHello(hello, 100)).toEqual({ kind: 'too-large' });
});

test('a name that says two things is malformed', async () => {
  const hello = await realHello({ servername: 'abcdef.test' });
  const poisoned = Buffer.from(hello);
  poisoned.write('\0', poisoned.indexOf('abcdef') + 3, 'latin1');
  expect(readClientHello(poisoned)).toEqual({ kind: 'malformed' });
});

test('a byte changed anywhere never makes it throw', async () => {
  const hello = await realHello({ servername: 'a.test', ALPNProtocols: ['h2'] });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(hello.length), (changes, length) => {
      const bytes = Buffer.from(hello);
      for (const [at, value] of changes) bytes[at] = value;
      expect(['incomplete', 'not-tls', 'malformed', 'too-large', 'hello']).toContain(readClientHello(bytes.subarray(0, length)).kind);
    }),
    { numRuns: 2000, seed: 3 },
  );
});
