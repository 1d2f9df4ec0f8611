/**
 * The admin interface on a socket. It stands on `node:http`, which is loaded when a server is started: a proxy
 * without an admin server does not pay for it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '@sluice/kernel';
import type { Admin } from './admin.ts';

export interface AdminServer {
  /** The address really bound. */
  readonly address: Address;
  stop(): Promise<void>;
}

/** Fails when the address cannot be bound. */
export async function startAdminServer(admin: Admin, address: Address): Promise<AdminServer> {
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    answer(admin, request, response).catch(() => response.destroy());
  });
  // Nothing sends a body or a long head here.
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  await listen(server, address);
  return { address: boundAddress(server, address), stop: () => close(server) };
}

async function answer(admin: Admin, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, contentType, body } = await admin.handle({ method: request.method ?? 'GET', target: request.url ?? '/' });
  request.resume();
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(body),
    ...(status === 405 ? { allow: request.method === 'POST' ? 'GET, HEAD' : 'POST' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, { host, port, path }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path === undefined ? { host, port } : { path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function boundAddress(server: Server, wanted: Address): Address {
  if (wanted.path !== undefined) return wanted;
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
