/** Many kept-alive connections that have each carried one request and then rest. */
import { connect, type Socket } from 'node:net';

export interface HeldConnections {
  close(): void;
}

/** Opened at the same time: few enough for any backlog. */
const atOnce = 50;

/** @throws Error when one of them is refused or closed */
export async function holdConnections(port: number, count: number): Promise<HeldConnections> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < count; opened += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, count - opened) }, () => openOne(port, sockets)));
  }
  return { close: () => sockets.forEach((socket) => socket.destroy()) };
}

function openOne(port: number, sockets: Socket[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n'));
  sockets.push(socket);
  socket.once('data', () => resolve());
  socket.once('error', reject);
  socket.once('end', () => reject(new Error('a connection was closed')));
  return promise;
}
