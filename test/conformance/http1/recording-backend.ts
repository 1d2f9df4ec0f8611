/**
 * A back end that writes down what it understood. It reads with llhttp, so its opinion is not ours: a message that two
 * parsers take for different things shows as a number of requests that differs from what the proxy understood.
 */
import { Buffer } from 'node:buffer';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Address } from '@sluice/kernel';
import { LlhttpOracle } from '../../fuzz/http1/llhttp-oracle.ts';

export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** Lines of the head after the first, as they came. */
  readonly lines: readonly string[];
  readonly body: string;
}

export interface RecordingBackend extends AsyncDisposable {
  readonly address: Address;
  readonly seen: readonly SeenRequest[];
  /** What llhttp would not have as a request, or what was left when a connection ended. */
  readonly garbage: readonly string[];
  /** Forgets what was seen. */
  reset(): void;
}

/** Each answer names the target it belongs to. */
export async function startRecordingBackend(): Promise<RecordingBackend> {
  const seen: SeenRequest[] = [];
  const garbage: string[] = [];
  const sockets = new Set<Socket>();
  const oracle = new LlhttpOracle();
  const server = createServer((socket) => {
    sockets.add(socket);
    let bytes = Buffer.alloc(0);
    socket.on('data', (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]);
      while (bytes.length > 0) {
        const opinion = oracle.ofRequest(bytes);
        if (opinion.end === 'more') return;
        if (opinion.end === 'refused') {
          garbage.push(`${opinion.reason}: ${bytes.toString('latin1')}`);
          socket.destroy();
          return;
        }
        const request = describe(bytes, opinion.body);
        seen.push(request);
        bytes = Buffer.from(opinion.rest, 'latin1');
        const body = request.target;
        socket.write(`HTTP/1.1 200 OK\r\nX-Target: ${request.target}\r\nContent-Length: ${body.length}\r\n\r\n${request.method === 'HEAD' ? '' : body}`);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    seen,
    garbage,
    reset() {
      seen.length = garbage.length = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

function describe(bytes: Buffer, body: string): SeenRequest {
  const head = bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'));
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  return { method, target, lines, body };
}
