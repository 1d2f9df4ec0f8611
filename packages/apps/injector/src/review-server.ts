/** The reviews on a socket: HTTPS with TLS 1.3, whose certificate may be exchanged while it serves. Plain HTTP/1.1, as Knative's webhooks have it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger, Meter, Timers } from '@sluice/kernel';
import { answerReview, readReview, type Reviewer } from './reviews/admission-review.ts';

/** As controller-runtime's webhooks: an update carries two objects of 3 MiB. In bytes. */
const bodyBytesMax = 7 * 1024 * 1024;

export interface ReviewServerOptions {
  readonly host: string;
  readonly port: number;
  /** By path. */
  readonly reviewers: Readonly<Record<string, Reviewer>>;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface ReviewServer {
  readonly port: number;
  /** Of connections from now on; those that stand go on. Before the first, nobody gets through. */
  use(pair: { readonly certificate: string; readonly key: string }): void;
  /** Goes on answering for `graceMs`, until API servers have heard that it leaves, asking them to come anew; then ends. */
  drain(graceMs: number): Promise<void>;
}

/** Rejects when the port cannot be had. */
export async function startReviewServer(options: ReviewServerOptions): Promise<ReviewServer> {
  const { reviewers, logger, meter, timers } = options;
  const sockets = new Set<Socket>();
  let isDraining = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isDraining) response.setHeader('connection', 'close');
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const reviewer = Object.hasOwn(reviewers, path) ? reviewers[path] : undefined;
    const count = (result: string): void => meter.counter('sluice_admission_reviews_total', 'Reviews answered.', { path: reviewer ? path : 'none', result }).add(1);
    if (!reviewer || request.method !== 'POST') {
      count('not-found');
      response.writeHead(reviewer ? 405 : 404).end();
      return;
    }
    const text = await readBody(request);
    const asked = text === undefined ? undefined : readReview(text);
    if (!asked) {
      count('unreadable');
      response.writeHead(text === undefined ? 413 : 400, { 'content-type': 'text/plain' }).end('not an AdmissionReview of admission.k8s.io/v1\n');
      return;
    }
    const decision = await reviewer(asked);
    count(decision.kind);
    logger.debug('review', { path, kind: asked.kind.kind, namespace: asked.namespace, name: asked.name, operation: asked.operation, result: decision.kind });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerReview(asked, decision)));
  }

  const server = createServer({ minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      meter.counter('sluice_admission_reviews_total', 'Reviews answered.', { path: 'none', result: 'failed' }).add(1);
      logger.error('review failed', { path: request.url, error });
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await listen(server, options.port, options.host);
  return {
    port: (server.address() as AddressInfo).port,
    use({ certificate: cert, key }) {
      server.setSecureContext({ cert, key, minVersion: 'TLSv1.3' });
    },
    async drain(graceMs) {
      isDraining = true;
      await new Promise<void>((resolve) => timers.after(graceMs, resolve));
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // Answers take milliseconds; whoever is still there after another second is not listening.
        timers.after(1000, () => sockets.forEach((socket) => socket.destroy()));
      });
    },
  };
}

/** Undefined when it is longer than allowed; the rest is then read and forgotten. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= bodyBytesMax) pieces.push(piece);
  }
  return bytes <= bodyBytesMax ? Buffer.concat(pieces).toString('utf8') : undefined;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // A client that fails at TLS is told so there; nothing of it is this server's trouble.
      server.on('tlsClientError', () => {});
      resolve();
    });
  });
}
