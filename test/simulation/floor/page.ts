/** Small pages beside a component's real work, which its `main.ts` serves with Node's own HTTP server. */
import type { Address, Connection, Network } from '@sluice/kernel';
import { MessageReader } from '../http/message-reader.ts';

/** Answers a request, now or later. */
export type Page = (path: string, answer: (status: number) => void) => void;

/** The page a kubelet asks. */
export function readyPage(isReady: () => boolean): Page {
  return (_, answer) => answer(isReady() ? 200 : 503);
}

export async function servePage(network: Network, address: Address, page: Page): Promise<void> {
  await network.listen(address, (connection) => {
    const reader = new MessageReader('request', {
      onMessage: ({ startLine }) => page(startLine.split(' ')[1] ?? '', (status) => send(connection, status)),
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

function send(connection: Connection, status: number): void {
  const bytes = Buffer.from(`HTTP/1.1 ${status} Simulated\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`, 'latin1');
  connection.write(bytes, 0, bytes.length);
  connection.end();
}
