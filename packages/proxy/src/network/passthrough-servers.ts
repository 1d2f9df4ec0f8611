/**
 * The way out of the mesh: one server of Node's per target of passthrough routes, which hands each request to
 * http-proxy-middleware. The proxy reaches it over a socket of its own, as any host of a cluster, so that all that routes
 * can do works for these, too. Nothing of it is loaded before a route asks for it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Address } from '@sluice/kernel';
import type { Passthrough } from '@sluice/resources';
import type { PassthroughPeers } from '../compile-environment.ts';

/** As much of what the library makes as is used here. */
interface Middleware {
  (request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

interface Peer {
  readonly address: Address;
  readonly server: Server;
}

export class PassthroughServers implements PassthroughPeers {
  /** By the name of the cluster that stands for the target. */
  readonly #peers = new Map<string, Peer>();

  open(settings: Passthrough): string {
    const { target, changeOrigin, verifiesCertificate } = settings;
    const name = `passthrough ${target}${changeOrigin ? ' change_origin' : ''}${verifiesCertificate ? '' : ' unverified'}`;
    if (!this.#peers.has(name)) this.#peers.set(name, startPeer(settings));
    return name;
  }

  get addresses(): ReadonlyMap<string, Address> {
    return new Map([...this.#peers].map(([name, { address }]) => [name, address]));
  }

  close(): void {
    for (const { server } of this.#peers.values()) {
      server.close();
      server.closeAllConnections();
    }
    this.#peers.clear();
  }
}

function startPeer(settings: Passthrough): Peer {
  const { createServer } = process.getBuiltinModule('node:http');
  const middleware = loadMiddleware(settings);
  // A development server sends large cookies; the connection manager has looked at the head before.
  const server = createServer({ maxHeaderSize: 64 * 1024, keepAliveTimeout: 0, requestTimeout: 0, noDelay: true }, (request, response) => {
    middleware.then((serve) => serve(request, response)).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    middleware.then((serve) => serve.upgrade(request, socket, head)).catch(() => socket.destroy());
  });
  const address = freshAddress();
  server.listen({ path: address.path });
  // It ends with the proxy, and keeps no process alive.
  server.unref();
  return { address, server };
}

async function loadMiddleware({ target, changeOrigin, verifiesCertificate }: Passthrough): Promise<Middleware> {
  const { createProxyMiddleware } = await import('http-proxy-middleware');
  return createProxyMiddleware({
    target,
    changeOrigin,
    secure: verifiesCertificate,
    // `x-forwarded-*` has been written by the connection manager.
    xfwd: false,
    on: { error: (error, _request, response) => refuse(error, response as ServerResponse | Duplex) },
  }) as Middleware;
}

/** In the words of the proxy's own answers. A response that has begun is cut, so that nobody takes it for whole. */
function refuse(error: Error, response: ServerResponse | Duplex): void {
  if (!('writeHead' in response) || response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(502, { 'content-type': 'text/plain', connection: 'close' });
  response.end(`passthrough target does not answer: ${(error as NodeJS.ErrnoException).code ?? error.message}`);
}

/** A name of Linux' own, which is no file and goes with its socket; elsewhere a file of this process' own. */
function freshAddress(): Address {
  const { randomUUID } = process.getBuiltinModule('node:crypto');
  const name = `sluice-passthrough-${process.pid}-${randomUUID()}`;
  const { tmpdir } = process.getBuiltinModule('node:os');
  return { host: '', port: 0, path: process.platform === 'linux' ? `\0${name}` : `${tmpdir()}/${name}.sock` };
}
