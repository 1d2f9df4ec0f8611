import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { RecordingLogger } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { OriginalDestinations, readSocketAddress } from './original-destination.ts';

const local = { host: '127.0.0.1', port: 15_001 };

test('the kernel’s addresses are read as they are written elsewhere', () => {
  const v4 = Buffer.from([2, 0, 0, 80, 10, 9, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(readSocketAddress(v4)).toEqual({ host: '10.9.8.7', port: 80 });
  const v6 = Buffer.concat([Buffer.from([10, 0, 0x1f, 0x90, 0, 0, 0, 0]), Buffer.from('fd000000000000000000000000000010', 'hex'), Buffer.alloc(4)]);
  expect(readSocketAddress(v6)).toEqual({ host: 'fd00::10', port: 8080 });
  expect(readSocketAddress(Buffer.alloc(28))).toBeUndefined();
});

test('a connection that nobody has redirected was going nowhere else', async () => {
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  expect(fd).toBeGreaterThan(0);
  expect(new OriginalDestinations(process.platform).of(fd, { host: '127.0.0.1', port: socket.localPort ?? 0 })).toBeUndefined();
  socket.destroy();
  server.close();
});

test.each([
  ['has no number', undefined, local],
  ['is closed', -1, local],
  ['is no connection of the network', 0, { host: '', port: 0, path: '/run/x.sock' }],
])('a socket that %s is not asked', (_why, fd, ours) => {
  expect(new OriginalDestinations('linux').of(fd, ours)).toBeUndefined();
});

test('where the kernel is another, nothing is known, and that is said once', () => {
  const logger = new RecordingLogger();
  const destinations = new OriginalDestinations('darwin', logger);
  expect([destinations.of(7, local), destinations.of(8, local)]).toEqual([undefined, undefined]);
  expect(logger.events.map(({ event }) => event)).toEqual(['original destinations cannot be asked for']);
});
