/** Stands in for the page beside a component that says whether it is ready. */
import type { Address, Network } from '@sluice/kernel';
import { MessageReader } from '../http/message-reader.ts';

export async function serveReadyPage(network: Network, address: Address, isReady: () => boolean): Promise<void> {
  await network.listen(address, (connection) => {
    const reader = new MessageReader('request', {
      onMessage() {
        const status = isReady() ? '200 OK' : '503 Service Unavailable';
        const bytes = Buffer.from(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`, 'latin1');
        connection.write(bytes, 0, bytes.length);
        connection.end();
      },
      onProblem: () => connection.destroy(true),
    });
    connection.handler = {
      onData: (memory, length) => reader.push(memory.subarray(0, length)),
      onDrain() {},
      onEnd: () => connection.end(),
      onClose() {},
    };
  });
}
