/** How long lent memory stays: the promises of `Connection`, on real sockets. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { SystemNetwork } from './system-network.ts';

test('memory asked for between two reads is used by the very next one', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const reads: { readonly memory: Buffer; readonly text: string }[] = [];
  let onRead = () => {};
  const network = new SystemNetwork({ accept: 'reused', poisonsMemory: true });
  const connection = network.connect({ host: '127.0.0.1', port }, {
    onData(memory, length) {
      reads.push({ memory, text: memory.toString('latin1', 0, length) });
      onRead();
    },
    onDrain() {},
    onEnd() {},
    onClose() {},
  });
  const [peer] = await accepted;
  for (const text of ['shared', 'own']) {
    const read = new Promise<void>((resolve) => (onRead = resolve));
    peer.write(text);
    await read;
    await new Promise((resolve) => setImmediate(resolve));
    connection.dedicateReadMemory(true);
  }
  const [first, second] = reads;
  expect([first?.text, second?.text]).toEqual(['shared', 'own']);
  expect(second?.memory === first?.memory).toBe(false);
  connection.destroy();
  peer.destroy();
  server.close();
});
