/**
 * Whether the undocumented ways of reading and writing work on this Node: tried once at start, over loopback, with
 * the production class. Three things must come out right: bytes (an echo larger than any socket buffer, under
 * back-pressure), half close, and reset. Before, Node's own stream is watched writing (`direct-write.ts`). Takes a few
 * milliseconds.
 */
import { Buffer } from 'node:buffer';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Connection, ConnectionHandler, Network } from '@sluice/kernel';
import { speaksDirectWrites } from './direct-write.ts';

type After = (ms: number, fn: () => void) => { cancel(): void };

/** Enough to fill and refill the shared memory several times. */
const echoBytes = 200 * 1024;

/** True when all three hold. Never throws. `timeoutMs` bounds it: what hangs has failed. */
export async function reusedMemoryWorks(network: Network, after: After, timeoutMs = 1_000): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = after(timeoutMs, () => resolve(false));
  void echoes(network).then((echoed) => (echoed ? seesReset(network) : false)).then(resolve, () => resolve(false));
  const works = await promise;
  timer.cancel();
  return works;
}

/** Whether bytes may go straight to a socket's handle. Never throws. */
export async function directWritesWork(after: After, timeoutMs = 1_000): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = after(timeoutMs, () => resolve(false));
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.once('error', () => resolve(false));
  server.listen(0, '127.0.0.1', () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
      resolve(speaksDirectWrites(socket, Buffer.from('?')));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
  const works = await promise;
  timer.cancel();
  server.close();
  return works;
}

/** The peer sends everything back and closes after we have; the bytes must be ours, in order. */
async function echoes(network: Network): Promise<boolean> {
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => (connection.handler = createEcho(connection)));
  const sent = Buffer.alloc(echoBytes);
  for (let index = 0; index < sent.length; index += 4) sent.writeUInt32LE(Math.imul(index, 2654435761) >>> 0, index);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let received = 0;
  let intact = true;
  const connection: Connection = network.connect(listener.address, {
    onOpen() {
      connection.write(sent, 0, sent.length);
      connection.end();
    },
    onData(memory, length) {
      intact &&= memory.compare(sent, received, received + length, 0, length) === 0;
      received += length;
    },
    onDrain() {},
    onEnd() {},
    onClose: (error) => resolve(intact && error === undefined && received === echoBytes),
  });
  const echoed = await promise;
  await listener.close();
  return echoed;
}

function createEcho(connection: Connection): ConnectionHandler {
  connection.dedicateReadMemory(true);
  return {
    onData(memory, length) {
      // The first read may still have come into the shared memory, so it is copied.
      if (!connection.write(Buffer.from(memory.subarray(0, length)), 0, length)) connection.pause();
    },
    onDrain: () => connection.resume(),
    onEnd: () => connection.end(),
    onClose() {},
  };
}

/** A reset by the client must reach the accepting side as an error, and once. */
async function seesReset(network: Network): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (accepted) => {
    accepted.handler = {
      onData() {},
      onDrain() {},
      onEnd: () => resolve(false),
      onClose: (error) => resolve(error !== undefined),
    };
    client.destroy(true);
  });
  const client: Connection = network.connect(listener.address, { onData() {}, onDrain() {}, onEnd() {}, onClose() {} });
  const reset = await promise;
  await listener.close();
  return reset;
}
