/** The server on a socket: HTTP/1.1 on node:http, which is all that clients on the same machine need, or on node:https for pods. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ApiServer } from './api-server.ts';
import type { ApiRequest, ApiResponse, BreakOff, TextStream } from './exchange.ts';
import { breakingAfter } from './faults/broken-bytes.ts';

/**
 * How much may wait for one slow reader of a watch or a log, in bytes. Default 16 MiB (chosen: a list of
 * every object twice over). Past it the connection is cut and the client watches anew.
 */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;

/** How long an idle connection is kept, in ms (chosen: longer than the pauses of our controllers, so that a cold start meets open ones). */
const KEEP_ALIVE_MS = 75_000;

export interface ServeOptions {
  /** Default 127.0.0.1: there is no authentication. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** In PEM. Absent: without TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export interface ServedApiServer {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Stops listening and cuts open connections. The server behind it goes on. */
  close(): Promise<void>;
}

/** @throws the system's error when the address cannot be bound */
export async function serveApiServer(server: ApiServer, options: ServeOptions = {}): Promise<ServedApiServer> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => void exchange(server, request, response);
  const { tls } = options;
  const http = tls ? createTlsServer({ keepAlive: true, cert: tls.certificate, key: tls.key }, onRequest) : createServer({ keepAlive: true }, onRequest);
  // Watches are silent for as long as nothing happens.
  http.requestTimeout = 0;
  http.keepAliveTimeout = KEEP_ALIVE_MS;
  const host = options.host ?? '127.0.0.1';
  await listen(http, options.port ?? 0, host);
  const { port } = http.address() as AddressInfo;
  return {
    host,
    port,
    url: `http${tls ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function listen(http: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => {
      http.off('error', reject);
      resolve();
    });
  });
}

async function exchange(server: ApiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // An aborted exchange has nobody left to tell.
  response.on('error', () => {});
  let body: Uint8Array | undefined;
  try {
    body = await readBody(request, server.limits.bodyBytesMax);
  } catch {
    response.destroy();
    return;
  }
  const answer = await server.handle(toApiRequest(request, body));
  if (response.destroyed) {
    if (answer.body.kind === 'stream') answer.body.stream.close();
    return;
  }
  send(answer, request, response);
}

function send(answer: ApiResponse, request: IncomingMessage, response: ServerResponse): void {
  const headers = { ...answer.headers };
  // Header values are bytes, and these are read as UTF-8.
  if (headers['warning'] !== undefined) headers['warning'] = Buffer.from(headers['warning'], 'utf8').toString('latin1');
  if (answer.breakOff) {
    sendBroken(answer, answer.breakOff, response);
    return;
  }
  if (answer.body.kind === 'stream') {
    response.writeHead(answer.status, headers);
    response.flushHeaders();
    pump(answer.body.stream, response);
    return;
  }
  const bytes = Buffer.from(answer.body.text);
  if (answer.status !== 304) headers['content-length'] = String(bytes.length);
  response.writeHead(answer.status, headers);
  response.end(request.method === 'HEAD' || answer.status === 304 ? undefined : bytes);
}

/** What fault switches do to an answer; whatever its body is, its end never comes in order. */
function sendBroken({ status, headers, body }: ApiResponse, breakOff: BreakOff, response: ServerResponse): void {
  response.writeHead(status, headers);
  response.flushHeaders();
  const take = breakingAfter(breakOff, {
    write: (bytes) => response.write(bytes),
    // Not before what was written has gone out.
    cut: () => response.write('', () => response.destroy()),
  });
  if (body.kind === 'text') {
    take(Buffer.from(body.text));
    return;
  }
  const { stream } = body;
  response.on('close', () => stream.close());
  take(new Uint8Array());
  stream.listen({ onText: (text) => void take(Buffer.from(text)), onEnd: () => {} });
}

function pump(stream: TextStream, response: ServerResponse): void {
  response.on('close', () => stream.close());
  stream.listen({
    onText(text) {
      response.write(text);
      if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
    },
    onEnd: () => response.end(),
  });
}

/** Reads on past the limit by one piece at most; the server says the rest. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Kept up to just past the limit, so that the server sees that it was passed; the rest is drained.
    if (bytes - piece.length <= bytesMax) pieces.push(piece);
  }
  return pieces.length === 0 ? undefined : Buffer.concat(pieces);
}

function toApiRequest(request: IncomingMessage, body: Uint8Array | undefined): ApiRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { method: request.method ?? 'GET', path: request.url ?? '/', headers, ...(body ? { body } : {}) };
}
