/**
 * What the proxies proxy to while latency is measured: part of the generator's own process, so that nobody else needs its core. Every
 * request is one read here, since the generator's are small.
 */
import { Buffer } from 'node:buffer';
import type { Network } from '@sluice/kernel';

/** @param onWork called after each request, for whoever has something due meanwhile */
export async function startReplyingBackend(network: Network, port: number, body: string, onWork: () => void): Promise<void> {
  const reply = Buffer.from(`HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: keep-alive\r\n\r\n${body}`);
  await network.listen({ host: '127.0.0.1', port }, (connection) => {
    connection.handler = {
      onData() {
        connection.write(reply, 0, reply.length);
        onWork();
      },
      onDrain() {},
      onEnd: () => connection.end(),
      onClose() {},
    };
  });
}
