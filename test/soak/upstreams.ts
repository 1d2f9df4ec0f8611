/** Hosts behind the proxy under soak: they answer with what they were asked, write down whom they have served, and can be killed. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createHash } from 'node:crypto';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Address } from '@sluice/kernel';
import { WebSocketServer } from 'ws';

/** How often each request was seen, by its id. */
export type SeenRequests = Map<string, number>;

export class Upstream {
  readonly #speaks: 'http1' | 'http2';
  readonly #seen: SeenRequests;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor(speaks: 'http1' | 'http2', seen: SeenRequests) {
    this.#speaks = speaks;
    this.#seen = seen;
  }

  static async start(speaks: 'http1' | 'http2', seen: SeenRequests): Promise<Upstream> {
    const upstream = new Upstream(speaks, seen);
    await upstream.revive();
    return upstream;
  }

  get address(): Address {
    return { host: '127.0.0.1', port: this.#port };
  }

  /** As a process that is killed: listens no more, and every connection is reset. */
  kill(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  /** At the same address. */
  async revive(): Promise<void> {
    if (this.#server) return;
    const server: Server = this.#speaks === 'http1' ? this.#createHttp1() : createHttp2Server((request, response) => this.#answer(request, response));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  #createHttp1(): Server {
    const server = createHttpServer({ keepAliveTimeout: 0 }, (request, response) => this.#answer(request, response));
    new WebSocketServer({ server }).on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    return server;
  }

  #answer(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
    const id = String(request.headers['x-id']);
    this.#seen.set(id, (this.#seen.get(id) ?? 0) + 1);
    const hash = createHash('sha256');
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('data', (bytes: Buffer) => hash.update(bytes));
    request.on('end', () => {
      const bytes = Number(request.headers['x-bytes'] ?? 0);
      const isGrpc = request.headers['content-type'] === 'application/grpc';
      response.setHeader('x-id', id);
      response.setHeader('x-hash', hash.digest('hex'));
      if (isGrpc) {
        response.setHeader('content-type', 'application/grpc');
        (response as Http2ServerResponse).addTrailers({ 'grpc-status': '0' });
      }
      (response as ServerResponse).end(bodyOf(id, bytes));
    });
  }
}

/** The body that belongs to an id: every byte of it can be told from another's. */
export function bodyOf(id: string, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${id};`);
}
